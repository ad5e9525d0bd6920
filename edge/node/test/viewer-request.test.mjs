import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sign } from '../../../docs/signed-urls/sign.mjs';
import { header, accepted } from './support/cloudfront.mjs';
import { load, OPEN } from './support/edge.mjs';
import { body, REQUEST_ID, viewerEvent } from './support/events.mjs';
import { claims, key, keySet, oidc, serve, token } from './support/issuer.mjs';

test('the query is normalised, and nothing else changes', async () => {
  const { viewerRequest } = await load({ ...OPEN, normalize: { passOn: ['imageFrameId'] } });
  for (const [querystring, accept, expected] of [
    ['', '*/*', ''],
    ['utm_source=mail&fbclid=1', '*/*', ''],
    ['w=0300&q=75&f=auto', 'image/avif,image/webp', 'width=300&format=auto-avif&quality=75'],
    ['w=0300&q=75&f=auto', ['text/html', 'image/webp'], 'width=300&format=webp&quality=75'],
    ['width=-1', '*/*', 'width=-1'],
    ['imageFrameId=ab%2fc', '*/*', 'imageFrameId=ab%2Fc'],
  ]) {
    const event = viewerEvent({ querystring, headers: { Accept: accept } });
    const before = structuredClone(event);
    const response = accepted(event, await viewerRequest(event));
    assert.deepEqual(response, { ...before.Records[0].cf.request, querystring: expected });
    assert.deepEqual(event, before, 'the event is not modified');
  }
});

test('an unknown key is rejected with the nearest one', async () => {
  const { viewerRequest } = await load({ ...OPEN, normalize: { ignoreKeys: ['pk_*'] } });
  const event = viewerEvent({ querystring: 'pk_id=1&wdith=300' });
  const response = accepted(event, await viewerRequest(event));
  assert.equal(response.status, '400');
  assert.equal(JSON.parse(response.body).detail, 'unsupported key "wdith": did you mean width?');
});

test('the signature of a URL is checked and removed', async () => {
  const secret = '0123456789abcdef0123456789abcdef';
  const keys = [`a:${secret}`];
  const now = Math.floor(Date.now() / 1000);
  const signed = sign('/photo.jpg', 'width=300', 'a', secret, now + 60);
  for (const [querystring, required, expected] of [
    [signed, true, 'width=300'],
    [signed.replace('width', '%77idth'), true, 'width=300'],
    [signed.replace('300', '301'), true, '403'],
    [signed.replace('exp=1', 'exp=2'), true, '403'],
    [sign('/photo.jpg', 'width=300', 'a', secret, now - 60), true, '403'],
    ['width=300', true, '403'],
    ['width=300', false, 'width=300'],
    [signed.replace('300', '301'), false, '403'],
  ]) {
    const { viewerRequest } = await load({ ...OPEN, signature: { keys, required }, normalize: {} });
    const event = viewerEvent({ uri: '/photo.jpg', querystring });
    const response = accepted(event, await viewerRequest(event));
    assert.equal(response.status ?? response.querystring, expected, querystring);
  }
});

test('rights limit what a token may request', async (t) => {
  const ours = key('one');
  const issuer = await serve(t, keySet([ours]));
  const config = oidc(issuer.url);
  config.authorize.rights = [
    { claim: 'scope', values: ['all'], paths: ['/'], exif: true },
    { claim: 'scope', values: ['cards'], paths: ['/public'], presets: ['card'] },
  ];
  const { viewerRequest } = await load(config);
  for (const [scope, uri, querystring, expected] of [
    ['openid all', '/a/b.jpg', 'showExif=1', 'showExif=all'],
    ['cards', '/public/b.jpg', 'preset=card&v=1', 'preset=card'],
    ['cards', '/public/b.jpg', 'preset=card&w=1', '403'],
    ['cards', '/a/b.jpg', 'preset=card', '403'],
    ['openid', '/public/b.jpg', 'preset=card', '403'],
  ]) {
    const headers = { Token: token(ours, claims(issuer.url, { scope })) };
    const event = viewerEvent({ uri, headers, querystring });
    const response = accepted(event, await viewerRequest(event));
    assert.equal(response.status ?? response.querystring, expected, `${uri}?${querystring} with ${scope}`);
  }
});

test('queries do not change without a `normalize` setting', async () => {
  const { viewerRequest } = await load(OPEN);
  const event = viewerEvent({ querystring: 'w=0300&utm_source=mail' });
  assert.deepEqual(accepted(event, await viewerRequest(event)), event.Records[0].cf.request);
});

test('a body is forwarded unchanged, truncated or complete', async () => {
  const { viewerRequest } = await load({ ...OPEN, normalize: {} });
  for (const inputTruncated of [false, true]) {
    const event = viewerEvent({ method: 'POST', body: body('{"imageFrameId":"ab"}', { inputTruncated }) });
    assert.deepEqual(accepted(event, await viewerRequest(event)), event.Records[0].cf.request);
  }
});

