import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ConfigInput, parseConfig } from '../lib/config.ts';
import { FRAME_KEYS, framesEdgeConfig, photosEdgeConfig, photosNeedEdge } from '../lib/edge-config.ts';
import { DATA_STORE, REGION } from './modes.ts';

const parse = (more: Partial<ConfigInput>) => parseConfig({ region: REGION, ...more });
const TOKEN = { authorization: true, headers: ['token'], cookies: [], queries: [] };

describe('the configuration of edge functions', () => {
  test('contains a signer and a normaliser for public images', () => {
    assert.deepEqual(photosEdgeConfig(parse({ signing: 'edge', parameters: ['format', 'width'] })), {
      authorize: { mode: 'none' },
      // The order is that of the registry.
      normalize: { keys: ['width', 'format'], passOn: [] },
      sign: { target: 'auto' },
    });
  });

  test('has no keys if all are allowed, and no signer if CloudFront signs', () => {
    const config = parse({
      photoAuth: { mode: 'oidc', issuer: 'https://idp.example.com/', audiences: ['photos'] },
    });
    assert.ok(photosNeedEdge(config));
    assert.deepEqual(photosEdgeConfig(config), {
      authorize: {
        mode: 'token',
        issuers: [{ oidc: { issuer: 'https://idp.example.com/', audiences: ['photos'] } }],
        graceSeconds: 0,
        tokenFrom: TOKEN,
      },
      normalize: { passOn: [] },
      sign: null,
    });
  });

  test('checks tokens for image frames, whatever signs the requests for images', () => {
    const config = parse({
      imageFrames: {
        dataStoreIds: [DATA_STORE],
        auth: {
          mode: 'cognito',
          userPoolId: 'eu-west-1_AbCdEf123',
          clientIds: ['client1'],
          groups: ['radiology'],
          graceSeconds: 5,
        },
      },
    });
    assert.ok(!photosNeedEdge(config));
    assert.deepEqual(framesEdgeConfig(config.imageFrames ?? assert.fail()), {
      authorize: {
        mode: 'token',
        issuers: [
          {
            cognito: {
              userPoolId: 'eu-west-1_AbCdEf123',
              clientIds: ['client1'],
              tokenUse: 'access',
              groups: ['radiology'],
            },
          },
        ],
        graceSeconds: 5,
        tokenFrom: TOKEN,
      },
      normalize: { passOn: FRAME_KEYS },
      sign: { target: 'auto' },
    });
  });
});
