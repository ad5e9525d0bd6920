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

const MINUTE_MS = 60_000;

export interface RetryOptions {
  /** Milliseconds between two attempts. Defaults to five minutes. */
  pauseMs?: number;
  /** Maximum number of attempts. Defaults to 96, which is eight hours. */
  attempts?: number;
}

/** Returns the names of a deployment's functions at the edge, also after their stack is deleted. */
export async function edgeFunctions(client: LambdaClient, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const page of paginateListFunctions({ client }, {})) {
    for (const { FunctionArn, FunctionName, Description } of page.Functions ?? []) {
      // Avoids a request for each function of other projects.
      if (!Description?.startsWith('Safelight: ')) continue;
      const { Tags } = await client.send(new ListTagsCommand({ Resource: FunctionArn }));
      if (FunctionName !== undefined && Tags?.[EDGE_TAG] === prefix) names.push(FunctionName);
    }
  }
  return names;
}

/**
 * Deletes functions at the edge, and tries again until CloudFront has removed their replicas.
 *
 * @returns the names of the functions that remain after the last attempt
 */
export async function deleteEdgeFunctions(
  client: LambdaClient,
  names: string[],
  log: (line: string) => void,
  { pauseMs = 5 * MINUTE_MS, attempts = 96 }: RetryOptions = {},
): Promise<string[]> {
  let remaining = names;
  for (let attempt = 1; remaining.length > 0; attempt += 1) {
    const replicated: string[] = [];
    for (const name of remaining) {
      if (await tryDelete(client, name)) log(`deleted ${name}`);
      else replicated.push(name);
    }
    remaining = replicated;
    if (remaining.length === 0 || attempt === attempts) break;
    log(
      `${remaining.length} functions still have replicas; next attempt in ${pauseMs / MINUTE_MS} minutes (attempt ${attempt} of ${attempts})`,
    );
    await sleep(pauseMs);
  }
  return remaining;
}

/** Deletes a function. Returns false if it still has replicas. */
async function tryDelete(client: LambdaClient, name: string): Promise<boolean> {
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
