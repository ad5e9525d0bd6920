import assert from 'node:assert/strict';
import { type Simulation, runSimulation } from '@cloud-copilot/iam-simulate';
import { Deployment } from './deployment.ts';
import { ACCOUNT, MODES } from './modes.ts';
import { type Policy, resourcePolicies, role } from './policies.ts';

/** The caller: a role of the deployment, an AWS service, or any other principal. */
export type Caller = { stack: string; role: string } | { service: string } | { arn: string };

export interface Call {
  what: string;
  action: string;
  resource: string;
  /** ARN of the resource with the policy, if it differs from `resource`: the policy of a bucket applies to its objects. */
  policyArn?: string;
  context?: Record<string, string | string[]>;
}

/** Default condition values of every call. */
const OVER_TLS = { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3' };

/** An AWS account with the policies of a deployment. It decides calls like IAM. */
export class Account {
  private readonly deployment: Deployment;
  private readonly policies: Map<string, Policy>;

  constructor(mode: string) {
    const found = MODES.find(({ name }) => name === mode) ?? assert.fail(mode);
    this.deployment = new Deployment(found.config);
    this.policies = resourcePolicies(this.deployment);
  }

  get bucket(): string {
    return (
      this.deployment.all('AWS::S3::Bucket').find(({ id }) => id.startsWith('Pictures'))?.id ?? assert.fail()
    );
  }

  distribution(stack: string): string {
    const { resources } = this.deployment.stack(stack);
    const { id } = resources.find(({ type }) => type === 'AWS::CloudFront::Distribution') ?? assert.fail();
    return `arn:aws:cloudfront::${ACCOUNT}:distribution/${id}`;
  }

  edgeFunction(id: string): string {
    const { resources } = this.deployment.stack('lambda-edge');
    return (
      resources.find(({ type, id: own }) => type === 'AWS::Lambda::Function' && own.startsWith(id))?.id ??
      assert.fail()
    );
  }

  async allows(caller: Caller, { action, resource, policyArn, context = {} }: Call): Promise<boolean> {
    const isRole = 'role' in caller;
    const principal = isRole
      ? `arn:aws:iam::${ACCOUNT}:role/${caller.role}`
      : 'service' in caller
        ? caller.service
        : caller.arn;
    const identityPolicies = isRole
      ? [{ name: caller.role, policy: role(this.deployment, caller.stack, caller.role) }]
      : [];
    const accountId = resource.split(':')[4] || ACCOUNT;
    const simulation: Simulation = {
      request: {
        principal,
        action,
        resource: { resource, accountId },
        contextVariables: { ...OVER_TLS, ...context },
      },
      identityPolicies,
      resourcePolicy: this.policies.get(policyArn ?? resource),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    };
    const result = await runSimulation(withSupportedKeys(simulation), {});
    assert.notEqual(result.resultType, 'error', `${action} ${resource}: ${JSON.stringify(result)}`);
    return 'overallResult' in result && result.overallResult === 'Allowed';
  }
}

/**
 * Replaces the condition key `s3:DataAccessPointArn`, in policies and requests, by another key with an ARN. The simulator
 * supports it only for objects of access points, but S3 also sets it for the objects of the underlying bucket.
 */
function withSupportedKeys(simulation: Simulation): Simulation {
  const text = JSON.stringify(simulation);
  return JSON.parse(text.replaceAll('s3:DataAccessPointArn', 'aws:SourceArn')) as Simulation;
}
