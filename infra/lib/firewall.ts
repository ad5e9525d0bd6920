import { Stack, type StackProps } from 'aws-cdk-lib';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';
import type { Names } from './names.ts';

/** The distributions that a firewall may protect. */
export type Protected = 'photos' | 'frames';

export interface FirewallProps extends StackProps {
  config: Config;
  names: Names;
}

/**
 * The firewalls, one for each distribution: CloudFront's flat-rate plans accept no shared one. They are in us-east-1, like
 * everything of CloudFront.
 */
export class FirewallStack extends Stack {
  constructor(scope: Construct, id: string, { config, names, ...props }: FirewallProps) {
    super(scope, id, props);
    for (const name of protectedDistributions(config)) {
      const limit = config.firewall === 'none' ? 0 : config.firewall.requestsPerTwoMinutes;
      const metrics = (metricName: string) => ({
        cloudWatchMetricsEnabled: true,
        metricName: `${config.prefix}-${name}-${metricName}`,
        sampledRequestsEnabled: true,
      });
      const acl = new CfnWebACL(this, name === 'photos' ? 'Photos' : 'Frames', {
        description: `Limits the requests of an address to ${config.prefix}: ${name}`,
        scope: 'CLOUDFRONT',
        defaultAction: { allow: {} },
        visibilityConfig: metrics('all'),
        rules: [
          {
            name: 'requests-by-address',
            priority: 0,
            action: { block: { customResponse: { responseCode: 429 } } },
            statement: {
              rateBasedStatement: { limit, evaluationWindowSec: 120, aggregateKeyType: 'IP' },
            },
            visibilityConfig: metrics('requests-by-address'),
          },
        ],
      });
      new StringParameter(this, `${name}Arn`, {
        parameterName: names.firewallParameter(name),
        description: `Firewall of the distribution of ${name}`,
        stringValue: acl.attrArn,
      });
    }
  }
}

/** Returns the distributions for which the stacks make a firewall. */
export function protectedDistributions(config: Config): Protected[] {
  if (config.firewall === 'none') return [];
  const own: Protected[] = config.webAclArn ? [] : ['photos'];
  return config.imageFrames && !config.imageFrames.webAclArn ? [...own, 'frames'] : own;
}
