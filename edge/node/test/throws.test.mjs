/**
 * Checks that every function of the addon throws its errors. `#[napi]` would return them as values if a function
 * used `Result` under another name.
 */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { folder, OPEN } from './support/edge.mjs';
import { customOrigin, originEvent, viewerEvent } from './support/events.mjs';

const addon = createRequire(import.meta.url)(join(folder(OPEN), 'safelight-edge.node'));
const NOW = 1_800_000_000;
const config = (more) => JSON.stringify({ ...OPEN, ...more });
const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret' };

test('these tests cover every function of the addon', () => {
  assert.deepEqual(Object.keys(addon).sort(), ['Edge', 'MAX_KEY_SET_BYTES']);
  const functions = Object.getOwnPropertyNames(addon.Edge.prototype).sort();
  assert.deepEqual(functions, [
    'constructor',
    'fetchFailed',
    'keysFetched',
    'originRequest',
    'viewerRequest',
  ]);
});

test('an invalid configuration throws an error that names the key', () => {
  for (const [text, message] of [
    ['', /EOF/],
    ['{}', /missing field `authorize`/],
    [config({ extra: 1 }), /^extra: unknown field `extra`/],
    [config({ authorize: { mode: 'off' } }), /^authorize\.mode: unknown variant `off`/],
    [config({ authorize: { mode: 'token' } }), /^authorize\.issuers: must be a list of 1 to 32/],
    [config({ normalize: { keys: ['widht'] } }), /^normalize\.keys\[0\]: must be one of .*showExif/],
    [config({ sign: {} }), /^sign: missing field `target`/],
    [
      config({ sign: { target: 'manual' } }),
      /^sign\.target: invalid value: string "manual", expected "auto"/,
    ],
    [config({ sign: { target: { service: 's3' } } }), /^sign\.target: missing field `region`/],
    [
      config({ sign: { target: { service: 's4', region: 'eu-west-1' } } }),
      /^sign\.target\.service: must be one of s3, /,
    ],
    [
      config({ sign: { target: { service: 's3', region: 'here' } } }),
      /^sign\.target\.region: must be a region/,
    ],
    [
      config({ sign: { target: { service: 's3', region: 'eu-west-1', x: 1 } } }),
      /^sign\.target\.x: unknown field/,
    ],
  ]) {
    assert.throws(() => new addon.Edge(text), { code: 'config', message }, text);
  }
  assert.throws(() => new addon.Edge());
  assert.throws(() => new addon.Edge(7));
});

test('an invalid event throws an error without any part of the event', () => {
  const edge = new addon.Edge(config({ sign: { target: 'auto' } }));
  const [viewer, origin] = [viewerEvent(), originEvent(customOrigin('b.s3.eu-west-1.amazonaws.com'))].map(
    (event) => JSON.stringify(event),
  );
  const twice = JSON.stringify({ Records: [...viewerEvent().Records, ...viewerEvent().Records] });
  for (const text of ['', 'secret', '{"Records":[]}', twice, viewer.replace('"method"', '"secret"')]) {
    const error = { code: 'event', message: 'not a CloudFront event of the expected type' };
    assert.throws(() => edge.viewerRequest(text, NOW), error);
    assert.throws(() => edge.originRequest(text, credentials, NOW), error);
  }
  assert.throws(() => edge.viewerRequest(origin, NOW), { code: 'event' });
  assert.throws(() => edge.originRequest(viewer, credentials, NOW), { code: 'event' });
  for (const now of [NaN, -1, Infinity, 1e300]) {
    assert.throws(() => edge.viewerRequest(viewer, now), { code: 'now' });
    assert.throws(() => edge.originRequest(origin, credentials, now), { code: 'now' });
    assert.throws(() => edge.keysFetched('https://id.example', Buffer.from(''), now), { code: 'now' });
    assert.throws(() => edge.fetchFailed('https://id.example', now), { code: 'now' });
  }
  for (const wrong of [{}, { accessKeyId: 'AKID' }, null, undefined, 'AKID']) {
    assert.throws(() => edge.originRequest(origin, wrong, NOW));
  }
  assert.throws(() => edge.originRequest(origin, { accessKeyId: '', secretAccessKey: '' }, NOW), {
    code: 'sign',
  });
  assert.throws(() => edge.keysFetched('https://id.example', Buffer.from('{}'), NOW), { code: 'key-set' });
  for (const call of [edge.viewerRequest, edge.originRequest, edge.keysFetched, edge.fetchFailed]) {
    assert.throws(() => call.call(edge));
  }
});

test('a result that CloudFront would reject throws an error', () => {
  const authorize = { mode: 'none', tokenFrom: { headers: ['via'] } };
  const edge = new addon.Edge(config({ authorize }));
  const event = viewerEvent({ headers: { Via: '1.1 a' } });
  assert.throws(() => edge.viewerRequest(JSON.stringify(event), NOW), { code: 'read-only-header' });
});
