/**
 * CloudFront's checks of a handler's result (AWS, "Restrictions on all edge functions" and "Quotas on
 * Lambda@Edge"), implemented independently of the addon's own checks.
 */

import assert from 'node:assert/strict';

const FORBIDDEN = new RegExp(
  '^(connection|expect|keep-alive|proxy-(authenticate|authorization|connection)|trailer|upgrade|x-real-ip|x-cache' +
    '|x-accel-(buffering|charset|limit-rate|redirect)|x-amz-cf-.*|x-edge-.*|x-forwarded-proto' +
    '|x-amzn-(auth|cf-billing|cf-id|cf-xff|errortype|fle-profile|header-count|header-order|lambda-integration-tag|requestid))$',
);

const READ_ONLY = {
  'viewer-request': ['cdn-loop', 'content-length', 'host', 'transfer-encoding', 'via'],
  'origin-request': [
    ...['accept-encoding', 'cdn-loop', 'content-length', 'if-modified-since', 'if-none-match', 'if-range'],
    ...['if-unmodified-since', 'transfer-encoding', 'via'],
  ],
};

/** Asserts that CloudFront accepts this result for `event`, and returns it. */
export function accepted(event, result) {
  const { config, request } = event.Records[0].cf;
  const type = config.eventType;
  if (result.status !== undefined) return acceptedResponse(type, result);
  for (const field of ['clientIp', 'method']) assert.equal(result[field], request[field], field);
  const names = new Set([...Object.keys(request.headers), ...Object.keys(result.headers)]);
  for (const name of names) {
    const [before, after] = [request.headers[name], result.headers[name]];
    const values = (list) => list?.map(({ value }) => value);
    if (JSON.stringify(values(before)) === JSON.stringify(values(after))) continue;
    assert.ok(!READ_ONLY[type].includes(name), `${name} is read-only`);
    if (after) checkHeader(name, after);
  }
  assert.match(result.uri, /^\/[^\s?#]*$/);
  assert.match(result.querystring, /^[^\s?#]*$/);
  assert.ok(result.uri.length + result.querystring.length < 8192);
  if (type === 'viewer-request') assert.equal(result.origin, undefined);
  else assert.deepEqual(result.origin, request.origin);
  assert.deepEqual(result.body, request.body);
  return result;
}

function acceptedResponse(type, response) {
  assert.equal(typeof response.status, 'string');
  assert.ok(response.status >= 200 && response.status < 600);
  for (const [name, values] of Object.entries(response.headers ?? {})) {
    assert.ok(
      !['content-length', 'content-encoding', 'transfer-encoding', 'via', 'warning'].includes(name),
      name,
    );
    checkHeader(name, values);
  }
  const known = ['status', 'statusDescription', 'headers', 'body', 'bodyEncoding'];
  assert.deepEqual(
    Object.keys(response).filter((key) => !known.includes(key)),
    [],
  );
  assert.ok(JSON.stringify(response).length < (type === 'viewer-request' ? 40_000 : 1_000_000));
  return response;
}

function checkHeader(name, values) {
  assert.equal(name, name.toLowerCase());
  assert.doesNotMatch(name, FORBIDDEN);
  assert.ok(values.length > 0);
  for (const { key = name, value } of values) {
    assert.equal(key.toLowerCase(), name);
    assert.match(value, /^[\x20-\x7e]*$/, name);
  }
}

/** Returns the only value of a header. */
export function header({ headers }, name) {
  assert.ok((headers[name]?.length ?? 0) <= 1, `${name} has several values`);
  return headers[name]?.[0].value;
}
