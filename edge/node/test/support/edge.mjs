/** The real handlers, in a folder as `build/build.mjs` makes it. */

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The addon to test: that of `cargo test -p safelight-edge-node`, or any other build of it. */
const ADDON = process.env.SAFELIGHT_EDGE;
if (!ADDON)
  throw new Error('SAFELIGHT_EDGE must name the addon; `cargo test -p safelight-edge-node` does that');

const source = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

const root = mkdtempSync(join(tmpdir(), 'safelight-edge-'));
process.once('exit', () => rmSync(root, { recursive: true }));

/** A folder with the handlers and this configuration; it goes when the process ends. */
export function folder(config) {
  const path = mkdtempSync(join(root, 'built-'));
  for (const name of ['index.mjs', 'key-set.mjs']) copyFileSync(source(name), join(path, name));
  copyFileSync(ADDON, join(path, 'safelight-edge.node'));
  writeFileSync(join(path, 'config.json'), JSON.stringify(config));
  return path;
}

/** The handlers by this configuration. */
export function load(config) {
  return import(pathToFileURL(join(folder(config), 'index.mjs')));
}

export const OPEN = { authorize: { mode: 'none' } };
