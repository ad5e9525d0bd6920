import { readFileSync } from 'node:fs';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** List prices of a GB-second in us-east-1, in USD, by processor. */
const USD_PER_GB_SECOND = { arm64: 0.0000133334, x86_64: 0.0000166667 };

export interface KillSwitchProps {
  function: lambda.Function;
  functionArn: string;
  architecture: keyof typeof USD_PER_GB_SECOND;
  memoryMb: number;
  /** Cost of a day, in USD, at which the function is stopped. */
  usdPerDay: number;
}

/**
 * Stops a function whose duration in one day would cost more than a limit: no invocations are accepted until an operator
 * runs `npm run resume`.
 */
export class KillSwitch extends Construct {
  readonly alarm: Alarm;

  constructor(scope: Construct, id: string, props: KillSwitchProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Logs', {
      retention: RetentionDays.ONE_YEAR,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    role.addToPolicy(
      new PolicyStatement({ actions: ['lambda:PutFunctionConcurrency'], resources: [props.functionArn] }),
    );
    const stop = new lambda.Function(this, 'Stop', {
      description: 'Stops a function that costs more than its limit',
      runtime: lambda.Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: lambda.Code.fromInline(readFileSync(new URL('kill-switch.js', import.meta.url), 'utf8')),
      environment: { FUNCTION: props.function.functionName },
      timeout: Duration.seconds(30),
      role,
      logGroup,
    });
    const usdPerMs = ((props.memoryMb / 1024) * USD_PER_GB_SECOND[props.architecture]) / 1000;
    this.alarm = new Alarm(this, 'Cost', {
      alarmDescription: `${props.function.node.path} costs more than ${props.usdPerDay} USD a day, and is stopped: npm run resume`,
      metric: new MathExpression({
        expression: `duration * ${usdPerMs.toFixed(14)}`,
        usingMetrics: {
          duration: props.function.metricDuration({ period: Duration.days(1), statistic: 'Sum' }),
        },
        label: 'USD a day',
        period: Duration.days(1),
      }),
      threshold: props.usdPerDay,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    this.alarm.addAlarmAction(new LambdaAction(stop));
  }
}
