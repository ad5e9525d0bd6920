import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';

/** Outputs of a deployed stack, by name; none where there is no such stack. */
export async function outputs(stack: string, region: string): Promise<Record<string, string>> {
  const client = new CloudFormationClient({ region });
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const pairs = Stacks?.[0]?.Outputs ?? [];
    return Object.fromEntries(
      pairs.map(({ OutputKey, OutputValue }) => [OutputKey ?? '', OutputValue ?? '']),
    );
  } catch (error) {
    // CloudFormation has no error of its own for this.
    if (error instanceof Error && error.message.includes('does not exist')) return {};
    throw error;
  }
}
