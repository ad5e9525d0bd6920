import {
  DeleteFunctionConcurrencyCommand,
  GetAccountSettingsCommand,
  GetFunctionConcurrencyCommand,
  type LambdaClient,
  PutFunctionConcurrencyCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-lambda';
import type { Config } from '../lib/config.ts';
import { Names } from '../lib/names.ts';

/** Executions that an account must leave unreserved (Lambda, "Configuring reserved concurrency"). */
const MIN_UNRESERVED = 100;

/** Returns the names of the functions that a deployment has. */
export function functionNames(config: Config): string[] {
  const names = new Names(config);
  return config.imageFrames ? [names.transform, names.frames] : [names.transform];
}

/**
 * Checks that the account's quota of concurrent executions allows what `config` reserves.
 *
 * @throws Error with the quota and what would fit.
 */
export async function checkQuota(client: LambdaClient, config: Config): Promise<void> {
  if (config.reservedConcurrency === 'none') return;
  const functions = functionNames(config);
  const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
  const unreserved = AccountLimit?.UnreservedConcurrentExecutions ?? 0;
  const own = await Promise.all(functions.map((name) => reserved(client, name)));
  const available = unreserved + own.reduce((sum, count) => sum + count, 0) - MIN_UNRESERVED;
  if (config.reservedConcurrency * functions.length <= available) return;
  const most = Math.floor(available / functions.length);
  const advice =
    most >= 1
      ? `set it to at most ${most}`
      : `set it to 'none', as the quota itself limits the cost, or ask AWS for a higher quota`;
  throw new Error(
    `reservedConcurrency: ${config.reservedConcurrency} for ${functions.length} functions exceeds the account's quota of ${AccountLimit?.ConcurrentExecutions ?? 0} concurrent executions, of which ${MIN_UNRESERVED} must stay unreserved: ${advice}`,
  );
}

/** Lets functions that the kill switch has stopped run again. */
export async function resume(client: LambdaClient, config: Config): Promise<void> {
  for (const FunctionName of functionNames(config)) {
    const ReservedConcurrentExecutions = config.reservedConcurrency;
    await (ReservedConcurrentExecutions === 'none'
      ? client.send(new DeleteFunctionConcurrencyCommand({ FunctionName }))
      : client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions })));
  }
}

/** Returns the executions that a function has reserved; 0 if it does not exist yet. */
async function reserved(client: LambdaClient, FunctionName: string): Promise<number> {
  try {
    const found = await client.send(new GetFunctionConcurrencyCommand({ FunctionName }));
    return found.ReservedConcurrentExecutions ?? 0;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return 0;
    throw error;
  }
}
