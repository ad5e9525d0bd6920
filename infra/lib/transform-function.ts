import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { requireArtifact } from './artifacts.ts';
import type { Auth, Config } from './config.ts';
import { errorsOfKind, url5xx } from './dashboard.ts';
import { KillSwitch } from './kill-switch.ts';

/** Maximum duration of a response of Object Lambda. */
export const OBJECT_LAMBDA_RESPONSE_TIME = Duration.minutes(1);

/**
 * Maximum duration of a response of a Function URL. CloudFront waits a minute for its beginning, and Lambda then takes
 * 97 s for the 200 MB that it sends at most: 6 MB at once, and 2 MB a second.
 */
export const URL_RESPONSE_TIME = Duration.minutes(2);

/** Duration in milliseconds that only one in twenty responses should exceed. */
const SLOW_MS = 20_000;

export interface TransformFunctionProps {
  config: Config;
  functionName: string;
  functionArn: string;
  description: string;
  /** Zip with `bootstrap`. */
  code: string;
  memoryMb: number;
  environment: Record<string, string>;
  /** The authorization of viewers in front of the function. */
  auth: Auth;
  /** Whether a Function URL invokes it. */
  hasUrl: boolean;
  /** Maximum duration of a response. */
  responseTime: Duration;
  /** Permissions in addition to writing its own log. */
  permissions: PolicyStatement[];
}

/** The program `bootstrap` as a Lambda function, with its own role, an append-only log group and alarms. */
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
      code: lambda.Code.fromAsset(requireArtifact(props.code)),
      architecture: config.architecture === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
      memorySize: props.memoryMb,
      timeout: props.responseTime,
      role: this.role,
      logGroup,
      environment: {
        ...config.settings,
        ...exifSetting(config, props.auth),
        // Every viewer asks CloudFront again, which checks the token before its cache.
        ...(props.auth.mode === 'none' ? {} : { SAFELIGHT_CHECKED_BY_CDN: 'true' }),
        ...props.environment,
      },
      ...(config.reservedConcurrency === 'none'
        ? {}
        : { reservedConcurrentExecutions: config.reservedConcurrency }),
    });
    if (config.killSwitch !== 'none') {
      const { alarm } = new KillSwitch(this, 'KillSwitch', {
        function: this.function,
        functionArn: props.functionArn,
        architecture: config.architecture,
        memoryMb: props.memoryMb,
        usdPerDay: config.killSwitch.usdPerDay,
      });
      this.notify(alarm, config);
    }

    const period = Duration.minutes(5);
    this.alarm('Errors', 'has errors', this.function.metricErrors({ period }), config);
    this.alarm('Throttles', 'is throttled', this.function.metricThrottles({ period }), config);
    this.alarm('Internal', 'has defects', errorsOfKind(functionName, 'internal'), config);
    this.alarm('Upstream', 'cannot read its source', errorsOfKind(functionName, 'upstream'), config, {
      threshold: 5,
    });
    const p95 = this.function.metricDuration({ period, statistic: 'p95' });
    this.alarm('Slow', 'is slow', p95, config, { threshold: SLOW_MS, evaluationPeriods: 3 });
    if (props.hasUrl)
      this.alarm('Url5xx', 'responds with errors', url5xx(functionName), config, { threshold: 5 });
  }

  private alarm(
    id: string,
    what: string,
    metric: Metric,
    config: Config,
    { threshold = 1, evaluationPeriods = 1 }: { threshold?: number; evaluationPeriods?: number } = {},
  ) {
    const alarm = new Alarm(this, id, {
      alarmDescription: `${this.function.node.path} ${what}`,
      metric,
      threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    this.notify(alarm, config);
  }

  private notify(alarm: Alarm, { alarmTopicArn }: Config) {
    if (!alarmTopicArn) return;
    alarm.addAlarmAction(new SnsAction(Topic.fromTopicArn(alarm, 'Topic', alarmTopicArn)));
  }
}

/** Returns the setting for the EXIF that is shown: the edge asks for all only for viewers whose token has the scope. */
function exifSetting({ exif }: Config, auth: Auth): Record<string, string> {
  if (exif === 'all') return { SAFELIGHT_EXIF: 'all' };
  return auth.mode !== 'none' && auth.exifScopes ? { SAFELIGHT_EXIF: 'edge' } : {};
}
