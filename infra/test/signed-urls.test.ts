import assert from 'node:assert/strict';
import { Agent, type RequestListener } from 'node:http';
import type { LookupFunction } from 'node:net';
import { describe, test } from 'node:test';
import { CloudFrontKeyValueStoreClient } from '@aws-sdk/client-cloudfront-keyvaluestore';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { parseConfig, signedUrls, warnings } from '../lib/config.ts';
import { SignatureKeys } from '../scripts/signature-keys.ts';
import { Deployment, valueAt } from './deployment.ts';
import { CREDENTIALS, bodyOf, withServer } from './loopback.ts';
import { ACCOUNT, REGION } from './modes.ts';

const MINIMAL = { region: REGION, account: ACCOUNT };
const OIDC = { mode: 'oidc' as const, issuer: 'https://idp.example.com', audiences: ['photos'] };
const STORE = `arn:aws:cloudfront::${ACCOUNT}:key-value-store/11111111-2222-3333-4444-555555555555`;

describe('signed URLs', () => {
  test('are required unless presets or tokens limit what viewers ask for', () => {
    const check = (more: object, expected: string, hasWarning: boolean) => {
      const config = parseConfig({ ...MINIMAL, ...more });
      assert.equal(signedUrls(config), expected);
      assert.equal(
        warnings(config).some((text) => text.startsWith('signedUrls')),
        hasWarning,
      );
    };
    check({}, 'required', false);
    check({ signedUrls: 'accepted' }, 'accepted', true);
    check({ signedUrls: 'off' }, 'off', true);
    check({ service: { 'only-presets': true } }, 'off', false);
    check({ service: { 'only-presets': true }, signedUrls: 'required' }, 'required', false);
    check({ photoAuth: OIDC }, 'off', false);
    assert.throws(
      () => parseConfig({ ...MINIMAL, photoAuth: OIDC, signedUrls: 'required' }),
      /signedUrls: is supported only with public images/,
    );
  });

  test('are checked at CloudFront, with keys of a store', () => {
    const parts = (more: object) => {
      const deployment = new Deployment({ ...MINIMAL, ...more });
      const [viewer] = deployment.all('AWS::CloudFront::Function');
      return {
        code: String(viewer?.properties.FunctionCode),
        stores: (valueAt(viewer?.properties, 'FunctionConfig', 'KeyValueStoreAssociations') ?? []) as [],
        secrets: deployment.all('AWS::SecretsManager::Secret'),
      };
    };
    for (const signing of ['originAccessControl', 'edge']) {
      const signed = parts({ signing });
      assert.match(signed.code, /signature:\{required:true\}/);
      assert.equal(signed.stores.length, 1);
      assert.equal(signed.secrets.length, 1);
      // A name would keep the secret of a deleted deployment from being made again.
      assert.equal(signed.secrets[0]?.properties.Name, undefined);
    }
    assert.match(parts({ signedUrls: 'accepted' }).code, /signature:\{required:false\}/);
    const off = parts({ signedUrls: 'off', service: { 'ignore-keys': ['ref'], allow: { keys: ['width'] } } });
    assert.deepEqual([off.stores.length, off.secrets.length], [0, 0]);
    assert.match(off.code, /"ref"/);
    assert.doesNotMatch(off.code, /"height"/);
  });
});

/** Secrets Manager and a key-value store whose version changes with each write. */
function services(secrets: string[], stored: Map<string, string>): RequestListener {
  let version = 0;
  return (request, response) => {
    void bodyOf(request).then((body) => {
      const [, path = ''] =
        /\/key-value-stores\/[^/]+(.*)$/.exec(decodeURIComponent(request.url ?? '')) ?? [];
      const target = String(request.headers['x-amz-target'] ?? '');
      if (target.endsWith('GetSecretValue')) {
        response.end(JSON.stringify({ SecretString: secrets.at(-1) }));
      } else if (target.endsWith('PutSecretValue')) {
        secrets.push((JSON.parse(body) as { SecretString: string }).SecretString);
        response.end('{}');
      } else if (request.method === 'GET' && path.includes('/keys')) {
        const Items = [...stored].map(([Key, Value]) => ({ Key, Value }));
        response.end(JSON.stringify({ Items }));
      } else if (request.method === 'GET') {
        response.setHeader('ETag', `v${version}`);
        response.end(JSON.stringify({ Created: 0, KvsARN: STORE, TotalSizeInBytes: 0, ItemCount: 0 }));
      } else if (request.headers['if-match'] !== `v${version}`) {
        response.writeHead(409, { 'x-amzn-errortype': 'ConflictException' }).end('{}');
      } else {
        const key = path.replace(/.*\/keys\//, '');
        if (request.method === 'DELETE') stored.delete(key);
        else stored.set(key, (JSON.parse(body) as { Value: string }).Value);
        version += 1;
        response.setHeader('ETag', `v${version}`);
        response.end(JSON.stringify({ ItemCount: stored.size, TotalSizeInBytes: 0 }));
      }
    });
  };
}

const toLoopback: LookupFunction = (_, options, callback) => {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

test('keys are published, rotated and revoked', async () => {
  const [secrets, stored] = [['first-secret'], new Map<string, string>([['other', 'x']])];
  await withServer(services(secrets, stored), async (endpoint) => {
    const settings = { region: 'us-east-1', endpoint, credentials: CREDENTIALS, maxAttempts: 1 };
    const keys = new SignatureKeys(
      new SecretsManagerClient(settings),
      // The client puts the account before the host, which leads to loopback all the same.
      new CloudFrontKeyValueStoreClient({
        ...settings,
        endpoint: endpoint.replace('127.0.0.1', 'localhost'),
        requestHandler: { httpAgent: new Agent({ lookup: toLoopback }) },
      }),
      'arn:of-the-secret',
      STORE,
    );
    const first = await keys.current();
    assert.deepEqual(await keys.publish(), [first.id]);
    assert.equal(stored.get(`key:${first.id}`), 'first-secret');
    assert.deepEqual(await keys.publish(), [first.id], 'publishing again changes nothing');
    await assert.rejects(keys.revoke(first.id), /signs URLs/);
    await assert.rejects(keys.revoke('none'), /unknown key none: expected one of/);

    await keys.rotate();
    const second = await keys.current();
    assert.notEqual(second.id, first.id);
    assert.ok(second.secret.length >= 64);
    assert.deepEqual((await keys.publish()).sort(), [first.id, second.id].sort());
    assert.equal(stored.get(`key:${second.id}`), second.secret);
    await keys.revoke(first.id);
    assert.deepEqual([...stored.keys()].sort(), ['other', `key:${second.id}`].sort());
  });
});
