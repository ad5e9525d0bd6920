/** Logs contain no part of a request: neither messages of the handlers nor output and errors of the addon. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { folder } from './support/edge.mjs';
import { customOrigin, originEvent, viewerEvent } from './support/events.mjs';
import { claims, key, oidc, serve, token } from './support/issuer.mjs';

/** Runs the handler for each event, and prints thrown errors like Lambda. */
const CHILD = `
  import { createInterface } from 'node:readline';
  const handlers = await import(process.argv[1]);
  for await (const line of createInterface({ input: process.stdin })) {
    const { name, event } = JSON.parse(line);
    try {
      await handlers[name](event);
    } catch (error) {
      console.error(error);
    }
  }`;

test('logs contain reasons but no part of a request', async (t) => {
  const [ours, theirs] = [key('one'), key('one')];
  const issuer = await serve(t, (response, count) => {
    if (count === 1) response.end(JSON.stringify({ keys: [ours.jwk] }));
    else response.writeHead(500).end('SECRET');
  });
  const path = folder({ ...oidc(issuer.url), sign: { target: 'auto' } });
  const env = { PATH: process.env.PATH, AWS_ACCESS_KEY_ID: 'AKIDSECRET', AWS_SECRET_ACCESS_KEY: 'SECRET\n' };
  const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, `${path}/index.mjs`], { env });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (log += text));

  const secrets = { querystring: 'a=SECRET', uri: '/SECRET' };
  const send = (name, event) => child.stdin.write(`${JSON.stringify({ name, event })}\n`);
  const tokens = [
    token(ours, claims(issuer.url, { sub: 'SECRET' })),
    token(theirs, claims(issuer.url, { sub: 'SECRET' })),
    token(ours, claims(issuer.url, { sub: 'SECRET', exp: 1 })),
    token(key('SECRET'), claims(issuer.url)),
    'SECRET.SECRET.SECRET',
  ];
  for (const one of tokens) {
    send('viewerRequest', viewerEvent({ ...secrets, headers: { Token: one, 'X-Own': 'SECRET' } }));
  }
  send('viewerRequest', { Records: ['SECRET'] });
  send('viewerRequest', viewerEvent({ ...secrets, method: { SECRET: 1 } }));
  for (const fields of [
    secrets,
    { ...secrets, method: 'SECRET' },
    { ...secrets, headers: { 'X-Own': 'SECRET' } },
  ]) {
    send('originRequest', originEvent(customOrigin('b.s3.eu-west-1.amazonaws.com'), fields));
    send('originRequest', originEvent(customOrigin('SECRET.example'), fields));
  }
  child.stdin.end();
  await once(child, 'close');

  for (const reason of [
    'expired',
    'invalid signature',
    'not a signed JWT',
    'status 500',
    "'target'",
    "'sign'",
    "'event'",
  ]) {
    assert.ok(log.includes(reason), `the log lacks ${reason}: ${log}`);
  }
  assert.doesNotMatch(log, /SECRET/);
  for (const one of tokens) for (const part of one.split('.')) assert.ok(!log.includes(part));
});
