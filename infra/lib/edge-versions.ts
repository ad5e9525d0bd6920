import { readFileSync } from 'node:fs';
import { Aws, CustomResource, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { EdgeFunctionName } from './lambda-edge.ts';
import { EDGE_REGION, type Names } from './names.ts';

export interface EdgeVersionsProps {
  names: Names;
  functions: EdgeFunctionName[];
  /** Names of further parameters to read. */
  parameters?: string[];
}

/** CDK context key whose value differs at each deployment: `npm run deploy` sets it to the time. */
export const DEPLOYMENT = 'deployment';

/**
 * The current versions of edge functions and other values, read from SSM parameters in us-east-1 at each deployment.
 *
 * CloudFormation cannot read parameters of another region, so a custom resource reads them.
 */
export class EdgeVersions extends Construct {
  private readonly resource: CustomResource;
  private readonly names: Names;

  constructor(scope: Construct, id: string, { names, functions, parameters: more = [] }: EdgeVersionsProps) {
    super(scope, id);
    const parameters = [...functions.map((name) => names.versionParameter(name)), ...more];
    const logGroup = new LogGroup(this, 'Logs', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    role.addToPolicy(
      new PolicyStatement({
        actions: ['ssm:GetParameters'],
        resources: parameters.map(
          (name) => `arn:${Aws.PARTITION}:ssm:${EDGE_REGION}:${Aws.ACCOUNT_ID}:parameter${name}`,
        ),
      }),
    );
    const reader = new lambda.Function(this, 'Reader', {
      description: 'Reads parameters from us-east-1',
      runtime: lambda.Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: lambda.Code.fromInline(readFileSync(new URL('edge-versions-reader.js', import.meta.url), 'utf8')),
      timeout: Duration.seconds(30),
      role,
      logGroup,
    });
    this.resource = new CustomResource(this, 'Versions', {
      resourceType: 'Custom::EdgeVersions',
      serviceToken: reader.functionArn,
      serviceTimeout: Duration.minutes(2),
      properties: {
        Region: EDGE_REGION,
        Parameters: parameters,
        // CloudFormation calls the function again only if a property has changed.
        Deployment: String(this.node.tryGetContext(DEPLOYMENT) ?? ''),
      },
    });
    // If the role's policy were deleted first, the function could not handle the final Delete call.
    this.resource.node.addDependency(role);
    this.names = names;
  }

  version(name: EdgeFunctionName): lambda.IVersion {
    return lambda.Version.fromVersionArn(this, name, this.value(this.names.versionParameter(name)));
  }

  /** Returns the value of a parameter. */
  value(parameter: string): string {
    return this.resource.getAttString(parameter);
  }
}
