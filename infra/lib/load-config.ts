import { readFileSync } from 'node:fs';
import { config as written } from '../config.ts';
import { type Config, parseConfig } from './config.ts';

/**
 * The configuration in `config.ts` or, if `path` names one, in a JSON file of the same shape.
 *
 * @throws Error that names every key with a wrong value.
 */
export function loadConfig(path: string | undefined): Config {
  return parseConfig(path === undefined ? written : JSON.parse(readFileSync(path, 'utf8')));
}