test('a valid token is accepted and removed from every place', async (t) => {
  const ours = key('one');
  const issuer = await serve(t, keySet([ours]));
  const { viewerRequest } = await load(oidc(issuer.url));
  const good = token(ours, claims(issuer.url));
  for (const [place, left] of [
    [{ headers: { Authorization: `Bearer ${good}` } }, {}],
    [{ headers: { Token: good } }, {}],
    [{ headers: { Cookie: [`a=1; session=${good}`, 'b=2'] } }, { cookie: ['a=1', 'b=2'] }],
    [{ headers: { Cookie: `session=${good}` } }, {}],
    [{ querystring: `w=5&token=${good}` }, { querystring: 'width=5' }],
  ]) {
    const event = viewerEvent(place);
    const response = accepted(event, await viewerRequest(event));
    assert.equal(response.uri, '/holiday/beach.jpg');
    assert.ok(!JSON.stringify(response).includes(good.split('.')[1]), 'the token is removed');
    assert.deepEqual(
      response.headers.cookie?.map(({ value }) => value),
      left.cookie,
    );
    assert.equal(response.querystring, left.querystring ?? '');
    assert.deepEqual([response.headers.authorization, response.headers.token], [undefined, undefined]);
  }
  assert.deepEqual(issuer.paths, ['/.well-known/jwks.json'], 'fetched once');
});

test('the query says whether the viewer may see all EXIF', async (t) => {
  const ours = key('one');
  const issuer = await serve(t, keySet([ours]));
  const config = oidc(issuer.url);
  config.authorize.issuers[0].oidc.exifScopes = ['photos/exif'];
  const { viewerRequest } = await load(config);
  for (const [scope, asked, expected] of [
    ['openid', 'showExif=true', 'showExif=true'],
    ['openid', 'showExif=all', 'showExif=true'],
    ['openid', 'showExif=%61LL', 'showExif=true'],
    ['openid photos/exif', 'showExif=1', 'showExif=all'],
    ['openid photos/exif', 'width=9', 'width=9'],
  ]) {
    const headers = { Token: token(ours, claims(issuer.url, { scope })) };
    const event = viewerEvent({ headers, querystring: asked });
    const { querystring } = accepted(event, await viewerRequest(event));
    assert.equal(querystring, expected, `${asked} with ${scope}`);
  }
});

test('rejections reveal only the status and the challenge', async (t) => {
  const [ours, theirs] = [key('one'), key('one')];
  const issuer = await serve(t, keySet([ours]));
  const { oidc: settings } = oidc(issuer.url).authorize.issuers[0];
  const config = oidc(issuer.url);
  config.authorize.issuers[0].oidc = { ...settings, scopes: ['photos/read'] };
  const { viewerRequest } = await load(config);
  const scope = { scope: 'openid photos/read' };
  const realm = 'Bearer realm="safelight"';
  for (const [tokenHeader, status, challenge] of [
    [undefined, '401', realm],
    ['', '401', realm],
    ['x.y.z', '401', `${realm}, error="invalid_token"`],
    [token(theirs, claims(issuer.url, scope)), '401', `${realm}, error="invalid_token"`],
    [token(ours, claims(issuer.url, { ...scope, exp: 1 })), '401', `${realm}, error="invalid_token"`],
    [token(ours, claims(issuer.url, { ...scope, aud: 'mail' })), '401', `${realm}, error="invalid_token"`],
    [token(ours, claims(issuer.url)), '403', `${realm}, error="insufficient_scope"`],
    [token(ours, claims(issuer.url, scope)), undefined, undefined],
  ]) {
    const event = viewerEvent({ headers: tokenHeader === undefined ? {} : { Token: tokenHeader } });
    const response = accepted(event, await viewerRequest(event));
    assert.equal(response.status, status);
    if (status === undefined) continue;
    assert.equal(header(response, 'www-authenticate'), challenge);
    assert.equal(header(response, 'cache-control'), 'no-store');
    assert.equal(header(response, 'content-type'), 'application/problem+json');
    const problem = JSON.parse(response.body);
    assert.deepEqual([problem.status, problem.requestId], [Number(status), REQUEST_ID]);
    assert.doesNotMatch(response.body, /expired|audience|signature|key/);
  }
});

test('a preflight needs neither a token nor the origin', async (t) => {
  const { viewerRequest, originRequest } = await load({
    ...oidc('http://127.0.0.1:9'),
    sign: { target: 'auto' },
  });
  const preflight = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'GET' };
  const event = viewerEvent({ method: 'OPTIONS', headers: preflight });
  assert.deepEqual(accepted(event, await viewerRequest(event)), { status: '204', headers: {} });
  const next = structuredClone(event);
  next.Records[0].cf.config.eventType = 'origin-request';
  assert.deepEqual(accepted(next, await originRequest(next)), { status: '204', headers: {} });

  for (const headers of [{}, { Origin: preflight.Origin }, { 'Access-Control-Request-Method': 'GET' }]) {
    const plain = viewerEvent({ method: 'OPTIONS', headers });
    assert.equal(accepted(plain, await viewerRequest(plain)).status, '401');
  }
  const get = viewerEvent({ headers: preflight });
  assert.equal(accepted(get, await viewerRequest(get)).status, '401');
});
