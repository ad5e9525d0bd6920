// Synthesises every mode with the CDK CLI, offline and without credentials: `npm run synth:all [-- OUT_DIR]`.
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { MODES, type Mode } from '../test/modes.ts';
import { placeholderArtifacts } from '../test/placeholder-artifacts.ts';

const run = promisify(execFile);
const out = resolve(process.argv[2] ?? 'build/synth');
// Results of an earlier run must not be mistaken for those of this run.
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const placeholders = Object.entries(placeholderArtifacts(join(out, 'placeholders')));

const queue = [...MODES];
const failures: string[] = [];
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
console.log(`${MODES.length - failures.length} of ${MODES.length} modes synthesised into ${out}`);
process.exitCode = failures.length > 0 ? 1 : 0;

async function work() {
  for (let mode = queue.shift(); mode; mode = queue.shift()) await synth(mode);
}

async function synth({ name, config }: Mode) {
  const path = join(out, `${name}.json`);
  writeFileSync(path, JSON.stringify(config));
  const context = [['config', path], ...placeholders].flatMap(([key, value]) => [
    '--context',
    `${key}=${value}`,
  ]);
  const folder = join(out, name);
  try {
    await run(
      'npx',
      ['cdk', 'synth', '--quiet', '--no-notices', '--no-lookups', '--output', folder, ...context],
      // The caller may have credentials, but synthesis must work without them.
      { env: { PATH: process.env.PATH, HOME: out, AWS_EC2_METADATA_DISABLED: 'true' }, maxBuffer: 1 << 26 },
    );
    console.log(`ok      ${name}`);
  } catch (error) {
    failures.push(name);
    const { stdout = '', stderr = String(error) } = error as { stdout?: string; stderr?: string };
    console.error(`FAILED  ${name}\n${stdout}${stderr}`);
  }
}
