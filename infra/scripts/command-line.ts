import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Config, warnings } from '../lib/config.ts';
import { loadConfig } from '../lib/load-config.ts';

/** The folder of the stacks and the folder of the project. */
export const INFRA = fileURLToPath(new URL('..', import.meta.url));
export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

export interface CommandLine {
  config: Config;
  /** Arguments that pass the same configuration to the CDK app. */
  context: string[];
  /** The remaining arguments of the command line. */
  rest: string[];
}

/** Parses `[--config FILE] [REST …]`, prints warnings, and exits with status 2 if the configuration is invalid. */
export function commandLine(): CommandLine {
  try {
    const { values, tokens } = parseArgs({
      options: { config: { type: 'string' }, profile: { type: 'string' } },
      strict: false,
      tokens: true,
    });
    const path = typeof values.config === 'string' ? values.config : undefined;
    // The CDK takes the same option, which is passed on.
    if (typeof values.profile === 'string') process.env.AWS_PROFILE = values.profile;
    const ownIndexes = tokens.flatMap((token) =>
      token.kind === 'option' && token.name === 'config'
        ? [token.index, token.inlineValue ? -1 : token.index + 1]
        : [],
    );
    const rest = process.argv.slice(2).filter((_, index) => !ownIndexes.includes(index));
    const config = loadConfig(path);
    for (const warning of warnings(config)) console.warn(`\nWARNING  ${warning}\n`);
    return { config, context: path === undefined ? [] : ['--context', `config=${path}`], rest };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}

/** Runs a program in the foreground. If it fails, this process exits with the same status. */
export function run(program: string, args: string[], cwd = INFRA): void {
  console.log(`\n$ ${[program, ...args].join(' ')}`);
  const { status, error } = spawnSync(program, args, { cwd, stdio: 'inherit' });
  if (error) console.error(`cannot run ${program}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
