import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';

const source = readFileSync(new URL('../lib/edge-versions-reader.js', import.meta.url), 'utf8');
const VERSION = 'arn:aws:lambda:us-east-1:123456789012:function:viewer:7';

interface Result {
  Status: string;
  Reason?: string;
  PhysicalResourceId: string;
  Data?: Record<string, string>;
}

/** Runs the function with existing SSM `parameters` and returns the result that it sends to CloudFormation. */
async function run(event: object, parameters: Record<string, string>): Promise<Result> {
  const results: Result[] = [];
  class SSMClient {
    readonly region: string;
    constructor({ region }: { region: string }) {
      this.region = region;
    }
    send({ Names }: { Names: string[] }) {
      assert.equal(this.region, 'us-east-1');
      const Parameters = Names.filter((Name) => Name in parameters).map((Name) => ({
        Name,
        Value: parameters[Name],
      }));
      return Promise.resolve({
        Parameters,
        InvalidParameters: Names.filter((name) => !(name in parameters)),
      });
    }
  }
  class GetParametersCommand {
    readonly Names: string[];
    constructor({ Names }: { Names: string[] }) {
      this.Names = Names;
    }
  }
  const exports: { handler?: (event: object) => Promise<void> } = {};
  runInNewContext(source, {
    exports,
    require: () => ({ SSMClient, GetParametersCommand }),
    fetch: (url: string, { method, body }: { method: string; body: string }) => {
      assert.deepEqual([url, method], ['https://answer.example.com', 'PUT']);
      results.push(JSON.parse(body) as Result);
      return Promise.resolve({ ok: true });
    },
  });
  await exports.handler?.({
    RequestId: 'request',
    ResponseURL: 'https://answer.example.com',
    ResourceProperties: { Region: 'us-east-1', Parameters: ['/safelight/edge/viewer'] },
    ...event,
  });
  assert.equal(results.length, 1);
  return results[0] ?? assert.fail();
}

describe('the reader of edge versions', () => {
  const existing = { '/safelight/edge/viewer': VERSION };

  test('returns the values and keeps its physical id on updates', async () => {
    const created = await run({ RequestType: 'Create' }, existing);
    assert.deepEqual(
      [created.Status, created.Data, created.PhysicalResourceId],
      ['SUCCESS', existing, 'request'],
    );
    const updated = await run({ RequestType: 'Update', PhysicalResourceId: 'first' }, existing);
    assert.deepEqual([updated.Data, updated.PhysicalResourceId], [existing, 'first']);
  });

  test('fails with a reason if a parameter is missing', async () => {
    const { Status, Reason } = await run({ RequestType: 'Create' }, {});
    assert.equal(Status, 'FAILED');
    assert.match(Reason ?? '', /SSM parameters not found in us-east-1: \/safelight\/edge\/viewer/);
  });

  test('can be deleted after the parameters are deleted', async () => {
    const { Status, Data } = await run({ RequestType: 'Delete', PhysicalResourceId: 'first' }, {});
    assert.deepEqual([Status, Data], ['SUCCESS', undefined]);
  });

  test('is short enough for inline code', () => {
    assert.ok(Buffer.byteLength(source) <= 4096);
  });
});
