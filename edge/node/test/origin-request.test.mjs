import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { beforeEach, test } from 'node:test';
import { header, accepted } from './support/cloudfront.mjs';
import { load, OPEN } from './support/edge.mjs';
import { body, customOrigin, originEvent, REQUEST_ID, S3_ORIGIN } from './support/events.mjs';

const auto = await load({ ...OPEN, sign: { target: 'auto' } });

beforeEach(() => {
  process.env.AWS_ACCESS_KEY_ID = 'AKIDEXAMPLE';
  process.env.AWS_SECRET_ACCESS_KEY = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
  process.env.AWS_SESSION_TOKEN = 'AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT';
});

const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const hmac = (key, data) => createHmac('sha256', key).update(data).digest();

/** Computes AWS's signature of the request that CloudFront sends, for paths that are signed as they are sent. */
function signature(request, region, service, signedHeaders) {
  const sent = { ...request.headers, 'x-amz-cf-id': [{ value: REQUEST_ID }] };
  const date = header(request, 'x-amz-date');
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  const headers = signedHeaders.map((name) => `${name}:${sent[name][0].value.trim()}\n`).join('');
  const origin = Object.values(request.origin)[0];
  const canonical = [
    ...[request.method, origin.path + request.uri, request.querystring.split('&').sort().join('&'), headers],
    ...[signedHeaders.join(';'), header(request, 'x-amz-content-sha256')],
  ].join('\n');
  let key = `AWS4${process.env.AWS_SECRET_ACCESS_KEY}`;
  for (const step of scope.split('/')) key = hmac(key, step);
  return hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`).toString('hex');
}

/** Fails unless the request is signed for this service; returns its parts. */
function verify(request, region, service) {
  const form = /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/(.*), ?SignedHeaders=(.*), ?Signature=(.*)$/;
  const [, scope, names, signed] = form.exec(header(request, 'authorization'));
  assert.equal(scope, `${region}/${service}/aws4_request`);
  const open = Object.keys(request.headers).filter(
    (name) => name.startsWith('x-amz-') && !names.includes(name),
  );
  assert.deepEqual(open, [], 'S3 requires every such header to be signed');
  assert.ok(names.split(';').includes('x-amz-cf-id') && names.split(';').includes('host'));
  assert.equal(header(request, 'x-amz-security-token'), process.env.AWS_SESSION_TOKEN);
  assert.equal(signed, signature(request, region, service, names.split(';')));
}

test('requests are signed for the service of the domain', async () => {
  for (const [origin, region, service] of [
    [S3_ORIGIN, 'eu-central-1', 's3'],
    [
      customOrigin('photos-111122223333.s3-object-lambda.eu-west-1.amazonaws.com'),
      'eu-west-1',
      's3-object-lambda',
    ],
    [customOrigin('abcdefg.lambda-url.us-east-1.on.aws', { path: '/v1' }), 'us-east-1', 'lambda'],
    [customOrigin('runtime-medical-imaging.us-west-2.amazonaws.com'), 'us-west-2', 'medical-imaging'],
  ]) {
    const event = originEvent(origin, { querystring: 'width=300&format=webp' });
    const response = accepted(event, await auto.originRequest(event));
    verify(response, region, service);
    assert.equal(header(response, 'host'), Object.values(origin)[0].domainName);
  }
});

test('an origin with a custom domain is signed as configured', async () => {
  const { originRequest } = await load({
    ...OPEN,
    sign: { target: { service: 's3', region: 'eu-north-1' } },
  });
  const event = originEvent(customOrigin('photos.example', { port: 8443 }));
  verify(accepted(event, await originRequest(event)), 'eu-north-1', 's3');
  await assert.rejects(auto.originRequest(event), { code: 'target' });
});

test('the hash of a body is signed if the service requires it', async () => {
  const frame = '{"imageFrameId":"0123456789abcdef0123456789abcdef"}';
  const imaging = customOrigin('runtime-medical-imaging.us-east-1.amazonaws.com');
  const post = { method: 'POST', uri: '/datastore/a/imageSet/b/getImageFrame' };
  const event = originEvent(imaging, {
    ...post,
    body: body(frame),
    headers: { 'Content-Length': `${frame.length}` },
  });
  const response = accepted(event, await auto.originRequest(event));
  verify(response, 'us-east-1', 'medical-imaging');
  assert.equal(header(response, 'x-amz-content-sha256'), sha256(frame));

  const cut = originEvent(imaging, { ...post, body: body(frame, { inputTruncated: true }) });
  assert.equal(accepted(cut, await auto.originRequest(cut)).status, '413');
  const unseen = originEvent(imaging, post);
  await assert.rejects(auto.originRequest(unseen), { code: 'sign', message: /enable "Include Body"/ });
});

test('signatures of viewers are removed', async () => {
  const viewers = {
    Authorization: 'Basic eA==',
    'X-Amz-Date': '20200101T000000Z',
    'X-Amz-Acl': 'public-read',
  };
  const querystring = 'width=5&X-Amz-Signature=00&x-amz-tagging=a';
  const event = originEvent(S3_ORIGIN, { headers: viewers, querystring });
  const response = accepted(event, await auto.originRequest(event));
  verify(response, 'eu-central-1', 's3');
  assert.deepEqual([response.querystring, response.headers['x-amz-acl']], ['width=5', undefined]);
});

test('errors of the viewer are responses, errors of the operator are thrown', async () => {
  const url = customOrigin('abcdefg.lambda-url.us-east-1.on.aws');
  for (const [origin, fields, status] of [
    [S3_ORIGIN, { uri: '/%ff.jpg' }, '400'],
    [url, { uri: '/a/../b.jpg' }, '400'],
    [S3_ORIGIN, { method: 'DELETE' }, '405'],
    [S3_ORIGIN, { uri: `/${'['.repeat(3000)}` }, '414'],
  ]) {
    const event = originEvent(origin, fields);
    const response = accepted(event, await auto.originRequest(event));
    assert.equal(response.status, status);
    assert.equal(JSON.parse(response.body).status, Number(status));
  }
  const custom = { authorization: [{ key: 'Authorization', value: 'x' }] };
  const clash = originEvent(customOrigin('b.s3.eu-west-1.amazonaws.com', { customHeaders: custom }));
  await assert.rejects(auto.originRequest(clash), { code: 'sign', message: /origin's custom headers/ });

  delete process.env.AWS_ACCESS_KEY_ID;
  await assert.rejects(auto.originRequest(originEvent(S3_ORIGIN)), {
    code: 'sign',
    message: /no valid credentials/,
  });
});

test('credentials are read for each request', async () => {
  const event = originEvent(S3_ORIGIN);
  delete process.env.AWS_SESSION_TOKEN;
  process.env.AWS_ACCESS_KEY_ID = 'AKIDOTHER';
  const response = accepted(event, await auto.originRequest(event));
  assert.match(header(response, 'authorization'), /Credential=AKIDOTHER\//);
  assert.equal(response.headers['x-amz-security-token'], undefined);
});

test('requests are not signed without a `sign` setting', async () => {
  const { originRequest } = await load(OPEN);
  const event = originEvent(S3_ORIGIN);
  assert.deepEqual(accepted(event, await originRequest(event)), event.Records[0].cf.request);
});
