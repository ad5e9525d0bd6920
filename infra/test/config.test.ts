import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { config as shipped } from '../config.ts';
import { parseConfig, warnings } from '../lib/config.ts';
import { DATA_STORE } from './modes.ts';

const LEAST = { region: 'eu-central-1' };
const COGNITO = {
  mode: 'cognito',
  userPoolId: 'eu-west-1_AbCdEf123',
  clientIds: ['3n4b5urk1ft4fl3mg5e62d9ado'],
};
const frames = (more: object) => ({
  ...LEAST,
  imageFrames: { dataStoreIds: [DATA_STORE], auth: COGNITO, ...more },
});

describe('a configuration', () => {
  test('needs a region and nothing else', () => {
    const config = parseConfig(LEAST);
    assert.equal(config.prefix, 'safelight');
    assert.equal(config.photoOrigin, 'functionUrl');
    assert.equal(config.signing, 'originAccessControl');
    assert.deepEqual(config.photoAuth, { mode: 'none' });
    assert.equal(config.removalPolicy, 'retain');
    assert.equal(config.bucket.versioned, true);
    assert.equal(config.imageFrames, undefined);
  });

  test('that is shipped can be deployed', () => {
    assert.deepEqual(warnings(parseConfig(shipped)), []);
  });

  test('looks for tokens in headers, and not in URLs', () => {
    const { auth } = parseConfig(frames({})).imageFrames ?? assert.fail();
    assert.ok(auth.mode === 'cognito');
    assert.deepEqual(auth.token, { bearer: true, headers: ['token'], cookies: [], query: [] });
    assert.equal(auth.tokenUse, 'access');
  });

  const wrong: [string, object, RegExp][] = [
    ['region', {}, /region: /],
    ['region', { region: 'Frankfurt' }, /region: must be the name of a region/],
    ['prefix', { ...LEAST, prefix: 'Safe_Light' }, /prefix: must be 2 to 20 lower-case/],
    ['photoOrigin', { ...LEAST, photoOrigin: 'alb' }, /photoOrigin: .*functionUrl/],
    ['signing', { ...LEAST, signing: 'none' }, /signing: .*originAccessControl/],
    ['sigining', { ...LEAST, sigining: 'edge' }, /sigining: is no setting/],
    ['bucket.nam', { ...LEAST, bucket: { nam: 'b' } }, /bucket\.nam: is no setting/],
    [
      'bucket.name',
      { ...LEAST, bucket: { name: 's3://photos' } },
      /bucket\.name: must be the name of a bucket/,
    ],
    ['bucket.folder', { ...LEAST, bucket: { folder: '/a/' } }, /bucket\.folder: must be a path/],
    [
      'bucket.kmsKeyArn',
      { ...LEAST, bucket: { kmsKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/ab-1' } },
      /bucket\.kmsKeyArn: is for a bucket that is there already/,
    ],
    [
      'domain.certificateArn',
      {
        ...LEAST,
        domain: {
          names: ['a.example.com'],
          certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/1',
        },
      },
      /domain\.certificateArn: must be the ARN of a resource of acm in us-east-1/,
    ],
    [
      'webAclArn',
      { ...LEAST, webAclArn: 'arn:aws:wafv2:eu-west-1:1:regional/webacl/a/b' },
      /webAclArn: .*us-east-1/,
    ],
    ['memoryMb', { ...LEAST, memoryMb: 64 }, /memoryMb: /],
    ['logs.retentionDays', { ...LEAST, logs: { retentionDays: 2 } }, /logs\.retentionDays: must be a period/],
    [
      'settings',
      { ...LEAST, settings: { SAFELIGHT_BUCKET: 'b' } },
      /settings: may not hold what the stacks set/,
    ],
    ['settings.PATH', { ...LEAST, settings: { PATH: '/' } }, /settings\.PATH: /],
    [
      'imageFrames.dataStoreIds.0',
      frames({ dataStoreIds: ['*'] }),
      /imageFrames\.dataStoreIds\.0: must be the ID of a data store/,
    ],
    ['imageFrames.auth', frames({ auth: undefined }), /imageFrames\.auth: /],
    ['imageFrames.auth.mode', frames({ auth: { mode: 'nobody' } }), /imageFrames\.auth\.mode: /],
    [
      'imageFrames.auth.userPoolId',
      frames({ auth: { ...COGNITO, userPoolId: 'pool' } }),
      /imageFrames\.auth\.userPoolId: must be the ID of a user pool/,
    ],
    [
      'imageFrames.auth.clientIds',
      frames({ auth: { ...COGNITO, clientIds: [] } }),
      /imageFrames\.auth\.clientIds: /,
    ],
    [
      'imageFrames.auth.issuer',
      frames({ auth: { mode: 'oidc', issuer: 'http://idp.example.com', audiences: ['a'] } }),
      /imageFrames\.auth\.issuer: must be a URL that begins with https/,
    ],
    [
      'imageFrames.auth.audiences',
      frames({ auth: { mode: 'oidc', issuer: 'https://idp.example.com' } }),
      /imageFrames\.auth\.audiences: /,
    ],
    [
      'imageFrames.auth.token',
      frames({ auth: { ...COGNITO, token: { bearer: false, headers: [] } } }),
      /imageFrames\.auth\.token: names no place/,
    ],
  ];
  for (const [key, input, message] of wrong) {
    test(`is refused by the name of ${key}: ${message.source}`, () => {
      assert.throws(() => parseConfig(input), message);
    });
  }

  test('names every key that is wrong', () => {
    assert.throws(
      () => parseConfig({ region: 'x', memoryMb: 1, priceClass: 'cheap' }),
      (error: Error) => ['region:', 'memoryMb:', 'priceClass:'].every((key) => error.message.includes(key)),
    );
  });

  test('warns of image frames that anybody may read, and of tokens in URLs', () => {
    assert.match(
      warnings(parseConfig(frames({ auth: { mode: 'none' } }))).join(),
      /imageFrames\.auth.*ANYBODY/,
    );
    const inUrls = frames({ auth: { ...COGNITO, token: { query: ['token'] } } });
    assert.match(warnings(parseConfig(inUrls)).join(), /imageFrames\.auth\.token\.query/);
    assert.deepEqual(warnings(parseConfig(frames({}))), []);
  });
});
