import { readFileSync } from 'node:fs';
import { config as defaultConfig } from '../config.ts';
import { type Config, parseConfig } from './config.ts';

/**
 * Loads the configuration from the JSON file `path`, or from `config.ts` if `path` is undefined.
 *
 * @throws Error that lists every invalid key.
 */
export function loadConfig(path: string | undefined): Config {
  return parseConfig(path === undefined ? defaultConfig : JSON.parse(readFileSync(path, 'utf8')));
}
