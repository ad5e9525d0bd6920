import { Duration } from 'aws-cdk-lib';
import { Dashboard, GraphWidget, type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { EDGE_REGION } from './names.ts';

/** Namespace of the metrics that the function writes itself. */
export const OWN_NAMESPACE = 'Safelight';

const FIVE_MINUTES = Duration.minutes(5);

/** Returns the metric of Lambda for server-side errors of a Function URL: `Errors` counts no response of status 500. */
export function url5xx(functionName: string): Metric {
  return new Metric({
    namespace: 'AWS/Lambda',
    metricName: 'Url5xxCount',
    dimensionsMap: { FunctionName: functionName },
    statistic: 'Sum',
    period: FIVE_MINUTES,
  });
}

/** Returns the number of errors of one kind, as the function counts them. */
export function errorsOfKind(functionName: string, kind: string): Metric {
  return new Metric({
    namespace: OWN_NAMESPACE,
    metricName: 'Errors',
    dimensionsMap: { FunctionName: functionName, Kind: kind },
    statistic: 'Sum',
    period: FIVE_MINUTES,
    label: kind,
  });
}

/** Returns the share of responses of a distribution with a status of 5xx, in percent. Only us-east-1 has it. */
export function rate5xx(distributionId: string): Metric {
  return ofDistribution(distributionId, '5xxErrorRate', 'Average');
}

function ofDistribution(distributionId: string, metricName: string, statistic: string): Metric {
  return new Metric({
    namespace: 'AWS/CloudFront',
    metricName,
    dimensionsMap: { DistributionId: distributionId, Region: 'Global' },
    statistic,
    period: FIVE_MINUTES,
    region: EDGE_REGION,
  });
}

function ofFunction(functionName: string, metricName: string, statistic: string): Metric {
  return new Metric({
    namespace: 'AWS/Lambda',
    metricName,
    dimensionsMap: { FunctionName: functionName },
    statistic,
    period: FIVE_MINUTES,
  });
}

/** Adds a dashboard of a distribution and of the function behind it. */
export function addDashboard(
  scope: Construct,
  { distributionId, functionName, hasUrl }: { distributionId: string; functionName: string; hasUrl: boolean },
): void {
  const graph = (title: string, ...left: IMetric[]) => new GraphWidget({ title, left, width: 12 });
  const errorsByKind = new MathExpression({
    expression: `SEARCH('{${OWN_NAMESPACE},FunctionName,Kind} MetricName="Errors" FunctionName="${functionName}"', 'Sum', 300)`,
    usingMetrics: {},
    label: '',
    period: FIVE_MINUTES,
  });
  new Dashboard(scope, 'Dashboard', {
    dashboardName: functionName,
    defaultInterval: Duration.days(1),
    widgets: [
      [
        graph('Requests', ofDistribution(distributionId, 'Requests', 'Sum')),
        graph(
          'Errors at CloudFront, in percent',
          rate5xx(distributionId),
          ofDistribution(distributionId, '4xxErrorRate', 'Average'),
        ),
      ],
      [
        graph(
          'Invocations',
          ofFunction(functionName, 'Invocations', 'Sum'),
          ofFunction(functionName, 'Throttles', 'Sum'),
          ...(hasUrl ? [url5xx(functionName)] : []),
        ),
        graph(
          'Duration in ms',
          ofFunction(functionName, 'Duration', 'p50'),
          ofFunction(functionName, 'Duration', 'p95'),
        ),
      ],
      [
        graph('Errors by kind', errorsByKind),
        graph('Concurrent executions', ofFunction(functionName, 'ConcurrentExecutions', 'Maximum')),
      ],
    ],
  });
}
