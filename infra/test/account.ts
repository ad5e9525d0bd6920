import assert from 'node:assert/strict';
import { type Simulation, runSimulation } from '@cloud-copilot/iam-simulate';
import { Deployment } from './deployment.ts';
import { ACCOUNT, MODES } from './modes.ts';
import { type Policy, resourcePolicies, role } from './policies.ts';

/** Who calls: a role of the deployment, a service, or somebody else. */
export type Caller = { stack: string; role: string } | { service: string } | { arn: string };

export interface Call {
  what: string;
  action: string;
  resource: string;
  /** Policy that stands at the resource, if it is that of a part of it: a bucket's is asked for its objects. */
  at?: string;
  context?: Record<string, string | string[]>;
}

/** What is true of every call that is not said otherwise. */
const OVER_TLS = { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3' };

/** Decides as IAM does, given every policy of the deployment. */
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
      resources.find((one) => one.type === 'AWS::Lambda::Function' && one.id.startsWith(id))?.id ??
      assert.fail()
    );
  }

  async allows(caller: Caller, { action, resource, at, context = {} }: Call): Promise<boolean> {
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
      resourcePolicy: this.policies.get(at ?? resource),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    };
    const result = await runSimulation(known(simulation), {});
    assert.notEqual(result.resultType, 'error', `${action} ${resource}: ${JSON.stringify(result)}`);
    return 'overallResult' in result && result.overallResult === 'Allowed';
  }
}

/**
 * The simulator knows `s3:DataAccessPointArn` for objects of access points only, while S3 says it of what lies beneath
 * them too. Another key that is an ARN stands in for it, in policies and requests alike.
 */
function known(simulation: Simulation): Simulation {
  const text = JSON.stringify(simulation);
  return JSON.parse(text.replaceAll('s3:DataAccessPointArn', 'aws:SourceArn')) as Simulation;
}
