/** The real handlers, in a folder like the one that `build/build.mjs` creates. */

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Path of the addon under test: set by `cargo test -p safelight-edge-node`, or by hand. */
const ADDON = process.env.SAFELIGHT_EDGE;
if (!ADDON)
  throw new Error('SAFELIGHT_EDGE is not set: expected the path of the addon; `cargo test -p safelight-edge-node` sets it');

const source = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

const root = mkdtempSync(join(tmpdir(), 'safelight-edge-'));
process.once('exit', () => rmSync(root, { recursive: true }));

/** Creates a folder with the handlers and this configuration. It is deleted when the process ends. */
export function folder(config) {
  const path = mkdtempSync(join(root, 'built-'));
  for (const name of ['index.mjs', 'key-set.mjs']) copyFileSync(source(name), join(path, name));
  copyFileSync(ADDON, join(path, 'safelight-edge.node'));
  writeFileSync(join(path, 'config.json'), JSON.stringify(config));
  return path;
}

/** Loads the handlers with this configuration. */
export function load(config) {
  return import(pathToFileURL(join(folder(config), 'index.mjs')));
}

export const OPEN = { authorize: { mode: 'none' } };
