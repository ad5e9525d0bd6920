import { readFileSync } from 'node:fs';
import { config as defaultConfig } from '../config.ts';
import { type Config, parseConfig } from './config.ts';

/**
 * Loads the configuration from the JSON file `path`, or from `config.ts` if `path` is undefined.
 *
 * @throws Error if the file cannot be read, or an error that lists every invalid key.
 */
export function loadConfig(path: string | undefined): Config {
  return parseConfig(path === undefined ? defaultConfig : readJson(path));
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot read the configuration ${path}: ${reason}`, { cause: error });
  }
}
