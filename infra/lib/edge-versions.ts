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
}

/** CDK context that is another at each deployment: `npm run deploy` sets it to the time. */
export const DEPLOYMENT = 'deployment';

/**
 * The versions of edge functions, as the parameters in us-east-1 name them at the time of the deployment.
 *
 * CloudFormation cannot read a parameter of another region, so a function does.
 */
export class EdgeVersions extends Construct {
  private readonly resource: CustomResource;
  private readonly names: Names;

  constructor(scope: Construct, id: string, { names, functions }: EdgeVersionsProps) {
    super(scope, id);
    const parameters = functions.map((name) => names.versionParameter(name));
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
      description: 'Reads which versions of edge functions CloudFront is to run',
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
        // CloudFormation asks again only if a property is another.
        Deployment: String(this.node.tryGetContext(DEPLOYMENT) ?? ''),
      },
    });
    // Deleting the role's policy first would leave the last call without an answer.
    this.resource.node.addDependency(role);
    this.names = names;
  }

  version(name: EdgeFunctionName): lambda.IVersion {
    const arn = this.resource.getAttString(this.names.versionParameter(name));
    return lambda.Version.fromVersionArn(this, name, arn);
  }
}
