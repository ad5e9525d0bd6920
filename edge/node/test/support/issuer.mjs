/** A token issuer on loopback. */

import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

/** Generates a signing key. */
export function key(kid) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' } };
}

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Returns a signed token with these claims. */
export function token({ kid, privateKey }, claims) {
  const signed = `${part({ alg: 'RS256', typ: 'JWT', kid })}.${part(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
}

/** Starts a server that handles each request with `handle(response, count)`. It stops when the test ends. */
export async function serve(test, handle) {
  const server = createServer((request, response) => {
    served.paths.push(request.url);
    handle(response, served.paths.length);
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

/** Returns a handler that responds with the current content of `keys`. */
export const keySet = (keys) => (response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
};

/** Returns a configuration that accepts tokens of the issuer at `url`. */
export const oidc = (url, more = {}) => ({
  authorize: {
    mode: 'token',
    tokenFrom: { headers: ['token'], cookies: ['session'], queries: ['token'] },
    issuers: [{ oidc: { issuer: url, audiences: ['photos'] } }],
  },
  normalize: {},
  ...more,
});

/** Returns claims that are valid for an hour. */
export const claims = (url, more = {}) => ({
  iss: url,
  sub: 'ada',
  aud: 'photos',
  exp: Math.floor(Date.now() / 1000) + 3600,
  ...more,
});
