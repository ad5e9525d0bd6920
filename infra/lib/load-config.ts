import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'smol-toml';
import { config as defaultConfig } from '../config.ts';
import { type Config, parseConfig } from './config.ts';

const INFRA = fileURLToPath(new URL('..', import.meta.url));

/**
 * Loads the configuration from the JSON file `path`, or from `config.ts` if `path` is undefined. If its `service` is the
 * name of a TOML file, relative to that of the configuration, loads that too.
 *
 * @throws Error if a file cannot be read, or an error that lists every invalid key.
 */
export function loadConfig(path: string | undefined): Config {
  const input: unknown = path === undefined ? defaultConfig : read(path, JSON.parse);
  const { service } = (input ?? {}) as { service?: unknown };
  if (typeof service !== 'string') return parseConfig(input);
  const folder = path === undefined ? INFRA : dirname(resolve(path));
  return parseConfig({ ...(input as object), service: read(resolve(folder, service), parse) });
}

function read(path: string, parsed: (text: string) => unknown): unknown {
  try {
    return parsed(readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot read the configuration ${path}: ${reason}`, { cause: error });
  }
}
