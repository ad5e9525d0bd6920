import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { attack } from '../cost/attack.ts';
import { parseConfig } from '../lib/config.ts';
import { checkQuota, resume } from '../scripts/concurrency.ts';
import { Deployment, valueAt } from './deployment.ts';
import { CREDENTIALS, bodyOf, withServer } from './loopback.ts';
import { ACCOUNT, DATA_STORE, REGION } from './modes.ts';

const MINIMAL = { region: REGION, account: ACCOUNT };
const FRAMES = { imageFrames: { dataStoreIds: [DATA_STORE], auth: { mode: 'none' as const } } };

/** Lambda with concurrency that functions have reserved, and a quota. */
function lambda(quota: number, reserved: Record<string, number | undefined>): RequestListener {
  return (request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://x');
    const [, name] = /functions\/([^/]+)\/concurrency$/.exec(pathname) ?? [];
    if (name === undefined) {
      const taken = Object.values(reserved).reduce<number>((sum, count) => sum + (count ?? 0), 0);
      const AccountLimit = { ConcurrentExecutions: quota, UnreservedConcurrentExecutions: quota - taken };
      response.end(JSON.stringify({ AccountLimit }));
    } else if (request.method === 'GET') {
      if (name in reserved) response.end(JSON.stringify({ ReservedConcurrentExecutions: reserved[name] }));
      else response.writeHead(404, { 'x-amzn-errortype': 'ResourceNotFoundException' }).end('{}');
    } else if (request.method === 'DELETE') {
      reserved[name] = undefined;
      response.writeHead(204).end();
    } else {
      void bodyOf(request).then((body) => {
        const { ReservedConcurrentExecutions } = JSON.parse(body) as { ReservedConcurrentExecutions: number };
        reserved[name] = ReservedConcurrentExecutions;
        response.end(body);
      });
    }
  };
}

describe('reserved concurrency', () => {
  const cases: [string, number, Record<string, number>, object, RegExp | undefined][] = [
    ['fits', 1000, {}, {}, undefined],
    ['fits exactly', 120, {}, {}, undefined],
    ['is counted for each function', 140, {}, FRAMES, undefined],
    ['does not count its own functions twice', 120, { 'safelight-transform': 20 }, {}, undefined],
    ['may be left out', 10, {}, { reservedConcurrency: 'none' }, undefined],
    ['does not fit', 110, {}, {}, /quota of 110 .*: set it to at most 10$/],
    ['does not fit two functions', 130, {}, FRAMES, /for 2 functions .*: set it to at most 15$/],
    ['does not fit a new account', 10, {}, {}, /quota of 10 .*: set it to 'none'/],
    ['does not fit beside other functions', 1000, { other: 890 }, {}, /at most 10$/],
  ];
  for (const [what, quota, reserved, more, error] of cases) {
    test(what, () =>
      withServer(lambda(quota, reserved), async (endpoint) => {
        const client = new LambdaClient({ region: REGION, endpoint, credentials: CREDENTIALS });
        const check = checkQuota(client, parseConfig({ ...MINIMAL, ...more }));
        await (error ? assert.rejects(check, error) : check);
      }),
    );
  }
});

