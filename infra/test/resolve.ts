import type { Deployment, Json, JsonObject, Resource, Stack } from './deployment.ts';
import { ACCOUNT } from './modes.ts';

/** Properties that contain the physical name of a resource. */
const PHYSICAL_NAMES = ['FunctionName', 'BucketName', 'LogGroupName', 'RoleName', 'Name'];

/** Resolves the references in a value of the template of `stack` to the values that they would have when deployed. */
export function resolve(deployment: Deployment, stack: Stack, value: Json): Json {
  if (Array.isArray(value)) return value.map((one) => resolve(deployment, stack, one));
  if (value === null || typeof value !== 'object') return value;
  const [[key, argument] = ['', null], ...more] = Object.entries(value);
  const text = (json: Json) => String(resolve(deployment, stack, json));
  if (more.length === 0) {
    switch (key) {
      case 'Ref':
        return reference(deployment, stack, String(argument));
      case 'Fn::GetAtt': {
        const [id, attribute] = argument as [string, string];
        return attributeOf(deployment, stack, find(stack, id), attribute);
      }
      case 'Fn::Join': {
        const [separator, parts] = argument as [string, Json[]];
        return parts.map(text).join(separator);
      }
      case 'Fn::Select': {
        const [index, list] = argument as [number, Json];
        return (resolve(deployment, stack, list) as Json[])[index] ?? '';
      }
      case 'Fn::Split': {
        const [separator, whole] = argument as [string, Json];
        return text(whole).split(separator);
      }
      case 'Fn::ImportValue':
        return imported(deployment, String(argument));
    }
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, resolve(deployment, stack, one)]),
  );
}

function reference(deployment: Deployment, stack: Stack, id: string): Json {
  const pseudo: Record<string, string> = {
    'AWS::AccountId': ACCOUNT,
    'AWS::Partition': 'aws',
    'AWS::Region': stack.region,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  return pseudo[id] ?? physicalName(deployment, stack, find(stack, id));
}

function find(stack: Stack, id: string): Resource {
  const found = stack.resources.find((resource) => resource.id === id);
  if (!found) throw new Error(`stack ${stack.name} has no resource ${id}`);
  return found;
}

function physicalName(deployment: Deployment, stack: Stack, resource: Resource): string {
  const named = PHYSICAL_NAMES.map((name) => resource.properties[name]).find((name) => name !== undefined);
  return named === undefined ? resource.id : String(resolve(deployment, stack, named));
}

function attributeOf(deployment: Deployment, stack: Stack, resource: Resource, attribute: string): string {
  const name = physicalName(deployment, stack, resource);
  const here = (service: string, rest: string) => `arn:aws:${service}:${stack.region}:${ACCOUNT}:${rest}`;
  if (attribute === 'Arn' || attribute === 'FunctionArn' || attribute === 'TopicArn') {
    switch (resource.type) {
      case 'AWS::S3::Bucket':
        return `arn:aws:s3:::${name}`;
      case 'AWS::Lambda::Function':
        return here('lambda', `function:${name}`);
      case 'AWS::Lambda::Url':
        return String(resolve(deployment, stack, resource.properties.TargetFunctionArn ?? null));
      case 'AWS::Logs::LogGroup':
        return here('logs', `log-group:${name}:*`);
      case 'AWS::IAM::Role':
        return `arn:aws:iam::${ACCOUNT}:role/${name}`;
      case 'AWS::S3::AccessPoint':
        return here('s3', `accesspoint/${name}`);
      case 'AWS::S3ObjectLambda::AccessPoint':
        return here('s3-object-lambda', `accesspoint/${name}`);
    }
  }
  if (attribute === 'FunctionUrl') return `https://${name}.lambda-url.${stack.region}.on.aws/`;
  return `${name}.${attribute}`;
}

function imported(deployment: Deployment, name: string): Json {
  for (const stack of deployment.stacks) {
    const outputs = Object.values((stack.template.Outputs ?? {}) as Record<string, JsonObject>);
    const output = outputs.find((one) => (one.Export as JsonObject | undefined)?.Name === name);
    if (output) return resolve(deployment, stack, output.Value ?? null);
  }
  throw new Error(`no stack exports ${name}`);
}
