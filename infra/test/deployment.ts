import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { type ConfigInput, parseConfig } from '../lib/config.ts';
import { addStacks } from '../lib/stacks.ts';
import cdk from '../cdk.json' with { type: 'json' };
import { placeholderArtifacts } from './placeholder-artifacts.ts';

/** A JSON value of a template. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Returns the value at `path` in `json`; `undefined` if a part of the path is missing. */
export const valueAt = (json: Json | undefined, ...path: (string | number)[]): Json | undefined =>
  path.reduce<Json | undefined>((inner, key) => (inner as JsonObject | undefined)?.[key as never], json);

export interface Resource {
  id: string;
  type: string;
  properties: JsonObject;
  deletionPolicy: string | undefined;
  dependsOn: Json | undefined;
}

/** A synthesised stack. */
export interface Stack {
  name: string;
  region: string;
  template: JsonObject;
  resources: Resource[];
  dependsOn: string[];
}

/** The synthesised stacks of a configuration, named without prefix: `storage`, `lambda-edge`, `cdn`, `image-frames`. */
export class Deployment {
  readonly stacks: Stack[];

  constructor(input: ConfigInput, context: Record<string, string> = {}) {
    const config = parseConfig(input);
    const folder = mkdtempSync(join(tmpdir(), 'safelight-'));
    try {
      const app = new App({ context: { ...cdk.context, ...context }, outdir: join(folder, 'out') });
      addStacks(app, config, placeholderArtifacts(join(folder, 'placeholders')));
      Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
      this.stacks = app.synth().stacks.map(({ stackName, environment, template, dependencies }) => ({
        name: stackName.slice(config.prefix.length + 1),
        region: environment.region,
        template: template as JsonObject,
        resources: resources(template as JsonObject),
        dependsOn: dependencies.map((dependency) => dependency.id).filter((id) => !id.endsWith('.assets')),
      }));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  stack(name: string): Stack {
    const found = this.stacks.find((stack) => stack.name === name);
    if (!found) throw new Error(`missing stack ${name}`);
    return found;
  }

  has(name: string): boolean {
    return this.stacks.some((stack) => stack.name === name);
  }

  /** Returns all resources of one type. */
  all(type: string): Resource[] {
    return this.stacks.flatMap((stack) => stack.resources.filter((resource) => resource.type === type));
  }
}

function resources(template: JsonObject): Resource[] {
  const all = template.Resources as Record<string, { Type: string; Properties?: JsonObject } & JsonObject>;
  return Object.entries(all).map(([id, resource]) => ({
    id,
    type: resource.Type,
    properties: resource.Properties ?? {},
    deletionPolicy: resource.DeletionPolicy as string | undefined,
    dependsOn: resource.DependsOn,
  }));
}
