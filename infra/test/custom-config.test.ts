import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Deployment, type Json, valueAt } from './deployment.ts';
import { ACCOUNT, MODES, REGION } from './modes.ts';
import { resourcePolicies, roles } from './policies.ts';
import { resolve } from './resolve.ts';

describe('a custom configuration', () => {
  const base = { region: REGION, account: ACCOUNT };
  const variables = (deployment: Deployment) => {
    const [transform] = deployment.all('AWS::Lambda::Function');
    return resolve(
      deployment,
      deployment.stack('storage'),
      valueAt(transform?.properties, 'Environment', 'Variables') ?? {},
    );
  };

  test('serves a folder of an existing bucket', () => {
    const deployment = new Deployment({
      ...base,
      bucket: {
        name: 'my-photos',
        folder: 'public/web',
        kmsKeyArn: `arn:aws:kms:${REGION}:${ACCOUNT}:key/ab-1`,
      },
      exif: 'all',
      settings: { SAFELIGHT_LOG: 'warn' },
    });
    assert.deepEqual(variables(deployment), {
      SAFELIGHT_BUCKET: 'my-photos',
      SAFELIGHT_PREFIX: 'public/web',
      SAFELIGHT_EXIF: 'all',
      SAFELIGHT_LOG: 'warn',
    });
    assert.equal(deployment.all('AWS::S3::Bucket').length, 1);
    const [role] = roles(deployment, deployment.stack('storage'));
    assert.deepEqual(
      role?.statements.slice(1).map(({ Action, Resource }) => [Action, Resource]),
      [
        ['s3:GetObject', 'arn:aws:s3:::my-photos/public/web/*'],
        ['kms:Decrypt', `arn:aws:kms:${REGION}:${ACCOUNT}:key/ab-1`],
      ],
    );
  });

  test('serves a folder through Object Lambda with both kinds of signing', () => {
    for (const signing of ['originAccessControl', 'edge'] as const) {
      const bucket = { name: 'my-photos', folder: 'web' };
      const deployment = new Deployment({ ...base, photoOrigin: 'objectLambda', signing, bucket });
      const [distribution] = deployment.all('AWS::CloudFront::Distribution');
      assert.equal(valueAt(distribution?.properties.DistributionConfig, 'Origins', 0, 'OriginPath'), '/web');
      const policies = JSON.stringify([
        ...resourcePolicies(deployment),
        ...deployment.all('AWS::IAM::Policy'),
      ]);
      assert.ok(policies.includes('accesspoint/safelight-source/object/web/*'));
      assert.ok(!policies.includes('/object/*'));
    }
  });

  test('does not require the account id', () => {
    for (const { config } of MODES.filter(({ name }) => name.endsWith('-edge-frames-domain'))) {
      assert.equal(new Deployment({ ...config, account: undefined }).stacks.length, 5);
    }
  });

  test('is applied to the function and the distribution', () => {
    const webAclArn = `arn:aws:wafv2:us-east-1:${ACCOUNT}:global/webacl/wall/11111111-2222-3333-4444-555555555555`;
    const topic = `arn:aws:sns:${REGION}:${ACCOUNT}:operators`;
    const deployment = new Deployment({
      ...base,
      prefix: 'pictures',
      webAclArn,
      alarmTopicArn: topic,
      priceClass: 'all',
      originShieldRegion: 'eu-central-1',
      memoryMb: 3008,
      architecture: 'x86_64',
      reservedConcurrency: 50,
      removalPolicy: 'destroy',
    });
    const [distribution] = deployment.all('AWS::CloudFront::Distribution');
    const settings = distribution?.properties.DistributionConfig;
    assert.deepEqual(
      [valueAt(settings, 'WebACLId'), valueAt(settings, 'PriceClass')],
      [webAclArn, 'PriceClass_All'],
    );
    assert.deepEqual(valueAt(settings, 'Origins', 0, 'OriginShield'), {
      Enabled: true,
      OriginShieldRegion: 'eu-central-1',
    });
    const [transform] = deployment.all('AWS::Lambda::Function');
    const { FunctionName, MemorySize, Architectures, ReservedConcurrentExecutions } =
      transform?.properties ?? {};
    assert.deepEqual(
      [FunctionName, MemorySize, Architectures, ReservedConcurrentExecutions],
      ['pictures-transform', 3008, ['x86_64'], 50],
    );
    for (const { properties } of deployment.all('AWS::CloudWatch::Alarm'))
      assert.equal((properties.AlarmActions as Json[]).at(-1), topic);
    for (const { deletionPolicy } of deployment.all('AWS::S3::Bucket'))
      assert.equal(deletionPolicy, 'Delete');
  });
});
