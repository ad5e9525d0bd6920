import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, type RequestListener, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { parseConfig } from '../lib/config.ts';
import { bucketsToEmpty } from '../scripts/buckets.ts';
import { deleteEdgeFunctions, edgeFunctions } from '../scripts/edge-replicas.ts';
import { REGION } from './modes.ts';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };

/** Runs `use` beside a service on loopback that answers with `answer`. */
async function beside(answer: RequestListener, use: (endpoint: string) => Promise<void>) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const pathOf = ({ url }: IncomingMessage) => decodeURIComponent(new URL(url ?? '', 'http://x').pathname);

describe('destroy', () => {
  test('finds the edge functions of this deployment alone', async () => {
    const edge = { Description: 'Safelight: checks tokens and normalises queries' };
    const Functions = [
      { FunctionName: 'own', FunctionArn: 'arn:own', ...edge },
      { FunctionName: 'of-another', FunctionArn: 'arn:another', ...edge },
      { FunctionName: 'foreign', FunctionArn: 'arn:foreign', Description: 'payroll' },
    ];
    const asked: string[] = [];
    const answer: RequestListener = (request, response) => {
      const path = pathOf(request);
      asked.push(path);
      const deployment = path.endsWith('arn:own') ? 'photos' : 'photos-2';
      response.end(
        JSON.stringify(path.includes('/tags/') ? { Tags: { 'safelight:edge': deployment } } : { Functions }),
      );
    };
    await beside(answer, async (endpoint) => {
      const client = new LambdaClient({ region: 'us-east-1', endpoint, credentials });
      assert.deepEqual(await edgeFunctions(client, 'photos'), ['own']);
    });
    assert.ok(!asked.some((path) => path.includes('foreign')), asked.join());
  });

  test('tries again while functions are replicated, and takes what is gone for deleted', async () => {
    const attempts: Record<string, number> = {};
    const answer: RequestListener = (request, response) => {
      const name = pathOf(request).split('/').pop() ?? '';
      attempts[name] = (attempts[name] ?? 0) + 1;
      const refuse = (status: number, type: string, Message: string) => {
        response.writeHead(status, { 'x-amzn-errortype': type }).end(JSON.stringify({ Message }));
      };
      if (name === 'gone') refuse(404, 'ResourceNotFoundException', 'Function not found');
      else if (name === 'slow' && attempts[name] < 3) {
        refuse(
          400,
          'InvalidParameterValueException',
          'Lambda was unable to delete it because it is a replicated function.',
        );
      } else response.writeHead(204).end();
    };
    await beside(answer, async (endpoint) => {
      const client = new LambdaClient({ region: 'us-east-1', endpoint, credentials });
      const said: string[] = [];
      const say = (line: string) => said.push(line);
      assert.deepEqual(
        await deleteEdgeFunctions(client, ['gone', 'slow', 'quick'], say, { pause: 0, attempts: 5 }),
        [],
      );
      assert.deepEqual(attempts, { gone: 1, slow: 3, quick: 1 });
      assert.equal(said.filter((line) => line.startsWith('deleted')).length, 3);

      attempts.slow = 0;
      assert.deepEqual(await deleteEdgeFunctions(client, ['slow'], say, { pause: 0, attempts: 2 }), ['slow']);
    });
  });

  test('does not hide other failures', async () => {
    const answer: RequestListener = (_, response) => {
      response.writeHead(403, { 'x-amzn-errortype': 'AccessDeniedException' }).end('{"Message":"no"}');
    };
    await beside(answer, async (endpoint) => {
      const client = new LambdaClient({ region: 'us-east-1', endpoint, credentials });
      await assert.rejects(
        deleteEdgeFunctions(client, ['own'], () => undefined),
        /no/,
      );
    });
  });

  test('empties the buckets that it made, and no other', () => {
    const storage = { s3bucket: 'pictures', logbucket: 'logs' };
    const empty = (more: object) => bucketsToEmpty(parseConfig({ region: REGION, ...more }), storage);
    assert.deepEqual(empty({}), []);
    assert.deepEqual(empty({ removalPolicy: 'destroy' }), ['pictures', 'logs']);
    assert.deepEqual(empty({ removalPolicy: 'destroy', bucket: { name: 'pictures' } }), ['logs']);
    assert.deepEqual(empty({ removalPolicy: 'destroy', logs: { bucket: 'logs' } }), ['pictures']);
  });
});

describe('upload', () => {
  test('puts pictures with their types into the folder of the bucket, and nothing else', async () => {
    const put: string[] = [];
    const answer: RequestListener = (request, response) => {
      put.push(`${request.method ?? ''} ${pathOf(request)} ${request.headers['content-type'] ?? ''}`);
      request.resume().on('end', () => response.end());
    };
    const config = join(mkdtempSync(join(tmpdir(), 'safelight-')), 'config.json');
    writeFileSync(config, JSON.stringify({ region: REGION, bucket: { name: 'photos', folder: 'web' } }));
    const infra = fileURLToPath(new URL('..', import.meta.url));
    await beside(answer, async (endpoint) => {
      const environment = {
        PATH: process.env.PATH,
        AWS_ENDPOINT_URL_S3: endpoint,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      };
      const program = ['--import', 'tsx', 'scripts/upload.ts', '--config', config, '../images'];
      await promisify(execFile)(process.execPath, program, { cwd: infra, env: environment });
    });
    rmSync(join(config, '..'), { recursive: true });
    assert.ok(put.includes('PUT /photos/web/photo.jpg image/jpeg'), put.join('\n'));
    assert.ok(put.includes('PUT /photos/web/photo.avif image/avif'));
    assert.ok(
      put.length > 10 && put.every((line) => /^PUT \/photos\/web\/[\w-]+\.\w+ image\/\w+$/.test(line)),
    );
  });
});
