import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { newestGlibc } from '../build/glibc.mjs';
import { OPEN } from './support/edge.mjs';
import { viewerEvent } from './support/events.mjs';

const BUILD = fileURLToPath(new URL('../build/build.mjs', import.meta.url));

/** Runs the build with this configuration and an addon, by default the one under test. */
function build(folder, config, { addon = process.env.SAFELIGHT_EDGE, out = 'out' } = {}) {
  writeFileSync(join(folder, 'edge.json'), JSON.stringify(config));
  const flags = ['--config', join(folder, 'edge.json'), '--out', join(folder, out), '--addon', addon];
  const { status, stdout, stderr } = spawnSync(process.execPath, [BUILD, ...flags], { encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

function scratch(t) {
  const folder = mkdtempSync(join(tmpdir(), 'safelight-edge-build-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('the built package runs', async (t) => {
  const folder = scratch(t);
  const { text } = build(folder, { ...OPEN, normalize: {} });
  // A debug build of the addon is too large for Lambda.
  assert.match(text, /out\.zip(: \d+ bytes| has \d+ bytes: the limit is 2000000)/);
  const names = ['config.json', 'index.mjs', 'key-set.mjs', 'safelight-edge.node'];
  assert.deepEqual(readdirSync(join(folder, 'out')).sort(), names);
  const { viewerRequest } = await import(pathToFileURL(join(folder, 'out', 'index.mjs')));
  assert.equal((await viewerRequest(viewerEvent({ querystring: 'w=07' }))).querystring, 'width=7');
});

test('the same content makes the same zip', (t) => {
  const folder = scratch(t);
  const hashes = ['one', 'two'].map((out) => {
    build(folder, OPEN, { out });
    return createHash('sha256')
      .update(readFileSync(join(folder, `${out}.zip`)))
      .digest('hex');
  });
  assert.equal(hashes[0], hashes[1]);
});

test('an error names the invalid setting', (t) => {
  const folder = scratch(t);
  const { status, text } = build(folder, { ...OPEN, normalize: { keys: ['colour'] } });
  assert.equal(status, 1);
  assert.match(text, /edge\.json: normalize\.keys\[0\]: must be one of .*showExif, .* not "colour"/);
});

test('an addon that Lambda cannot load is rejected', (t) => {
  const folder = scratch(t);
  const bytes = readFileSync(process.env.SAFELIGHT_EDGE);
  for (const [name, changed, message] of [
    [
      'mach',
      Buffer.from('\xcf\xfa\xed\xfe'.padEnd(64), 'latin1'),
      /not for Linux on x86-64: build with --zigbuild/,
    ],
    [
      'arm',
      Buffer.concat([bytes.subarray(0, 18), Buffer.from([183, 0]), bytes.subarray(20)]),
      /not for Linux on x86-64/,
    ],
    [
      'new',
      Buffer.concat([bytes, Buffer.from('\0GLIBC_2.35\0')]),
      /requires glibc 2\.35, but Lambda has 2\.34: build with --zigbuild/,
    ],
  ]) {
    writeFileSync(join(folder, name), changed);
    const { status, text } = build(folder, OPEN, { addon: join(folder, name) });
    assert.equal(status, 1);
    assert.match(text, message);
  }
});

test('glibc versions are compared as numbers', () => {
  const check = (text, expected) =>
    assert.deepEqual(newestGlibc(Buffer.from(text, 'latin1')), expected, text);
  check('', [0, 0]);
  check('\0GLIBC_PRIVATE\0GLIBC_2.2.5\0', [2, 2]);
  check('\0GLIBC_2.9\0GLIBC_2.34\0GLIBC_2.17\0', [2, 34]);
  check('\0GLIBC_3.0\0\xff\0GLIBC_2.34\0', [3, 0]);
  check('GLIBC_2.40 needs a table', [0, 0]);
});
