import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { MAX_BYTES, viewerFunction } from '../../edge/cloudfront/generate.mjs';
import { AllowedParameters } from '../lib/parameters.ts';

interface Query {
  querystring: Record<string, { value: string }>;
  headers: Record<string, { value: string }>;
}

/** Runs the function on a query and an `Accept` header. A test of the crate `safelight-edge` compares all its results. */
async function result(
  settings: Parameters<typeof viewerFunction>[0],
  query: Record<string, string>,
  accept: string,
) {
  const source = `${viewerFunction(settings)}; return handler;`;
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const create = new Function('require', source) as (
    require: () => unknown,
  ) => (event: unknown) => Promise<Query & { statusCode?: number }>;
  const querystring = Object.fromEntries(Object.entries(query).map(([key, value]) => [key, { value }]));
  const request = { uri: '/photo.jpg', querystring, headers: { accept: { value: accept } } };
  return create(() => ({ createHmac }))({ request });
}

describe('the function for viewer requests', () => {
  test('makes queries canonical and resolves auto', async () => {
    const { querystring, headers } = await result(
      {},
      { f: 'AUTO', w: '0300', utm_source: 'a' },
      'image/webp',
    );
    assert.deepEqual(querystring, { width: { value: '300' }, format: { value: 'webp' } });
    assert.deepEqual(headers, {});
  });

  test('rejects parameters that the operator does not allow', async () => {
    const { keys } = new AllowedParameters(['width', 'showExif'], 'parameters');
    assert.equal((await result({ keys }, { height: '1' }, '')).statusCode, 400);
    assert.equal((await result({ keys }, { w: '1', showExif: '1' }, '')).statusCode, undefined);
    assert.throws(
      () => new AllowedParameters(['widht'], 'parameters'),
      /parameters: unknown parameter widht: expected .*showExif, /,
    );
  });

  test('is small enough for CloudFront, with signatures too', () => {
    const signature = { required: true, keys: { new: 'x'.repeat(64), old: 'x'.repeat(64) } };
    for (const settings of [{}, { signature }, { signature: { required: true } }]) {
      assert.ok(Buffer.byteLength(viewerFunction(settings)) <= MAX_BYTES);
    }
    assert.match(viewerFunction({ keys: [] }), /params:\[\]/);
    assert.throws(() => viewerFunction({ ignoreKeys: ['x'.repeat(MAX_BYTES)] }), /expected at most 10240/);
  });
});
