/**
 * Builds the package for Lambda@Edge, as a folder and as a zip:
 *
 *     node edge/node/build/build.mjs --config FILE.json --out DIR [--zigbuild] [--addon FILE]
 */

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { newestGlibc } from './glibc.mjs';

/** The glibc version of Amazon Linux 2023, on which Lambda runs Node.js. */
const GLIBC = [2, 34];

const MAX_ZIP_BYTES = 2_000_000;

/** The only platform of Lambda@Edge. */
const TARGET = 'x86_64-unknown-linux-gnu';

const here = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));

function main() {
  const { config, out, zigbuild, addon } = parseArgs({
    options: {
      config: { type: 'string' },
      out: { type: 'string' },
      zigbuild: { type: 'boolean', default: false },
      addon: { type: 'string' },
    },
  }).values;
  if (!config || !out) fail('missing option: expected --config FILE.json and --out DIR');

  if (!existsSync(config)) fail(`cannot read ${config}: expected a configuration in JSON`);
  const text = readFileSync(config, 'utf8');
  const built = addon ? resolve(addon) : build(zigbuild);
  checkPlatform(built);
  const folder = resolve(out);
  mkdirSync(folder, { recursive: true });
  for (const name of ['index.mjs', 'key-set.mjs']) copyFileSync(here(name), join(folder, name));
  copyFileSync(built, join(folder, 'safelight-edge.node'));
  checkConfig(text, join(folder, 'safelight-edge.node'), config);
  writeFileSync(join(folder, 'config.json'), `${JSON.stringify(JSON.parse(text))}\n`);
  zip(folder);
}

/** Builds the addon with cargo and returns its path. */
function build(zigbuild, profile = 'edge') {
  const program = zigbuild ? 'cargo-zigbuild' : 'cargo';
  const target = zigbuild ? ['--target', `${TARGET}.${GLIBC.join('.')}`] : [];
  // Only as a cdylib: cargo applies no link-time optimisation to a crate that is also built as a Rust library.
  const flags = ['rustc', '--locked', '--package', 'safelight-edge-node', '--lib', '--crate-type', 'cdylib'];
  flags.push('--profile', profile, '--message-format=json', ...target);
  const run = spawnSync(program, flags, {
    cwd: here('.'),
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (run.status !== 0) fail(`${program} failed${run.error ? `: ${run.error.message}` : ''}`);
  const messages = run.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  const files = messages.flatMap(({ target, filenames }) =>
    target?.name === 'safelight_edge_node' ? filenames : [],
  );
  return files.find((file) => /\.(so|dylib|dll)$/.test(file)) ?? fail('cargo succeeded but reported no addon (.so, .dylib or .dll)');
}

/** Checks that Lambda can load the addon. */
function checkPlatform(addon) {
  const bytes = readFileSync(addon);
  const build = `build with --zigbuild for ${TARGET} and glibc ${GLIBC.join('.')}`;
  // ELF, 64 bits, little-endian; the machine x86-64 (System V ABI, "ELF Header").
  const isX86 =
    bytes.subarray(0, 6).equals(Buffer.from('\x7fELF\x02\x01', 'latin1')) && bytes.readUInt16LE(18) === 62;
  if (!isX86) fail(`${addon} is not for Linux on x86-64: ${build}`);
  const [major, minor] = newestGlibc(bytes);
  if (major > GLIBC[0] || (major === GLIBC[0] && minor > GLIBC[1])) {
    fail(`${addon} requires glibc ${major}.${minor}, but Lambda has ${GLIBC.join('.')}: ${build}`);
  }
}

/** Checks the configuration with the addon. On other platforms than Lambda's, it builds one for this platform. */
function checkConfig(text, addon, name) {
  const { platform, arch } = process;
  const native = platform === 'linux' && arch === 'x64' ? addon : `${addon}.check.node`;
  if (native !== addon) copyFileSync(build(false, 'dev'), native);
  try {
    const { Edge } = createRequire(import.meta.url)(native);
    new Edge(text);
  } catch (error) {
    if (error.code !== 'config') throw error;
    fail(`${name}: ${error.message}`);
  } finally {
    if (native !== addon) rmSync(native);
  }
}

/** Zips the folder reproducibly: the same content always makes the same bytes. */
function zip(folder) {
  const names = ['config.json', 'index.mjs', 'key-set.mjs', 'safelight-edge.node'];
  const file = `${folder}.zip`;
  rmSync(file, { force: true });
  for (const name of names) {
    chmodSync(join(folder, name), 0o644);
    // The earliest date that the zip format supports.
    utimesSync(join(folder, name), new Date('1980-01-01T00:00:00Z'), new Date('1980-01-01T00:00:00Z'));
  }
  const { error, status, stderr } = spawnSync('python3', ['-m', 'zipfile', '-c', file, ...names], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
  });
  if (error || status !== 0) fail(`python3 could not create the zip: ${error?.message ?? stderr}`);
  const { size } = statSync(file);
  if (size > MAX_ZIP_BYTES) fail(`${file} has ${size} bytes: the limit is ${MAX_ZIP_BYTES}`);
  console.log(`${file}: ${size} bytes`);
}

function fail(message) {
  console.error(`build.mjs: ${message}`);
  process.exit(1);
}

main();
