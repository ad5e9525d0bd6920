/** An issuer of tokens on loopback. */

import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

/** A key that signs tokens. */
export function key(kid) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' } };
}

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token of these claims. */
export function token({ kid, privateKey }, claims) {
  const signed = `${part({ alg: 'RS256', typ: 'JWT', kid })}.${part(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
}

/** A server that answers each request with `answer(response, count)`; it ends with the test. */
export async function serve(test, answer) {
  const server = createServer((request, response) => {
    served.paths.push(request.url);
    answer(response, served.paths.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const served = { url: `http://127.0.0.1:${server.address().port}`, paths: [] };
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return served;
}

/** Answers with the keys that `keys` holds at the time. */
export const keySet = (keys) => (response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
};

/** The configuration that takes tokens of the issuer at `url`. */
export const oidc = (url, more = {}) => ({
  authorize: {
    mode: 'token',
    tokenFrom: { headers: ['token'], cookies: ['session'], queries: ['token'] },
    issuers: [{ oidc: { issuer: url, audiences: ['photos'] } }],
  },
  normalize: {},
  ...more,
});

/** Claims that are good for an hour. */
export const claims = (url, more = {}) => ({
  iss: url,
  sub: 'ada',
  aud: 'photos',
  exp: Math.floor(Date.now() / 1000) + 3600,
  ...more,
});
