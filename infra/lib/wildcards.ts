import { Stack, Validations } from 'aws-cdk-lib';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';
import type { Construct } from 'constructs';

/**
 * Acknowledges the wildcards in a role or a policy to cdk-nag, with a reason.
 *
 * @param resources ARNs as written in the policy; those without a wildcard are skipped
 */
export function acknowledgeWildcards(scope: Construct, resources: string[], reason: string): void {
  for (const resource of resources) {
    const finding = flattenCfnReference(Stack.of(scope).resolve(resource));
    if (finding.includes('*')) {
      Validations.of(scope).acknowledge({ id: `AwsSolutions-IAM5[Resource::${finding}]`, reason });
    }
  }
}
