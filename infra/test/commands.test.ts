import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withServer } from './loopback.ts';
import { DATA_STORE, REGION } from './modes.ts';

const INFRA = fileURLToPath(new URL('..', import.meta.url));

/** Runs a script with placeholder programs that log their arguments, in an account with this quota of executions. */
async function commands(script: string, config: object, more: string[], quota = 1000) {
  const folder = mkdtempSync(join(tmpdir(), 'safelight-'));
  const log = join(folder, 'log');
  for (const program of ['cargo', 'node', 'npx']) {
    const path = join(folder, program);
    writeFileSync(path, `#!/bin/sh\necho ${program} "$@" >> ${log}\n`);
    chmodSync(path, 0o755);
  }
  const path = join(folder, 'config.json');
  writeFileSync(path, JSON.stringify(config));
  const keys = 'aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n';
  writeFileSync(join(folder, 'credentials'), `[default]\n${keys}[work]\n${keys}`);
  try {
    return await withServer(emptyAccount(quota), async (endpoint) => {
      const environment = {
        PATH: `${folder}:/usr/bin:/bin`,
        AWS_ENDPOINT_URL: endpoint,
        AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
      };
      const program = ['--import', 'tsx', `scripts/${script}.ts`, '--config', path, ...more];
      const { stderr } = await promisify(execFile)(process.execPath, program, {
        cwd: INFRA,
        env: environment,
      });
      const lines = readFileSync(log, 'utf8').replaceAll(path, 'CONFIG').replaceAll(INFRA, '').trim();
      return { lines: lines.split('\n'), stderr };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** AWS without functions and stacks. */
function emptyAccount(ConcurrentExecutions: number): RequestListener {
  return ({ url = '' }, response) => {
    if (url.includes('account-settings')) {
      const AccountLimit = { ConcurrentExecutions, UnreservedConcurrentExecutions: ConcurrentExecutions };
      response.end(JSON.stringify({ AccountLimit }));
    } else if (url.endsWith('/concurrency')) {
      response.writeHead(404, { 'x-amzn-errortype': 'ResourceNotFoundException' }).end('{}');
    } else if (url.includes('functions')) {
      response.end('{"Functions": []}');
    } else {
      const error =
        '<Code>ValidationError</Code><Message>Stack with id safelight-storage does not exist</Message>';
      response
        .writeHead(400)
        .end(`<ErrorResponse><Error><Type>Sender</Type>${error}</Error></ErrorResponse>`);
    }
  };
}

const BOOTSTRAP =
  'cargo lambda build --release --skip-target-check --disable-optimizations --output-format zip --locked --arm64 -p safelight-lambda --bin bootstrap --lambda-dir build/lambda';
const edge = (name: string) =>
  `node edge/node/build/build.mjs --config build/${name}.json --out build/${name}`;

describe('deploy', () => {
  test('builds bootstrap and passes the other arguments to the CDK', async () => {
    const { lines } = await commands('deploy', { region: REGION }, ['--profile', 'work']);
    assert.equal(lines.length, 2);
    assert.equal(lines[0], BOOTSTRAP);
    assert.match(
      lines[1] ?? '',
      /^npx cdk deploy --all --context config=CONFIG --context deployment=\d{4}-\d\d-\d\dT[\d:.]+Z --profile work$/,
    );
  });

  test('prints warnings and builds the required functions at the edge', async () => {
    const config = {
      region: REGION,
      signing: 'edge',
      imageFrames: { dataStoreIds: [DATA_STORE], auth: { mode: 'none' } },
    };
    const { lines, stderr } = await commands('deploy', config, []);
    assert.deepEqual(lines.slice(0, 3), [BOOTSTRAP, edge('photos-edge'), edge('frames-edge')]);
    assert.match(stderr, /WARNING {2}imageFrames\.auth is none: ANYONE/);
    const embedded = JSON.parse(readFileSync(join(INFRA, 'build/frames-edge.json'), 'utf8')) as object;
    assert.deepEqual(Object.keys(embedded), ['authorize', 'normalize', 'sign']);
  });

  test('builds nothing if the quota of the account is too small', async () => {
    await assert.rejects(
      commands('deploy', { region: REGION }, [], 10),
      /reservedConcurrency: 20 .* quota of 10 concurrent executions/,
    );
  });

  test('builds nothing if the configuration is invalid', async () => {
    await assert.rejects(commands('deploy', { region: 'x' }, []), /region: must be the name of a region/);
  });
});

describe('destroy', () => {
  test('deletes the distributions first, then all stacks', async () => {
    const { lines } = await commands('destroy', { region: REGION }, ['--force']);
    const calls = lines.map((line) => line.replace(/--context \w+=\S+ /g, ''));
    assert.deepEqual(calls, ['npx cdk destroy --force safelight-cdn', 'npx cdk destroy --force --all']);
  });
});
