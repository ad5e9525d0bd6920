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
import { type Artifacts, present } from './artifacts.ts';
import type { Config } from './config.ts';
import { photosNeedEdge } from './edge-config.ts';
import { EDGE_REGION, EDGE_TAG, type Names } from './names.ts';
import { BY_OBJECT_LAMBDA } from './object-lambda.ts';
import { acknowledgeWildcards } from './wildcards.ts';

/** Edge functions, by the names under which their versions are published. */
export type EdgeFunctionName = 'photos-viewer' | 'photos-origin' | 'frames-viewer' | 'frames-origin';

export interface LambdaEdgeProps extends StackProps {
  config: Config;
  names: Names;
  artifacts: Artifacts;
}

/**
 * The functions that CloudFront runs at its edges, each with a role of its own.
 *
 * They outlive the stack, since their replicas cannot be deleted for some hours: `npm run destroy` waits for that.
 */
export class LambdaEdgeStack extends Stack {
  private readonly names: Names;

  constructor(scope: Construct, id: string, props: LambdaEdgeProps) {
    super(scope, id, props);
    const { config, artifacts } = props;
    this.names = props.names;
    if (photosNeedEdge(config)) {
      this.edgeFunction('photos-viewer', artifacts.photosEdge, []);
    }
    if (config.signing === 'edge') {
      const behindUrl = config.photoOrigin === 'functionUrl';
      const mayAsk = behindUrl
        ? mayInvokeUrl(this.names.functionArn(this.names.transform))
        : mayAskObjectLambda(this.names);
      this.edgeFunction('photos-origin', artifacts.photosEdge, mayAsk);
    }
    if (config.imageFrames) {
      this.edgeFunction('frames-viewer', artifacts.framesEdge, []);
      this.edgeFunction(
        'frames-origin',
        artifacts.framesEdge,
        mayInvokeUrl(this.names.functionArn(this.names.frames)),
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
      // The newest that AWS names for Lambda@Edge; the addon is of Node-API, so it runs on any.
      runtime: lambda.Runtime.NODEJS_22_X,
      handler: isViewer ? 'index.viewerRequest' : 'index.originRequest',
      code: lambda.Code.fromAsset(present(code)),
      architecture: lambda.Architecture.X86_64,
      memorySize: 128,
      // Fetching a key set takes 3 s at most.
      timeout: Duration.seconds(5),
      role,
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    });
    edgeFunction.applyRemovalPolicy(RemovalPolicy.RETAIN);
    // By this `npm run destroy` finds it when the stack is gone.
    Tags.of(edgeFunction).add(EDGE_TAG, this.names.prefix);
    Validations.of(edgeFunction).acknowledge({
      id: 'AwsSolutions-L1',
      reason:
        'Lambda@Edge takes fewer runtimes than Lambda: Node.js 22 is the newest that its documentation names, and is maintained until 2027-04-30.',
    });

    const log = mayLog(edgeFunction);
    // Not a child of the role, on which the function depends: the policy names the function.
    const policy = new Policy(this, `${id}Policy`, { roles: [role], statements: [log, ...permissions] });
    acknowledgeWildcards(
      policy,
      log.resources,
      'A function at the edge logs in whichever region serves the viewer, so the region is a wildcard. The log group is the one of this very function.',
    );
    acknowledgeWildcards(
      policy,
      permissions.flatMap((statement) => statement.resources),
      'Pictures are read by keys that are not known beforehand. The wildcard begins inside one access point, for s3:GetObject alone, and only Object Lambda can use it on behalf of this role.',
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

function mayLog(edgeFunction: lambda.Function): PolicyStatement {
  const logGroup = `arn:${Aws.PARTITION}:logs:*:${Aws.ACCOUNT_ID}:log-group:/aws/lambda/${EDGE_REGION}.${edgeFunction.functionName}`;
  return new PolicyStatement({
    actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup, `${logGroup}:*`],
  });
}

/** A Function URL asks for both actions (since October 2025); neither lets the role invoke the function otherwise. */
function mayInvokeUrl(functionArn: string): PolicyStatement[] {
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

/** Object Lambda acts in its caller's name: reading the picture and invoking the function are his to be allowed. */
function mayAskObjectLambda(names: Names): PolicyStatement[] {
  return [
    new PolicyStatement({ actions: ['s3-object-lambda:GetObject'], resources: [names.objectLambdaArn] }),
    new PolicyStatement({
      actions: ['s3:GetObject'],
      resources: [`${names.accessPointArn}/object/${names.keys}`],
      conditions: BY_OBJECT_LAMBDA,
    }),
    new PolicyStatement({
      actions: ['lambda:InvokeFunction'],
      resources: [names.functionArn(names.transform)],
      conditions: BY_OBJECT_LAMBDA,
    }),
  ];
}
