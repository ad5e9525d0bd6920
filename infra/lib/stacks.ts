import type { App, StackProps } from 'aws-cdk-lib';
import { Tags } from 'aws-cdk-lib';
import type { Artifacts } from './artifacts.ts';
import { CdnStack } from './cdn.ts';
import type { Config } from './config.ts';
import { photosNeedEdge } from './edge-config.ts';
import { FirewallStack, protectedDistributions } from './firewall.ts';
import { ImageFramesStack } from './image-frames.ts';
import { LambdaEdgeStack } from './lambda-edge.ts';
import { EDGE_REGION, Names } from './names.ts';
import { StorageStack } from './storage.ts';

/**
 * Adds the stacks of `config` to `app`, in the order of deployment.
 *
 * ```text
 * storage ──────┬──▶ cdn
 * lambda-edge ──┼──▶ cdn            (with signing or tokens at the edge)
 * firewall ─────┴──▶ image-frames   (with imageFrames)
 * ```
 */
export function addStacks(app: App, config: Config, artifacts: Artifacts): void {
  const names = new Names(config);
  const { account } = config;
  const main: StackProps = { env: { region: config.region, account } };
  const edge: StackProps = { env: { region: EDGE_REGION, account } };
  const code = artifacts.bootstrap;

  const storage = new StorageStack(app, names.stack('storage'), { ...main, config, names, code });
  const needsEdge = photosNeedEdge(config) || config.imageFrames !== undefined;
  const lambdaEdge = needsEdge
    ? new LambdaEdgeStack(app, names.stack('lambda-edge'), { ...edge, config, names, artifacts })
    : undefined;
  const firewall =
    protectedDistributions(config).length > 0
      ? new FirewallStack(app, names.stack('firewall'), { ...edge, config, names })
      : undefined;
  const cdn = new CdnStack(app, names.stack('cdn'), { ...main, config, names, storage });
  if (lambdaEdge && photosNeedEdge(config))
    cdn.addStackDependency(lambdaEdge, 'it reads the versions of the edge functions');
  if (firewall) cdn.addStackDependency(firewall, 'it reads the ARN of its firewall');

  if (config.imageFrames) {
    const frames = new ImageFramesStack(app, names.stack('image-frames'), {
      ...main,
      config,
      frames: config.imageFrames,
      names,
      code,
      logs: storage.logs,
    });
    if (lambdaEdge) frames.addStackDependency(lambdaEdge, 'it reads the versions of the edge functions');
    if (firewall) frames.addStackDependency(firewall, 'it reads the ARN of its firewall');
  }
  Tags.of(app).add('safelight:deployment', config.prefix);
}
