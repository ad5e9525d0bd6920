import type { Deployment, Json, JsonObject, Resource, Stack } from './deployment.ts';
import { resolve } from './resolve.ts';

export interface Statement {
  Effect: string;
  Action: string | string[];
  Resource: string | string[];
  Principal?: Json;
  Condition?: JsonObject;
}

export interface Policy {
  Version: string;
  Statement: Statement[];
}

export const list = (value: string | string[]): string[] => (Array.isArray(value) ? value : [value]);

/** Returns the roles of a stack with the statements of their policies. References are resolved. */
export function roles(deployment: Deployment, stack: Stack): { id: string; statements: Statement[] }[] {
  return stack.resources
    .filter((resource) => resource.type === 'AWS::IAM::Role')
    .map(({ id, properties }) => {
      const attached = stack.resources.filter(
        (policy) =>
          policy.type === 'AWS::IAM::Policy' && JSON.stringify(policy.properties.Roles).includes(`"${id}"`),
      );
      const inline = ((properties.Policies ?? []) as JsonObject[]).map(
        (policy) => policy.PolicyDocument ?? null,
      );
      const documents = [...inline, ...attached.map((policy) => policy.properties.PolicyDocument ?? null)];
      return {
        id,
        statements: documents.flatMap((document) => policy(deployment, stack, document).Statement),
      };
    });
}

/** Returns the statements of one role, which is found by the beginning of its logical id. */
export function role(deployment: Deployment, stackName: string, id: string): Policy {
  const found = roles(deployment, deployment.stack(stackName)).filter((one) => one.id.startsWith(id));
  const [only] = found;
  if (!only || found.length > 1)
    throw new Error(`${found.length} roles of ${stackName} begin with ${id}: expected one`);
  return { Version: '2012-10-17', Statement: only.statements };
}

/** Returns every resource policy, by the ARN of its resource. */
export function resourcePolicies(deployment: Deployment): Map<string, Policy> {
  const policies = new Map<string, Policy>();
  const add = (arn: string, statements: Statement[]) => {
    const previous = policies.get(arn)?.Statement ?? [];
    policies.set(arn, { Version: '2012-10-17', Statement: [...previous, ...statements] });
  };
  for (const stack of deployment.stacks) {
    for (const resource of stack.resources) {
      const attached = attachedTo(deployment, stack, resource);
      if (attached) add(attached.arn, attached.statements);
    }
  }
  return policies;
}

function attachedTo(deployment: Deployment, stack: Stack, { id, type, properties }: Resource) {
  const text = (name: string) => String(resolve(deployment, stack, properties[name] ?? null));
  const statements = (name: string) => policy(deployment, stack, properties[name] ?? null).Statement;
  switch (type) {
    case 'AWS::S3::BucketPolicy':
      return { arn: `arn:aws:s3:::${text('Bucket')}`, statements: statements('PolicyDocument') };
    case 'AWS::S3::AccessPoint':
      if (!properties.Policy) return undefined;
      return {
        arn: String(resolve(deployment, stack, { 'Fn::GetAtt': [id, 'Arn'] })),
        statements: statements('Policy'),
      };
    case 'AWS::S3ObjectLambda::AccessPointPolicy': {
      const document = statements('PolicyDocument');
      return { arn: String(list(document[0]?.Resource ?? '')[0]), statements: document };
    }
    case 'AWS::Lambda::Permission':
      return { arn: text('FunctionName'), statements: [permission(deployment, stack, properties)] };
    default:
      return undefined;
  }
}

/** Returns the policy statement of a Lambda permission. */
function permission(deployment: Deployment, stack: Stack, properties: JsonObject): Statement {
  const text = (name: string) => String(resolve(deployment, stack, properties[name] ?? null));
  const condition: JsonObject = {};
  if (properties.SourceArn) condition.ArnLike = { 'aws:SourceArn': text('SourceArn') };
  if (properties.SourceAccount) condition.StringEquals = { 'aws:SourceAccount': text('SourceAccount') };
  if (properties.InvokedViaFunctionUrl) condition.Bool = { 'lambda:InvokedViaFunctionUrl': 'true' };
  return {
    Effect: 'Allow',
    Principal: { Service: text('Principal') },
    Action: text('Action'),
    Resource: text('FunctionName'),
    Condition: condition,
  };
}

function policy(deployment: Deployment, stack: Stack, document: Json): Policy {
  return resolve(deployment, stack, document) as unknown as Policy;
}
