import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { header, taken } from './support/cloudfront.mjs';
import { load } from './support/edge.mjs';
import { viewerEvent } from './support/events.mjs';
import { claims, key, keySet, oidc, serve, token } from './support/issuer.mjs';

const ours = key('one');

/** Asks with a good token of the issuer at `url`, and says the status; 200 is a request that goes on. */
async function ask({ viewerRequest }, url, signer = ours) {
  const event = viewerEvent({ headers: { Token: token(signer, claims(url)) } });
  const answer = taken(event, await viewerRequest(event));
  if (answer.status === '503') assert.equal(header(answer, 'retry-after'), '10');
  return Number(answer.status ?? 200);
}

const never = () => {};

describe('a key set', { concurrency: true }, () => {
  const check = (name, answer, expected, count) =>
    test(name, async (t) => {
      const issuer = await serve(t, answer);
      const edge = await load(oidc(issuer.url));
      assert.equal(await ask(edge, issuer.url), expected);
      assert.equal(issuer.paths.length, count);
      // What failed a moment ago is not tried again at once.
      assert.equal(await ask(edge, issuer.url), expected);
      assert.equal(issuer.paths.length, count);
    });

  check('is fetched', keySet([ours]), 200, 1);
  check('of a server that never answers is asked for twice', never, 503, 2);
  check(
    'is had at the second time',
    (response, count) => (count === 1 ? never : keySet([ours]))(response),
    200,
    2,
  );
  check('of a server that hangs up is asked for twice', (response) => response.destroy(), 503, 2);
  check(
    'is not asked for again at once where the status is 500',
    (response) => response.writeHead(500).end(),
    503,
    1,
  );
  check(
    'is not looked for elsewhere',
    (response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
    503,
    1,
  );
  check('of no JSON is none', (response) => response.end('<html>'), 503, 1);
  check(
    'that breaks off is asked for twice',
    (response) => response.writeHead(200, { 'content-length': '9' }).write('{', () => response.destroy()),
    503,
    2,
  );
  check(
    'without end is broken off',
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
    'that comes in drops is broken off',
    (response) => {
      const drops = setInterval(() => response.write(' '), 200);
      response.on('close', () => clearInterval(drops));
    },
    503,
    1,
  );
  check('may lack the key', keySet([key('two')]), 401, 1);
});

test('requests at the same time share one fetch', async (t) => {
  const waiting = [];
  const issuer = await serve(t, (response) => waiting.push(response));
  const edge = await load(oidc(issuer.url));
  const asked = Array.from({ length: 20 }, () => ask(edge, issuer.url));
  while (waiting.length === 0) await new Promise(setImmediate);
  keySet([ours])(waiting[0]);
  assert.deepEqual(new Set(await Promise.all(asked)), new Set([200]));
  assert.equal(issuer.paths.length, 1);
});

test('keys come and go', async (t) => {
  const [old, fresh] = [key('old'), key('fresh')];
  const keys = [old];
  const issuer = await serve(t, (response) => keySet(keys)(response));
  const edge = await load(oidc(issuer.url));
  assert.equal(await ask(edge, issuer.url, old), 200);
  keys.splice(0, 1, fresh);
  assert.equal(await ask(edge, issuer.url, fresh), 200, 'a key that is not known is looked for');
  assert.equal(await ask(edge, issuer.url, old), 401, 'a key that is gone opens nothing');
  assert.equal(issuer.paths.length, 3);
});
