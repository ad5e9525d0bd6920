import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';

/** Returns the outputs of a deployed stack, by name; an empty object if the stack does not exist. */
export async function outputs(stack: string, region: string): Promise<Record<string, string>> {
  const client = new CloudFormationClient({ region });
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const pairs = Stacks?.[0]?.Outputs ?? [];
    return Object.fromEntries(
      pairs.map(({ OutputKey, OutputValue }) => [OutputKey ?? '', OutputValue ?? '']),
    );
  } catch (error) {
    // CloudFormation has no specific error code for a missing stack.
    if (error instanceof Error && error.message.includes('does not exist')) return {};
    throw error;
  }
}
