import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteFunctionCommand,
  InvalidParameterValueException,
  type LambdaClient,
  ListTagsCommand,
  ResourceConflictException,
  ResourceNotFoundException,
  paginateListFunctions,
} from '@aws-sdk/client-lambda';
import { EDGE_TAG } from '../lib/names.ts';

const MINUTE = 60_000;

export interface Waiting {
  /** Milliseconds between two attempts. Defaults to five minutes. */
  pause?: number;
  /** Attempts before it gives up. Defaults to those of eight hours. */
  attempts?: number;
}

/** Names of the functions that a deployment has left at the edge, whether or not their stack is there still. */
export async function edgeFunctions(client: LambdaClient, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const page of paginateListFunctions({ client }, {})) {
    for (const { FunctionArn, FunctionName, Description } of page.Functions ?? []) {
      // Spares the functions of others a question each.
      if (!Description?.startsWith('Safelight: ')) continue;
      const { Tags } = await client.send(new ListTagsCommand({ Resource: FunctionArn }));
      if (FunctionName !== undefined && Tags?.[EDGE_TAG] === prefix) names.push(FunctionName);
    }
  }
  return names;
}

/**
 * Deletes functions whose replicas CloudFront removes in its own time, trying again until it has.
 *
 * @returns names of those that are there still
 */
export async function deleteEdgeFunctions(
  client: LambdaClient,
  names: string[],
  say: (line: string) => void,
  { pause = 5 * MINUTE, attempts = 96 }: Waiting = {},
): Promise<string[]> {
  let left = names;
  for (let attempt = 1; left.length > 0; attempt += 1) {
    const still: string[] = [];
    for (const name of left) {
      if (await wasDeleted(client, name)) say(`deleted ${name}`);
      else still.push(name);
    }
    left = still;
    if (left.length === 0 || attempt === attempts) break;
    say(
      `${left.length} still replicated; next attempt in ${pause / MINUTE} minutes (${attempt} of ${attempts})`,
    );
    await sleep(pause);
  }
  return left;
}

async function wasDeleted(client: LambdaClient, name: string): Promise<boolean> {
  try {
    await client.send(new DeleteFunctionCommand({ FunctionName: name }));
    return true;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return true;
    const isReplicated =
      (error instanceof InvalidParameterValueException || error instanceof ResourceConflictException) &&
      error.message.includes('replicated function');
    if (isReplicated) return false;
    throw error;
  }
}