describe('the kill switch', () => {
  test('stops the function, and resume lets it run again', async () => {
    const reserved: Record<string, number | undefined> = { 'safelight-transform': 20 };
    const source = readFileSync(new URL('../lib/kill-switch.js', import.meta.url), 'utf8');
    await withServer(lambda(1000, reserved), async (endpoint) => {
      const client = new LambdaClient({ region: REGION, endpoint, credentials: CREDENTIALS });
      const exports: { handler?: () => Promise<void> } = {};
      const sdk = createRequire(import.meta.url)('@aws-sdk/client-lambda') as object;
      runInNewContext(source, {
        exports,
        // The SDK finds region, endpoint and credentials in the environment of Lambda.
        require: () => ({
          ...sdk,
          LambdaClient: function () {
            return client;
          },
        }),
        process: { env: { FUNCTION: 'safelight-transform' } },
        console: { log: () => undefined },
        JSON,
      });
      await exports.handler?.();
      assert.deepEqual(reserved, { 'safelight-transform': 0 });
      await resume(client, parseConfig(MINIMAL));
      assert.deepEqual(reserved, { 'safelight-transform': 20 });
      await resume(client, parseConfig({ ...MINIMAL, reservedConcurrency: 'none' }));
      assert.equal(reserved['safelight-transform'], undefined);
    });
  });

  test('is triggered by the cost of a day, and may be left out', () => {
    const alarms = (more: object) =>
      new Deployment({ ...MINIMAL, ...more })
        .all('AWS::CloudWatch::Alarm')
        .filter(({ id }) => id.includes('KillSwitch'))
        .map(({ properties }) => properties);
    const [alarm, ...others] = alarms({ killSwitch: { usdPerDay: 7 }, memoryMb: 2048 });
    assert.equal(others.length, 0);
    assert.equal(alarm?.Threshold, 7);
    const metrics = alarm.Metrics as { Expression?: string; MetricStat?: object }[];
    // 2 GB for a millisecond.
    assert.equal(metrics[0]?.Expression, 'duration * 0.00000002666680');
    assert.equal(valueAt(metrics[1] as never, 'MetricStat', 'Period'), 86_400);
    assert.deepEqual(alarms({ killSwitch: 'none' }), []);
    const functions = new Deployment({ ...MINIMAL, reservedConcurrency: 7 }).all('AWS::Lambda::Function');
    const transform = functions.find(({ properties }) => properties.FunctionName === 'safelight-transform');
    assert.equal(transform?.properties.ReservedConcurrentExecutions, 7);
  });
});

describe('the firewall', () => {
  const acls = (more: object) =>
    new Deployment({ ...MINIMAL, ...more }).all('AWS::WAFv2::WebACL').map(({ properties }) => properties);

  test('limits each address, with one for each distribution', () => {
    const both = acls({ ...FRAMES, firewall: { requestsPerTwoMinutes: 77 } });
    assert.equal(both.length, 2);
    for (const acl of both) {
      assert.equal(acl.Scope, 'CLOUDFRONT');
      const statement = valueAt(acl, 'Rules', 0, 'Statement', 'RateBasedStatement');
      assert.deepEqual(statement, { AggregateKeyType: 'IP', EvaluationWindowSec: 120, Limit: 77 });
    }
  });

  test('may be left out, or be the operator’s own', () => {
    assert.equal(acls({ firewall: 'none' }).length, 0);
    const webAclArn = `arn:aws:wafv2:us-east-1:${ACCOUNT}:global/webacl/own/11111111-2222-3333-4444-555555555555`;
    assert.equal(acls({ webAclArn }).length, 0);
    assert.equal(acls({ ...FRAMES, webAclArn }).length, 1);
    const attached = (more: object) => {
      const deployment = new Deployment({ ...MINIMAL, ...more });
      const [distribution] = deployment.all('AWS::CloudFront::Distribution');
      return valueAt(distribution?.properties, 'DistributionConfig', 'WebACLId');
    };
    assert.equal(attached({ webAclArn }), webAclArn);
    assert.equal(attached({ firewall: 'none' }), undefined);
    assert.deepEqual(valueAt(attached({}), 'Fn::GetAtt', 1), '/safelight/firewall/photos');
  });
});

describe('an attacker', () => {
  const limits = { seconds: 58, memoryMb: 1769, executions: 20 };

  test('reaches Lambda with each distinct query, unless URLs are signed', async () => {
    const open = await attack(3000, {}, { ...limits, executions: undefined });
    assert.equal(open.paid, 3000, 'every query is distinct');
    assert.ok(open.usd > 3);
    const signed = await attack(3000, { signature: { required: true } }, limits);
    assert.equal(signed.paid, 0);
    assert.ok(signed.usd < 0.01);
  });

  test('gets no more than the reserved concurrency in a day', async () => {
    const { paid } = await attack(3000, {}, { ...limits, seconds: 864 });
    assert.equal(paid, 2000);
  });
});
