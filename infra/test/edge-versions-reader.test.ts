import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';

const source = readFileSync(new URL('../lib/edge-versions-reader.js', import.meta.url), 'utf8');
const VERSION = 'arn:aws:lambda:us-east-1:123456789012:function:viewer:7';

interface Answer {
  Status: string;
  Reason?: string;
  PhysicalResourceId: string;
  Data?: Record<string, string>;
}

/** What the function tells CloudFormation, given the parameters that there are. */
async function answer(event: object, parameters: Record<string, string>): Promise<Answer> {
  const answers: Answer[] = [];
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
      answers.push(JSON.parse(body) as Answer);
      return Promise.resolve({ ok: true });
    },
  });
  await exports.handler?.({
    RequestId: 'request',
    ResponseURL: 'https://answer.example.com',
    ResourceProperties: { Region: 'us-east-1', Parameters: ['/safelight/edge/viewer'] },
    ...event,
  });
  assert.equal(answers.length, 1);
  return answers[0] ?? assert.fail();
}

describe('the reader of edge versions', () => {
  const there = { '/safelight/edge/viewer': VERSION };

  test('answers with the values, and keeps its name on updates', async () => {
    const created = await answer({ RequestType: 'Create' }, there);
    assert.deepEqual(
      [created.Status, created.Data, created.PhysicalResourceId],
      ['SUCCESS', there, 'request'],
    );
    const updated = await answer({ RequestType: 'Update', PhysicalResourceId: 'first' }, there);
    assert.deepEqual([updated.Data, updated.PhysicalResourceId], [there, 'first']);
  });

  test('fails, and says why, where a parameter is missing', async () => {
    const { Status, Reason } = await answer({ RequestType: 'Create' }, {});
    assert.equal(Status, 'FAILED');
    assert.match(Reason ?? '', /no such parameters in us-east-1: \/safelight\/edge\/viewer/);
  });

  test('lets itself be deleted where the parameters are gone', async () => {
    const { Status, Data } = await answer({ RequestType: 'Delete', PhysicalResourceId: 'first' }, {});
    assert.deepEqual([Status, Data], ['SUCCESS', undefined]);
  });

  test('is short enough to be inline', () => {
    assert.ok(Buffer.byteLength(source) <= 4096);
  });
});
