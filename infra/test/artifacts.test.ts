import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { BUILT } from '../lib/artifacts.ts';
import { ACCOUNT, REGION } from './modes.ts';

/** The artifacts: those of `npm run build`, or the ones in these variables. */
const BOOTSTRAP = process.env.SAFELIGHT_BOOTSTRAP_ZIP ?? BUILT.bootstrap;
const EDGE = process.env.SAFELIGHT_EDGE_FOLDER ?? BUILT.photosEdge;

const IMAGE = readFileSync(new URL('../../images/photo.jpg', import.meta.url));
const SECRET = 'Ada Lumen';

/** Returns a folder with the content of a zip or folder for the duration of a test. Skips the test if it is missing. */
function unpacked(context: TestContext, path: string): string | undefined {
  if (!existsSync(path)) {
    context.skip(`missing artifact ${path}: run \`npm run build\` first`);
    return undefined;
  }
  if (statSync(path).isDirectory()) return path;
  const folder = mkdtempSync(join(tmpdir(), 'safelight-'));
  context.after(() => {
    rmSync(folder, { recursive: true });
  });
  execFileSync('unzip', ['-q', path, '-d', folder]);
  return folder;
}

describe('artifacts', () => {
  test('bootstrap responds to a Function URL event with a stripped image', async (context) => {
    const folder = unpacked(context, BOOTSTRAP);
    if (folder === undefined) return;
    if (!runsHere(join(folder, 'bootstrap'))) {
      context.skip('bootstrap was built for another processor');
      return;
    }
    assert.ok(IMAGE.includes(SECRET));

    const s3 = await serve((request, respond) => {
      respond(request.url?.split('?')[0] === '/pictures/photo.jpg' ? 200 : 404, IMAGE);
    });
    let resolveResponse: (response: Buffer) => void = () => undefined;
    const promise = new Promise<Buffer>((resolve) => (resolveResponse = resolve));
    let invoked = false;
    const runtimeApi = await serve((request, respond, body) => {
      if (request.url?.endsWith('/invocation/next')) {
        // The request for the next invocation stays open until the function is killed.
        if (!invoked) respond(200, Buffer.from(JSON.stringify(functionUrlEvent('/photo.jpg'))));
        invoked = true;
      } else {
        resolveResponse(Buffer.concat([Buffer.from(`${request.url ?? ''}\n`), body]));
        respond(202, Buffer.from('{}'));
      }
    });
    const child = spawn(join(folder, 'bootstrap'), {
      env: environment(runtimeApi, s3),
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const exited = once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`bootstrap exited with status ${String(code)}`)),
    );
    try {
      const response = await Promise.race([promise, exited]);
      const [url] = response.toString('latin1').split('\n');
      assert.match(url ?? '', /\/invocation\/request-1\/response$/);
      const end = response.indexOf(Buffer.alloc(8));
      const prelude = JSON.parse(response.subarray((url?.length ?? 0) + 1, end).toString()) as Record<
        string,
        unknown
      >;
      const image = response.subarray(end + 8);
      assert.equal(prelude.statusCode, 200);
      assert.deepEqual([...image.subarray(0, 2)], [0xff, 0xd8]);
      assert.ok(!image.includes(SECRET), 'the image still contains the photographer');
      assert.ok(image.length > IMAGE.length / 2);
    } finally {
      exited.catch(() => undefined);
      child.kill('SIGKILL');
      for (const server of [s3, runtimeApi]) {
        server.closeAllConnections();
        server.close();
      }
    }
  });

  test('index.mjs handles a viewer request', async (context) => {
    const folder = unpacked(context, EDGE);
    if (folder === undefined) return;
    const url = pathToFileURL(join(folder, 'index.mjs')).href;
    const handlers = (await import(url)) as Record<
      string,
      (event: object) => Promise<{ uri?: string; status?: string }>
    >;
    assert.equal(typeof handlers.originRequest, 'function');
    const verdict = await handlers.viewerRequest?.(viewerRequest('/photo.jpg', 'w=300&utm_source=x'));
    assert.equal(verdict?.uri, '/photo.jpg');
    assert.equal((verdict as { querystring?: string }).querystring, 'width=300');
  });
});

/** Returns whether a program is for this machine's processor, by its ELF header (`e_machine`). */
function runsHere(program: string): boolean {
  const machines: Partial<Record<NodeJS.Architecture, number>> = { x64: 0x3e, arm64: 0xb7 };
  return readFileSync(program).readUInt16LE(18) === machines[process.arch];
}

type Respond = (status: number, body: Buffer) => void;

async function serve(
  handle: (request: IncomingMessage, respond: Respond, body: Buffer) => void,
): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const respond: Respond = (status, body) => {
        const deadline = String(Date.now() + 60_000);
        response.writeHead(status, {
          'content-length': body.length,
          etag: '"1"',
          'last-modified': new Date(0).toUTCString(),
          'lambda-runtime-aws-request-id': 'request-1',
          'lambda-runtime-deadline-ms': deadline,
          'lambda-runtime-invoked-function-arn': `arn:aws:lambda:${REGION}:${ACCOUNT}:function:safelight-transform`,
        });
        response.end(request.method === 'HEAD' ? undefined : body);
      };
      handle(request, respond, Buffer.concat(chunks));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const address = (server: Server) => `127.0.0.1:${(server.address() as AddressInfo).port}`;

/** Returns the environment variables that Lambda sets, and the settings of a bucket on loopback. */
function environment(runtimeApi: Server, s3: Server): NodeJS.ProcessEnv {
  return {
    AWS_LAMBDA_RUNTIME_API: address(runtimeApi),
    AWS_LAMBDA_FUNCTION_NAME: 'safelight-transform',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_ENDPOINT_URL_S3: `http://${address(s3)}`,
    AWS_ALLOW_HTTP: 'true',
    SAFELIGHT_BUCKET: 'pictures',
  };
}

/** Returns a Function URL event in payload format 2.0. */
function functionUrlEvent(path: string): object {
  return {
    version: '2.0',
    rawPath: path,
    rawQueryString: '',
    headers: { host: 'x.lambda-url.eu-west-1.on.aws' },
    requestContext: { http: { method: 'GET', path, protocol: 'HTTP/1.1' }, requestId: 'request-1' },
    isBase64Encoded: false,
  };
}

function viewerRequest(uri: string, querystring: string): object {
  const config = {
    distributionDomainName: 'd1.cloudfront.net',
    distributionId: 'D1',
    eventType: 'viewer-request',
    requestId: 'r',
  };
  const host = [{ key: 'Host', value: 'd1.cloudfront.net' }];
  const request = { clientIp: '192.0.2.1', method: 'GET', uri, querystring, headers: { host } };
  return { Records: [{ cf: { config, request } }] };
}
