import { Stack, Validations } from 'aws-cdk-lib';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';
import type { Construct } from 'constructs';

/**
 * Says why a role or a policy names `resources` that end in a wildcard.
 *
 * @param resources ARNs as they stand in the policy; those without a wildcard need no reason
 */
export function acknowledgeWildcards(scope: Construct, resources: string[], reason: string): void {
  for (const resource of resources) {
    const finding = flattenCfnReference(Stack.of(scope).resolve(resource));
    if (finding.includes('*')) {
      Validations.of(scope).acknowledge({ id: `AwsSolutions-IAM5[Resource::${finding}]`, reason });
    }
  }
}
