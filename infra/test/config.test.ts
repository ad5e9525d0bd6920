import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'smol-toml';
import { allowedParameters, parseConfig, warnings } from '../lib/config.ts';
import { loadConfig } from '../lib/load-config.ts';
import { configurationFile, viewerSettings } from '../lib/service-settings.ts';
import { DATA_STORE } from './modes.ts';

const MINIMAL = { region: 'eu-central-1' };
const COGNITO = {
  mode: 'cognito',
  userPoolId: 'eu-west-1_AbCdEf123',
  clientIds: ['3n4b5urk1ft4fl3mg5e62d9ado'],
};
const frames = (more: object) => ({
  ...MINIMAL,
  imageFrames: { dataStoreIds: [DATA_STORE], auth: COGNITO, ...more },
});

describe('a configuration', () => {
  test('requires only a region', () => {
    const config = parseConfig(MINIMAL);
    assert.equal(config.prefix, 'safelight');
    assert.equal(config.photoOrigin, 'functionUrl');
    assert.equal(config.signing, 'originAccessControl');
    assert.deepEqual(config.photoAuth, { mode: 'none' });
    assert.equal(config.removalPolicy, 'retain');
    assert.equal(config.bucket.versioned, true);
    assert.equal(config.imageFrames, undefined);
  });

  test('in the repository is valid and without warnings', () => {
    assert.deepEqual(warnings(loadConfig(undefined)), []);
  });

  test('allows tokens in headers but not in URLs by default', () => {
    const { auth } = parseConfig(frames({})).imageFrames ?? assert.fail();
    assert.ok(auth.mode === 'cognito');
    assert.deepEqual(auth.token, { bearer: true, headers: ['token'], cookies: [], query: [] });
    assert.equal(auth.tokenUse, 'access');
  });

  const invalid: [string, object, RegExp][] = [
    ['region', {}, /region: /],
    [
      'region',
      { region: 'Frankfurt' },
      /region: must be the name of a region, such as eu-central-1, not "Frankfurt"$/,
    ],
    ['prefix', { ...MINIMAL, prefix: 'Safe_Light' }, /prefix: must be 2 to 20 lower-case/],
    ['photoOrigin', { ...MINIMAL, photoOrigin: 'alb' }, /photoOrigin: .*functionUrl/],
    ['signing', { ...MINIMAL, signing: 'none' }, /signing: .*originAccessControl/],
    ['sigining', { ...MINIMAL, sigining: 'edge' }, /sigining: unknown key/],
    ['bucket.nam', { ...MINIMAL, bucket: { nam: 'b' } }, /bucket\.nam: unknown key/],
    [
      'bucket.name',
      { ...MINIMAL, bucket: { name: 's3://photos' } },
      /bucket\.name: must be the name of a bucket/,
    ],
    ['bucket.folder', { ...MINIMAL, bucket: { folder: '/a/' } }, /bucket\.folder: must be a path/],
    [
      'bucket.kmsKeyArn',
      { ...MINIMAL, bucket: { kmsKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/ab-1' } },
      /bucket\.kmsKeyArn: requires bucket\.name, an existing bucket/,
    ],
    [
      'domain.certificateArn',
      {
        ...MINIMAL,
        domain: {
          names: ['a.example.com'],
          certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/1',
        },
      },
      /domain\.certificateArn: must be the ARN of a resource of acm in us-east-1/,
    ],
    [
      'webAclArn',
      { ...MINIMAL, webAclArn: 'arn:aws:wafv2:eu-west-1:1:regional/webacl/a/b' },
      /webAclArn: .*us-east-1/,
    ],
    ['memoryMb', { ...MINIMAL, memoryMb: 64 }, /memoryMb: /],
    [
      'logs.retentionDays',
      { ...MINIMAL, logs: { retentionDays: 2 } },
      /logs\.retentionDays: must be a retention period .*, not 2$/,
    ],
    [
      'settings',
      { ...MINIMAL, settings: { SAFELIGHT_BUCKET: 'b' } },
      /settings: must not contain settings that the stacks set/,
    ],
    ['settings.PATH', { ...MINIMAL, settings: { PATH: '/' } }, /settings\.PATH: /],
    [
      'imageFrames.dataStoreIds.0',
      frames({ dataStoreIds: ['*'] }),
      /imageFrames\.dataStoreIds\.0: must be the ID of a data store/,
    ],
    ['imageFrames.auth', frames({ auth: undefined }), /imageFrames\.auth: /],
    ['imageFrames.auth.mode', frames({ auth: { mode: 'unknown' } }), /imageFrames\.auth\.mode: /],
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
      /imageFrames\.auth\.token: must allow at least one location/,
    ],
  ];
  for (const [key, input, message] of invalid) {
    test(`is rejected with an error for ${key}: ${message.source}`, () => {
      assert.throws(() => parseConfig(input), message);
    });
  }

  test('is rejected with an error for every invalid key', () => {
    assert.throws(
      () => parseConfig({ region: 'x', memoryMb: 1, priceClass: 'cheap' }),
      (error: Error) => ['region:', 'memoryMb:', 'priceClass:'].every((key) => error.message.includes(key)),
    );
  });

  test('causes a warning if everyone can read all EXIF', () => {
    const all = { ...MINIMAL, exif: 'all' };
    assert.match(warnings(parseConfig(all)).join(), /exif is all/);
    assert.deepEqual(warnings(parseConfig({ ...all, photoAuth: COGNITO })), []);
    assert.deepEqual(warnings(parseConfig({ ...all, parameters: ['width'] })), []);
    assert.match(
      warnings(parseConfig({ ...MINIMAL, settings: { SAFELIGHT_EXIF: 'all' } })).join(),
      /exif is all/,
    );
  });

  test('causes warnings for public image frames and for tokens in URLs', () => {
    assert.match(
      warnings(parseConfig(frames({ auth: { mode: 'none' } }))).join(),
      /imageFrames\.auth.*ANYONE/,
    );
    const inUrls = frames({ auth: { ...COGNITO, token: { query: ['token'] } } });
    assert.match(warnings(parseConfig(inUrls)).join(), /imageFrames\.auth\.token\.query/);
    assert.deepEqual(warnings(parseConfig(frames({}))), []);
  });
});

describe('settings of Safelight', () => {
  /** Tables of TOML have no prototype. */
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  const service = (settings: object) => parseConfig({ ...MINIMAL, service: settings });

  test('are those of the configuration file', () => {
    const settings = { 'max-pixels': 1000, presets: { card: 'width=320' }, 'ignore-keys': ['ref', 'pk_*'] };
    assert.deepEqual(service(settings).service, settings);
    assert.deepEqual(plain(parse(configurationFile(settings))), settings);
    assert.deepEqual(viewerSettings({ ...settings, 'ignore-keys': 'ref, pk_*', lenient: true }), {
      keys: undefined,
      ignoreKeys: ['ref', 'pk_*'],
      lenient: true,
    });
  });

  test('may be in a file beside the configuration', () => {
    const folder = mkdtempSync(join(tmpdir(), 'safelight-'));
    const path = join(folder, 'config.json');
    writeFileSync(path, JSON.stringify({ ...MINIMAL, service: 'safelight.toml' }));
    writeFileSync(join(folder, 'safelight.toml'), 'only-presets = true\n[presets]\ncard = "width=320"\n');
    assert.deepEqual(plain(loadConfig(path).service), {
      'only-presets': true,
      presets: { card: 'width=320' },
    });
    writeFileSync(join(folder, 'safelight.toml'), 'only-presets =');
    assert.throws(() => loadConfig(path), /cannot read the configuration .*safelight\.toml/);
    rmSync(folder, { recursive: true });
  });

  const invalid: [object, RegExp][] = [
    [{ 'max-pixel': 1 }, /service: max-pixel: unknown setting: did you mean max-pixels\?/],
    [{ 'max-pixels': true }, /max-pixels: must be of type integer or string, not true/],
    [{ presets: 'card' }, /presets: must be of type object, not "card"/],
    [{ 'log-subject': 'all' }, /log-subject: must be one of off, hash, plain, not "all"/],
    [{ bucket: 'photos' }, /bucket: must not be set here: set bucket\.name/],
    [{ 'signature-keys': 'a:b' }, /signature-keys: must not be set here: set signedUrls/],
    [{ presets: { a: 'x'.repeat(4000) } }, /must have at most 3500 bytes as TOML, not 40\d\d/],
  ];
  for (const [settings, message] of invalid) {
    test(`are rejected: ${JSON.stringify(settings).slice(0, 40)}`, () => {
      assert.throws(() => service(settings), message);
    });
  }

  test('do not name parameters twice', () => {
    const allow = { allow: { keys: ['width'] } };
    assert.deepEqual(allowedParameters(service(allow)), ['width']);
    assert.throws(
      () => parseConfig({ ...MINIMAL, parameters: ['width'], service: allow }),
      /parameters: must not be set beside allow\.keys/,
    );
  });
});
