import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { header, accepted } from './support/cloudfront.mjs';
import { load } from './support/edge.mjs';
import { viewerEvent } from './support/events.mjs';
import { claims, key, keySet, oidc, serve, token } from './support/issuer.mjs';

const ours = key('one');

/** Sends a valid token of the issuer at `url`. Returns the status of the response, or 200 if the request continues. */
async function statusOf({ viewerRequest }, url, signer = ours) {
  const event = viewerEvent({ headers: { Token: token(signer, claims(url)) } });
  const result = accepted(event, await viewerRequest(event));
  if (result.status === '503') assert.equal(header(result, 'retry-after'), '10');
  return Number(result.status ?? 200);
}

const never = () => {};

describe('a key set', { concurrency: true }, () => {
  const check = (name, handle, expected, count) =>
    test(name, async (t) => {
      const issuer = await serve(t, handle);
      const edge = await load(oidc(issuer.url));
      assert.equal(await statusOf(edge, issuer.url), expected);
      assert.equal(issuer.paths.length, count);
      // A failed fetch is not repeated immediately.
      assert.equal(await statusOf(edge, issuer.url), expected);
      assert.equal(issuer.paths.length, count);
    });

  check('is fetched', keySet([ours]), 200, 1);
  check('is requested twice if the server does not respond', never, 503, 2);
  check(
    'is fetched at the second attempt',
    (response, count) => (count === 1 ? never : keySet([ours]))(response),
    200,
    2,
  );
  check('is requested twice if the server closes the connection', (response) => response.destroy(), 503, 2);
  check(
    'is not requested again immediately after a 500',
    (response) => response.writeHead(500).end(),
    503,
    1,
  );
  check(
    'is not fetched through a redirect',
    (response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
    503,
    1,
  );
  check('is rejected if it is not JSON', (response) => response.end('<html>'), 503, 1);
  check(
    'is requested twice if the body is incomplete',
    (response) => response.writeHead(200, { 'content-length': '9' }).write('{', () => response.destroy()),
    503,
    2,
  );
  check(
    'is aborted if the body is endless',
    (response) => {
      const more = () => {
        while (!response.destroyed && response.write(' '.repeat(1 << 16)));
      };
      response.on('drain', more);
      more();
    },
    503,
    1,
  );
  check(
    'is aborted if the body arrives too slowly',
    (response) => {
      const drops = setInterval(() => response.write(' '), 200);
      response.on('close', () => clearInterval(drops));
    },
    503,
    1,
  );
  check('can lack the key', keySet([key('two')]), 401, 1);
});

test('concurrent requests share one fetch', async (t) => {
  const waiting = [];
  const issuer = await serve(t, (response) => waiting.push(response));
  const edge = await load(oidc(issuer.url));
  const statuses = Array.from({ length: 20 }, () => statusOf(edge, issuer.url));
  while (waiting.length === 0) await new Promise(setImmediate);
  keySet([ours])(waiting[0]);
  assert.deepEqual(new Set(await Promise.all(statuses)), new Set([200]));
  assert.equal(issuer.paths.length, 1);
});

test('keys are added and removed', async (t) => {
  const [old, fresh] = [key('old'), key('fresh')];
  const keys = [old];
  const issuer = await serve(t, (response) => keySet(keys)(response));
  const edge = await load(oidc(issuer.url));
  assert.equal(await statusOf(edge, issuer.url, old), 200);
  keys.splice(0, 1, fresh);
  assert.equal(await statusOf(edge, issuer.url, fresh), 200, 'an unknown key triggers a fetch');
  assert.equal(await statusOf(edge, issuer.url, old), 401, 'a removed key is rejected');
  assert.equal(issuer.paths.length, 3);
});
