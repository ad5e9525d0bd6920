import {
  Aws,
  CfnOutput,
  Duration,
  RemovalPolicy,
  Stack,
  type StackProps,
  Tags,
  Validations,
} from 'aws-cdk-lib';
import { CompositePrincipal, Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { type Artifacts, requireArtifact } from './artifacts.ts';
import type { Config } from './config.ts';
import { EDGE_REGION, EDGE_TAG, type Names } from './names.ts';
import { VIA_OBJECT_LAMBDA } from './object-lambda.ts';
import { acknowledgeWildcards } from './wildcards.ts';

/** Names of the edge functions, under which their versions are published in SSM. */
export type EdgeFunctionName = 'photos-viewer' | 'photos-origin' | 'frames-viewer' | 'frames-origin';

export interface LambdaEdgeProps extends StackProps {
  config: Config;
  names: Names;
  artifacts: Artifacts;
}

/**
 * The functions that CloudFront runs at its edge locations, each with its own role.
 *
 * The stack retains them when it is deleted, because their replicas cannot be deleted for some hours. `npm run destroy`
 * deletes them afterwards.
 */
export class LambdaEdgeStack extends Stack {
  private readonly names: Names;

  constructor(scope: Construct, id: string, props: LambdaEdgeProps) {
    super(scope, id, props);
    const { config, artifacts } = props;
    this.names = props.names;
    if (config.photoAuth.mode !== 'none') {
      this.edgeFunction('photos-viewer', artifacts.photosEdge, []);
    }
    if (config.signing === 'edge') {
      const hasFunctionUrl = config.photoOrigin === 'functionUrl';
      const permissions = hasFunctionUrl
        ? invokeUrlStatements(this.names.functionArn(this.names.transform))
        : objectLambdaStatements(this.names);
      this.edgeFunction('photos-origin', artifacts.photosEdge, permissions);
    }
    if (config.imageFrames) {
      this.edgeFunction('frames-viewer', artifacts.framesEdge, []);
      this.edgeFunction(
        'frames-origin',
        artifacts.framesEdge,
        invokeUrlStatements(this.names.functionArn(this.names.frames)),
      );
    }
  }

  private edgeFunction(name: EdgeFunctionName, code: string, permissions: PolicyStatement[]) {
    const isViewer = name.endsWith('-viewer');
    const id = name.replace(/(^|-)(.)/g, (_, __, letter: string) => letter.toUpperCase());
    const role = new Role(this, `${id}Role`, {
      assumedBy: new CompositePrincipal(
        new ServicePrincipal('lambda.amazonaws.com'),
        new ServicePrincipal('edgelambda.amazonaws.com'),
      ),
    });
    const edgeFunction = new lambda.Function(this, id, {
      description: isViewer
        ? 'Safelight: checks tokens and normalises queries'
        : 'Safelight: signs requests to the origin',
      // AWS documents no list of its own for Lambda@Edge, and its announcements end with this version. The addon uses
      // Node-API, so it runs on any version.
      runtime: lambda.Runtime.NODEJS_22_X,
      handler: isViewer ? 'index.viewerRequest' : 'index.originRequest',
      code: lambda.Code.fromAsset(requireArtifact(code)),
      architecture: lambda.Architecture.X86_64,
      memorySize: 128,
      // Fetching a key set takes at most 3 s.
      timeout: Duration.seconds(5),
      role,
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    });
    edgeFunction.applyRemovalPolicy(RemovalPolicy.RETAIN);
    // `npm run destroy` finds the function by this tag after the stack is deleted.
    Tags.of(edgeFunction).add(EDGE_TAG, this.names.prefix);
    Validations.of(edgeFunction).acknowledge({
      id: 'AwsSolutions-L1',
      reason:
        'Node.js 22 is the newest version that AWS has announced for Lambda@Edge. Lambda maintains it until 2027-04-30.',
    });

    const log = logStatement(edgeFunction);
    // A child of the role would cause a cycle: the function depends on the role, and the policy names the function.
    const policy = new Policy(this, `${id}Policy`, { roles: [role], statements: [log, ...permissions] });
    acknowledgeWildcards(
      policy,
      log.resources,
      'A function at the edge logs in the region that serves the viewer, so the region is a wildcard. The log group is limited to this function.',
    );
    acknowledgeWildcards(
      policy,
      permissions.flatMap((statement) => statement.resources),
      'Keys of images are unknown at deployment. The wildcard is limited to one access point and to s3:GetObject, and only Object Lambda can use it on behalf of this role.',
    );

    const parameterName = this.names.versionParameter(name);
    new StringParameter(this, `${id}Version`, {
      parameterName,
      description: `Version of ${name} that CloudFront runs`,
      stringValue: edgeFunction.currentVersion.functionArn,
    });
    new CfnOutput(this, `${id}Name`, {
      value: edgeFunction.functionName,
      description: `Edge function ${name}`,
    });
  }
}

function logStatement(edgeFunction: lambda.Function): PolicyStatement {
  const logGroup = `arn:${Aws.PARTITION}:logs:*:${Aws.ACCOUNT_ID}:log-group:/aws/lambda/${EDGE_REGION}.${edgeFunction.functionName}`;
  return new PolicyStatement({
    actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup, `${logGroup}:*`],
  });
}

/**
 * Returns the permissions to call a Function URL. Since October 2025 both actions are required. Neither lets the role
 * invoke the function in another way.
 */
function invokeUrlStatements(functionArn: string): PolicyStatement[] {
  return [
    new PolicyStatement({
      actions: ['lambda:InvokeFunctionUrl'],
      resources: [functionArn],
      conditions: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
    }),
    new PolicyStatement({
      actions: ['lambda:InvokeFunction'],
      resources: [functionArn],
      conditions: { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } },
    }),
  ];
}

/**
 * Returns the permissions to call Object Lambda. It acts on behalf of its caller, so the caller's role must be allowed
 * to read the image and to invoke the function.
 */
function objectLambdaStatements(names: Names): PolicyStatement[] {
  return [
    new PolicyStatement({ actions: ['s3-object-lambda:GetObject'], resources: [names.objectLambdaArn] }),
    new PolicyStatement({
      actions: ['s3:GetObject'],
      resources: [`${names.accessPointArn}/object/${names.keys}`],
      conditions: VIA_OBJECT_LAMBDA,
    }),
    new PolicyStatement({
      actions: ['lambda:InvokeFunction'],
      resources: [names.functionArn(names.transform)],
      conditions: VIA_OBJECT_LAMBDA,
    }),
  ];
}
