import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { present } from './artifacts.ts';
import type { Config } from './config.ts';

/** Longest answer: Object Lambda gives a minute, and so does CloudFront. */
export const LONGEST_ANSWER = Duration.minutes(1);

export interface TransformFunctionProps {
  config: Config;
  functionName: string;
  description: string;
  /** Zip with `bootstrap`. */
  code: string;
  memoryMb: number;
  environment: Record<string, string>;
  /** What it may do besides writing its own log. */
  permissions: PolicyStatement[];
}

/** `bootstrap` as a function, with a role of its own, a log group that it can only append to, and alarms. */
export class TransformFunction extends Construct {
  readonly function: lambda.Function;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: TransformFunctionProps) {
    super(scope, id);
    const { config, functionName } = props;

    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: config.logs.retentionDays,
      removalPolicy: config.removalPolicy === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(this.role);
    for (const statement of props.permissions) this.role.addToPolicy(statement);

    this.function = new lambda.Function(this, 'Function', {
      functionName,
      description: props.description,
      runtime: lambda.Runtime.PROVIDED_AL2023,
      handler: 'bootstrap',
      code: lambda.Code.fromAsset(present(props.code)),
      architecture: config.architecture === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
      memorySize: props.memoryMb,
      timeout: LONGEST_ANSWER,
      role: this.role,
      logGroup,
      environment: { ...config.settings, ...props.environment },
      reservedConcurrentExecutions: config.reservedConcurrency,
    });

    this.alarm('Errors', 'fails', this.function.metricErrors({ period: Duration.minutes(5) }), config);
    this.alarm(
      'Throttles',
      'is throttled',
      this.function.metricThrottles({ period: Duration.minutes(5) }),
      config,
    );
  }

  private alarm(id: string, what: string, metric: Metric, config: Config) {
    const alarm = new Alarm(this, id, {
      alarmDescription: `${this.function.node.path} ${what}`,
      metric,
      threshold: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    if (config.alarmTopicArn) {
      alarm.addAlarmAction(new SnsAction(Topic.fromTopicArn(this, `${id}Topic`, config.alarmTopicArn)));
    }
  }
}
