import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { parseConfig } from '../lib/config.ts';
import { bucketsToEmpty } from '../scripts/buckets.ts';
import { deleteEdgeFunctions, edgeFunctions } from '../scripts/edge-replicas.ts';
import { CREDENTIALS, withServer } from './loopback.ts';
import { REGION } from './modes.ts';

const pathOf = ({ url }: IncomingMessage) => decodeURIComponent(new URL(url ?? '', 'http://x').pathname);

describe('destroy', () => {
  test('finds only the edge functions of this deployment', async () => {
    const edge = { Description: 'Safelight: checks tokens and normalises queries' };
    const Functions = [
      { FunctionName: 'own', FunctionArn: 'arn:own', ...edge },
      { FunctionName: 'of-another', FunctionArn: 'arn:another', ...edge },
      { FunctionName: 'foreign', FunctionArn: 'arn:foreign', Description: 'payroll' },
    ];
    const requested: string[] = [];
    const respond: RequestListener = (request, response) => {
      const path = pathOf(request);
      requested.push(path);
      const deployment = path.endsWith('arn:own') ? 'photos' : 'photos-2';
      response.end(
        JSON.stringify(path.includes('/tags/') ? { Tags: { 'safelight:edge': deployment } } : { Functions }),
      );
    };
    await withServer(respond, async (endpoint) => {
      const client = new LambdaClient({ region: 'us-east-1', endpoint, credentials: CREDENTIALS });
      assert.deepEqual(await edgeFunctions(client, 'photos'), ['own']);
    });
    assert.ok(!requested.some((path) => path.includes('foreign')), requested.join());
  });

  test('tries again while functions have replicas, and counts missing functions as deleted', async () => {
    const attempts: Record<string, number> = {};
    const respond: RequestListener = (request, response) => {
      const name = pathOf(request).split('/').pop() ?? '';
      attempts[name] = (attempts[name] ?? 0) + 1;
      const reject = (status: number, type: string, Message: string) => {
        response.writeHead(status, { 'x-amzn-errortype': type }).end(JSON.stringify({ Message }));
      };
      if (name === 'gone') reject(404, 'ResourceNotFoundException', 'Function not found');
      else if (name === 'slow' && attempts[name] < 3) {
        reject(
          400,
          'InvalidParameterValueException',
          'Lambda was unable to delete it because it is a replicated function.',
        );
      } else response.writeHead(204).end();
    };
    await withServer(respond, async (endpoint) => {
      const client = new LambdaClient({ region: 'us-east-1', endpoint, credentials: CREDENTIALS });
      const lines: string[] = [];
      const log = (line: string) => lines.push(line);
      assert.deepEqual(
        await deleteEdgeFunctions(client, ['gone', 'slow', 'quick'], log, { pauseMs: 0, attempts: 5 }),
        [],
      );
      assert.deepEqual(attempts, { gone: 1, slow: 3, quick: 1 });
      assert.equal(lines.filter((line) => line.startsWith('deleted')).length, 3);

      attempts.slow = 0;
      assert.deepEqual(await deleteEdgeFunctions(client, ['slow'], log, { pauseMs: 0, attempts: 2 }), [
        'slow',
      ]);
    });
  });

  test('rethrows other errors', async () => {
    const respond: RequestListener = (_, response) => {
      response.writeHead(403, { 'x-amzn-errortype': 'AccessDeniedException' }).end('{"Message":"no"}');
    };
    await withServer(respond, async (endpoint) => {
      const client = new LambdaClient({ region: 'us-east-1', endpoint, credentials: CREDENTIALS });
      await assert.rejects(
        deleteEdgeFunctions(client, ['own'], () => undefined),
        /no/,
      );
    });
  });

  test('empties only the buckets that the stacks created', () => {
    const storage = { s3bucket: 'pictures', logbucket: 'logs' };
    const empty = (more: object) => bucketsToEmpty(parseConfig({ region: REGION, ...more }), storage);
    assert.deepEqual(empty({}), []);
    assert.deepEqual(empty({ removalPolicy: 'destroy' }), ['pictures', 'logs']);
    assert.deepEqual(empty({ removalPolicy: 'destroy', bucket: { name: 'pictures' } }), ['logs']);
    assert.deepEqual(empty({ removalPolicy: 'destroy', logs: { bucket: 'logs' } }), ['pictures']);
  });
});

describe('upload', () => {
  test('uploads only images, with their types, to the folder of the bucket', async () => {
    const put: string[] = [];
    const respond: RequestListener = (request, response) => {
      put.push(`${request.method ?? ''} ${pathOf(request)} ${request.headers['content-type'] ?? ''}`);
      request.resume().on('end', () => response.end());
    };
    const config = join(mkdtempSync(join(tmpdir(), 'safelight-')), 'config.json');
    writeFileSync(config, JSON.stringify({ region: REGION, bucket: { name: 'photos', folder: 'web' } }));
    const infra = fileURLToPath(new URL('..', import.meta.url));
    await withServer(respond, async (endpoint) => {
      const environment = {
        PATH: process.env.PATH,
        AWS_ENDPOINT_URL_S3: endpoint,
        AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      };
      const program = ['--import', 'tsx', 'scripts/upload.ts', '--config', config, '../images'];
      await promisify(execFile)(process.execPath, program, { cwd: infra, env: environment });
    });
    rmSync(join(config, '..'), { recursive: true });
    assert.ok(put.includes('PUT /photos/web/photo.jpg image/jpeg'), put.join('\n'));
    assert.ok(put.includes('PUT /photos/web/photo.avif image/avif'));
    assert.ok(
      put.length > 10 && put.every((line) => /^PUT \/photos\/web\/[\w-]+\.\w+ image\/[\w+]+$/.test(line)),
    );
  });
});
