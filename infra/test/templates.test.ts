import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConfigInput } from '../lib/config.ts';
import { PARAMETERS } from '../lib/parameters.ts';
import { Deployment, type Json, type JsonObject, type Stack, valueAt } from './deployment.ts';
import { DICOMWEB_ACTIONS, IMAGE_SET_ACTIONS } from './health-imaging-actions.ts';
import { ACCOUNT, CERTIFICATE, MODES, REGION } from './modes.ts';
import { list, resourcePolicies, roles } from './policies.ts';

/** The headers that the distribution of images adds to every response. */
function viewerHeaders(deployment: Deployment): Record<string, Json | undefined> {
  const [policy] = deployment
    .stack('cdn')
    .resources.filter(({ type }) => type === 'AWS::CloudFront::ResponseHeadersPolicy');
  const config = policy?.properties.ResponseHeadersPolicyConfig;
  const items = valueAt(config, 'CustomHeadersConfig', 'Items') as JsonObject[];
  return Object.fromEntries(items.map(({ Header, Value }) => [String(Header), Value]));
}

const names = PARAMETERS.flatMap(({ key, aliases }) => [key, ...aliases]);

for (const { name, config } of MODES) {
  const deployment = new Deployment(config);
  const isObjectLambda = config.photoOrigin === 'objectLambda';
  const hasEdge = config.signing === 'edge';
  const hasFrames = config.imageFrames !== undefined;

  describe(name, () => {
    test('has the required stacks, with their regions and dependencies', () => {
      const expected = [
        ['safelight-storage', REGION, []],
        ['safelight-firewall', 'us-east-1', []],
        ...(hasEdge || hasFrames ? [['safelight-lambda-edge', 'us-east-1', []]] : []),
        [
          'safelight-cdn',
          REGION,
          ['safelight-firewall', ...(hasEdge ? ['safelight-lambda-edge'] : []), 'safelight-storage'],
        ],
        ...(hasFrames
          ? [
              [
                'safelight-image-frames',
                REGION,
                ['safelight-firewall', 'safelight-lambda-edge', 'safelight-storage'],
              ],
            ]
          : []),
      ];
      const found = deployment.stacks.map((stack) => [
        `safelight-${stack.name}`,
        stack.region,
        stack.dependsOn.sort(),
      ]);
      assert.deepEqual(found.sort(), expected.sort());
    });

    test('has private, encrypted buckets that require TLS', () => {
      const policies = resourcePolicies(deployment);
      const buckets = deployment.all('AWS::S3::Bucket');
      assert.equal(buckets.length, 2);
      for (const { id, properties } of buckets) {
        assert.deepEqual(properties.PublicAccessBlockConfiguration, {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        });
        assert.deepEqual(
          valueAt(
            properties.BucketEncryption,
            'ServerSideEncryptionConfiguration',
            0,
            'BlockedEncryptionTypes',
          ),
          { EncryptionType: ['SSE-C'] },
          id,
        );
        const statements = policies.get(`arn:aws:s3:::${id}`)?.Statement ?? [];
        const denied = statements.filter(({ Effect }) => Effect === 'Deny').map(({ Condition }) => Condition);
        assert.deepEqual(denied, [
          { Bool: { 'aws:SecureTransport': 'false' } },
          { NumericLessThan: { 's3:TlsVersion': 1.2 } },
        ]);
      }
    });

    test('allows only named principals and actions', () => {
      for (const [arn, { Statement }] of resourcePolicies(deployment)) {
        for (const { Effect, Principal, Action, Condition } of Statement) {
          if (Effect === 'Deny') continue;
          const isPublic = JSON.stringify(Principal).includes('*');
          assert.ok(!isPublic || valueAt(Condition, 'StringEquals', 'aws:PrincipalAccount') === ACCOUNT, arn);
          for (const action of list(Action)) assert.doesNotMatch(action, /\*/, arn);
        }
      }
      for (const { properties } of deployment.all('AWS::Lambda::Url'))
        assert.equal(properties.AuthType, 'AWS_IAM');
      const accessPoints = deployment.all('AWS::S3::AccessPoint');
      assert.equal(accessPoints.length, isObjectLambda ? 1 : 0);
      for (const { properties } of accessPoints) {
        assert.ok(
          Object.values(properties.PublicAccessBlockConfiguration as JsonObject).every((set) => set === true),
        );
      }
    });

    test('gives every role exactly the permissions listed in this test', () => {
      const found = deployment.stacks.flatMap((stack) =>
        roles(deployment, stack).map(({ id, statements }) => [
          `${stack.name}/${id.replace(/[0-9A-F]{8}$/, '')}`,
          statements.flatMap(({ Effect, Action, Resource }) =>
            list(Action).flatMap((action) =>
              list(Resource).map(
                (resource) => `${Effect} ${action} ${resource.replace(/(?<=[a-z])[0-9A-F]{8}(?=\W|$)/g, '')}`,
              ),
            ),
          ),
        ]),
      );
      assert.deepEqual(Object.fromEntries(found), expectedRoles(isObjectLambda, hasEdge, hasFrames));
    });

    test('serves over HTTPS only, with HTTP/2 and 3 and access logs', () => {
      const distributions = deployment.all('AWS::CloudFront::Distribution');
      assert.equal(distributions.length, hasFrames ? 2 : 1);
      for (const { properties } of distributions) {
        const settings = properties.DistributionConfig as JsonObject;
        assert.equal(settings.HttpVersion, 'http2and3');
        assert.ok(valueAt(settings, 'Logging', 'Bucket'));
        assert.equal(valueAt(settings, 'Logging', 'IncludeCookies') ?? false, false);
        const behaviors = [settings.DefaultCacheBehavior, ...((settings.CacheBehaviors ?? []) as Json[])];
        for (const behavior of behaviors) {
          assert.match(String(valueAt(behavior, 'ViewerProtocolPolicy')), /^(redirect-to-https|https-only)$/);
          assert.ok(
            valueAt(behavior, 'ResponseHeadersPolicyId') && valueAt(behavior, 'OriginRequestPolicyId'),
          );
        }
        for (const origin of settings.Origins as Json[]) {
          const custom = valueAt(origin, 'CustomOriginConfig');
          if (custom) {
            assert.equal(valueAt(custom, 'OriginProtocolPolicy'), 'https-only');
            assert.deepEqual(valueAt(custom, 'OriginSSLProtocols'), ['TLSv1.2']);
          }
        }
        assert.deepEqual(settings.CustomErrorResponses, [{ ErrorCachingMinTTL: 1, ErrorCode: 503 }]);
        const certificate = settings.ViewerCertificate as JsonObject | undefined;
        assert.equal(certificate?.MinimumProtocolVersion, config.domain ? 'TLSv1.2_2025' : undefined);
        assert.equal(certificate?.AcmCertificateArn, config.domain ? CERTIFICATE : undefined);
      }
      for (const { properties } of deployment.all('AWS::CloudFront::ResponseHeadersPolicy')) {
        const headers = properties.ResponseHeadersPolicyConfig;
        assert.equal(valueAt(headers, 'SecurityHeadersConfig', 'ContentTypeOptions', 'Override'), true);
        const policy = valueAt(
          headers,
          'SecurityHeadersConfig',
          'ContentSecurityPolicy',
          'ContentSecurityPolicy',
        );
        assert.match(String(policy), /^default-src 'none';.* sandbox$/);
        assert.equal(
          valueAt(headers, 'SecurityHeadersConfig', 'StrictTransportSecurity', 'AccessControlMaxAgeSec'),
          31536000,
        );
        assert.equal(valueAt(headers, 'CorsConfig', 'AccessControlAllowCredentials'), false);
      }
    });

    test('runs a function once for each request, and waits for its whole response', () => {
      const functions = deployment.all('AWS::Lambda::Function');
      const timeout = (name: string) =>
        Number(functions.find(({ properties }) => properties.FunctionName === name)?.properties.Timeout);
      for (const [stack, name] of [
        ['cdn', 'safelight-transform'],
        ...(hasFrames ? [['image-frames', 'safelight-image-frames']] : []),
      ] as [string, string][]) {
        const distribution = deployment
          .stack(stack)
          .resources.find(({ type }) => type === 'AWS::CloudFront::Distribution');
        const origins = valueAt(distribution?.properties, 'DistributionConfig', 'Origins') as JsonObject[];
        for (const origin of origins) {
          assert.equal(origin.ConnectionAttempts, 1, name);
          assert.equal(origin.ResponseCompletionTimeout, timeout(name) + 5, name);
        }
      }
      assert.equal(timeout('safelight-transform'), isObjectLambda ? 60 : 120);
    });

    test('signs origin requests by CloudFront or at the edge', () => {
      const controls = deployment
        .stack('cdn')
        .resources.filter(({ type }) => type.endsWith('OriginAccessControl'));
      const signing = controls.map(({ properties }) => properties.OriginAccessControlConfig as JsonObject);
      assert.deepEqual(
        signing.map((one) => [one.OriginAccessControlOriginType, one.SigningBehavior, one.SigningProtocol]),
        hasEdge ? [] : [[isObjectLambda ? 's3' : 'lambda', 'always', 'sigv4']],
      );
      assert.deepEqual(events(deployment.stack('cdn')), hasEdge ? ['origin-request'] : []);
    });

    test('has a cache key with the parameters of the registry', () => {
      const cdn = deployment.stack('cdn');
      const [policy] = cdn.resources.filter(({ type }) => type === 'AWS::CloudFront::CachePolicy');
      const key = valueAt(
        policy?.properties,
        'CachePolicyConfig',
        'ParametersInCacheKeyAndForwardedToOrigin',
      );
      assert.deepEqual(valueAt(key, 'CookiesConfig'), { CookieBehavior: 'none' });
      // Viewer-request functions remove all that are not allowed.
      assert.deepEqual(valueAt(key, 'QueryStringsConfig'), { QueryStringBehavior: 'all' });
      assert.deepEqual(valueAt(key, 'HeadersConfig', 'Headers'), undefined);
      const filters = cdn.resources.filter(({ type }) => type === 'AWS::CloudFront::Function');
      assert.equal(filters.length, 1);
      for (const { properties } of filters) {
        // A name is followed by its aliases, separated by commas.
        for (const name of names)
          assert.match(String(properties.FunctionCode), new RegExp(`[",]${name}[",]`));
      }
    });

    test('has a log retention and alarms', () => {
      const functions = deployment
        .all('AWS::Lambda::Function')
        .filter(({ properties }) => properties.FunctionName);
      assert.equal(functions.length, hasFrames ? 2 : 1);
      const alarms = deployment.all('AWS::CloudWatch::Alarm');
      assert.equal(alarms.length, (isObjectLambda ? 6 : 7) + (hasFrames ? 7 : 0));
      for (const kind of ['internal', 'upstream']) {
        const own = alarms.filter(({ properties }) =>
          JSON.stringify(properties).includes(`"Value":"${kind}"`),
        );
        assert.equal(own.length, functions.length, kind);
      }
      assert.equal(deployment.all('AWS::CloudWatch::Dashboard').length, functions.length);
      for (const { properties } of deployment.all('AWS::Logs::LogGroup'))
        assert.ok(properties.RetentionInDays);
    });
  });
}

describe('edge functions', () => {
  const modes = MODES.filter(({ name }) => name.endsWith('-edge-frames'));
  for (const { name, config } of modes) {
    test(`meet the restrictions of Lambda@Edge: ${name}`, () => {
      const { region, resources } = new Deployment({ ...config, region: 'ap-southeast-2' }).stack(
        'lambda-edge',
      );
      assert.equal(region, 'us-east-1');
      const functions = resources.filter(({ type }) => type === 'AWS::Lambda::Function');
      assert.equal(functions.length, 3);
      for (const { properties, deletionPolicy } of functions) {
        assert.deepEqual(properties.Architectures, ['x86_64']);
        assert.equal(properties.Runtime, 'nodejs22.x');
        assert.equal(properties.MemorySize, 128);
        assert.equal(properties.Environment, undefined);
        assert.match(String(properties.Handler), /^index\.(viewer|origin)Request$/);
        assert.equal(deletionPolicy, 'Retain');
      }
      const versions = resources.filter(({ type }) => type === 'AWS::Lambda::Version');
      assert.deepEqual(
        versions.map(({ deletionPolicy }) => deletionPolicy),
        Array(3).fill('Retain'),
      );
      const parameters = resources.filter(({ type }) => type === 'AWS::SSM::Parameter');
      assert.deepEqual(parameters.map(({ properties }) => properties.Name).sort(), [
        '/safelight/edge/frames-origin',
        '/safelight/edge/frames-viewer',
        '/safelight/edge/photos-origin',
      ]);
      for (const { properties } of resources.filter(({ type }) => type === 'AWS::IAM::Role')) {
        assert.deepEqual(
          valueAt(properties.AssumeRolePolicyDocument, 'Statement'),
          ['lambda', 'edgelambda'].map((service) => ({
            Action: 'sts:AssumeRole',
            Effect: 'Allow',
            Principal: { Service: `${service}.amazonaws.com` },
          })),
        );
      }
    });
  }

  test('check tokens for images while CloudFront signs', () => {
    const deployment = new Deployment({
      region: REGION,
      account: ACCOUNT,
      photoAuth: { mode: 'oidc', issuer: 'https://idp.example.com', audiences: ['photos'] },
    });
    assert.deepEqual(events(deployment.stack('cdn')), ['viewer-request']);
    assert.equal(viewerHeaders(deployment)['Cache-Control'], 'private, no-cache');
    const transform = deployment
      .all('AWS::Lambda::Function')
      .find(({ properties }) => properties.FunctionName === 'safelight-transform');
    assert.equal(
      valueAt(transform?.properties, 'Environment', 'Variables', 'SAFELIGHT_CHECKED_BY_CDN'),
      'true',
    );
    assert.equal(deployment.all('AWS::CloudFront::OriginAccessControl').length, 1);
    assert.equal(deployment.all('AWS::CloudFront::Function').length, 0);
  });

  test('allow only the same site to embed images for which a cookie has the token', () => {
    const policy = (photoAuth?: ConfigInput['photoAuth']) =>
      viewerHeaders(new Deployment({ region: REGION, account: ACCOUNT, photoAuth }));
    const oidc = { mode: 'oidc' as const, issuer: 'https://idp.example.com', audiences: ['photos'] };
    const inCookie = { ...oidc, token: { cookies: ['session'] } };
    assert.equal(policy(oidc)['Cross-Origin-Resource-Policy'], 'cross-origin');
    assert.equal(policy(inCookie)['Cross-Origin-Resource-Policy'], 'same-site');
    assert.deepEqual(policy(), {
      'Cross-Origin-Resource-Policy': 'cross-origin',
      'Timing-Allow-Origin': '*',
    });
  });

  test('tell the function which viewers may see all EXIF', () => {
    const photoAuth = {
      mode: 'oidc' as const,
      issuer: 'https://idp.example.com',
      audiences: ['photos'],
      exifScopes: ['photos/exif'],
    };
    const setting = (config: object) =>
      valueAt(
        new Deployment({ region: REGION, account: ACCOUNT, ...config })
          .all('AWS::Lambda::Function')
          .find(({ properties }) => properties.FunctionName === 'safelight-transform')?.properties,
        'Environment',
        'Variables',
        'SAFELIGHT_EXIF',
      );
    assert.equal(setting({ photoAuth }), 'edge');
    assert.equal(setting({ photoAuth, exif: 'all' }), 'all');
    assert.equal(setting({}), undefined);
  });

  test('have their versions read at each deployment', () => {
    const properties = (deployment: string) => {
      const config = { region: REGION, account: ACCOUNT, signing: 'edge' as const };
      const [versions] = new Deployment(config, { deployment }).all('Custom::EdgeVersions');
      return versions?.properties ?? assert.fail();
    };
    assert.notDeepEqual(properties('1'), properties('2'));
    assert.deepEqual(properties('1'), properties('1'));
  });
});

describe('image frames', () => {
  const { config } =
    MODES.find(({ name }) => name === 'functionUrl-originAccessControl-frames') ?? assert.fail();
  const deployment = new Deployment(config);
  const stack = deployment.stack('image-frames');

  test('are authorized before the cache look-up, and signed with their body', () => {
    assert.deepEqual(events(stack), ['viewer-request', 'origin-request']);
    const settings = stack.resources.find(({ type }) => type.endsWith('::Distribution'))?.properties;
    const behaviors = [
      valueAt(settings, 'DistributionConfig', 'DefaultCacheBehavior'),
      valueAt(settings, 'DistributionConfig', 'CacheBehaviors', 0),
    ];
    assert.equal(valueAt(behaviors[1], 'PathPattern'), '/datastore/*/studies/*');
    for (const behavior of behaviors) {
      const functions = (valueAt(behavior, 'LambdaFunctionAssociations') ?? []) as JsonObject[];
      assert.deepEqual(
        functions.map((one) => [one.EventType, one.IncludeBody ?? false]),
        [
          ['viewer-request', false],
          ['origin-request', true],
        ],
      );
      assert.ok((valueAt(behavior, 'AllowedMethods') as string[]).includes('POST'));
      assert.deepEqual(valueAt(behavior, 'CachedMethods'), ['GET', 'HEAD']);
    }
  });

  test('have no token in cache keys and origin requests', () => {
    const policies = stack.resources.filter(({ type }) => /::(CachePolicy|OriginRequestPolicy)$/.test(type));
    assert.equal(policies.length, 3);
    for (const { properties } of policies) {
      const text = JSON.stringify(properties).toLowerCase();
      assert.doesNotMatch(text, /authorization|token/);
      assert.ok(text.includes('"cookiebehavior":"none"'));
    }
  });

  test('come from a function configured with the data stores', () => {
    const [deliver] = stack.resources.filter(
      ({ properties }) => properties.FunctionName === 'safelight-image-frames',
    );
    assert.deepEqual(valueAt(deliver?.properties, 'Environment', 'Variables'), {
      SAFELIGHT_CHECKED_BY_CDN: 'true',
      SAFELIGHT_HEALTHIMAGING_DATASTORES: '0123456789abcdef0123456789abcdef',
      SAFELIGHT_HEALTHIMAGING_REGION: REGION,
    });
  });
});

/** Returns the events at which the default behaviour of a distribution runs edge functions. */
function events(stack: Stack): Json[] {
  const distribution = stack.resources.find(({ type }) => type === 'AWS::CloudFront::Distribution');
  const path = ['DistributionConfig', 'DefaultCacheBehavior', 'LambdaFunctionAssociations'];
  const functions = (valueAt(distribution?.properties, ...path) ?? []) as JsonObject[];
  return functions.map(({ EventType }) => EventType ?? null);
}

/** Returns effect, action and resource of every permission of the roles, without the random parts of names. */
function expectedRoles(
  isObjectLambda: boolean,
  hasEdge: boolean,
  hasFrames: boolean,
): Record<string, string[]> {
  const here = (service: string, rest: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`;
  const own = (group: string) => [
    `Allow logs:CreateLogStream ${here('logs', `log-group:${group}:*`)}`,
    `Allow logs:PutLogEvents ${here('logs', `log-group:${group}:*`)}`,
  ];
  const atTheEdge = (id: string) => {
    const group = `arn:aws:logs:*:${ACCOUNT}:log-group:/aws/lambda/us-east-1.${id}`;
    return ['CreateLogGroup', 'CreateLogStream', 'PutLogEvents'].flatMap((action) => [
      `Allow logs:${action} ${group}`,
      `Allow logs:${action} ${group}:*`,
    ]);
  };
  const reader = (...parameters: string[]) => [
    ...own('EdgeLogs'),
    ...parameters.map(
      (name) => `Allow ssm:GetParameters arn:aws:ssm:us-east-1:${ACCOUNT}:parameter/safelight/${name}`,
    ),
  ];
  const killSwitch = (id: string, name: string) => [
    ...own(`${id}KillSwitchLogs`),
    `Allow lambda:PutFunctionConcurrency ${here('lambda', `function:${name}`)}`,
  ];
  const url = (name: string) => [
    `Allow lambda:InvokeFunctionUrl ${here('lambda', `function:${name}`)}`,
    `Allow lambda:InvokeFunction ${here('lambda', `function:${name}`)}`,
  ];
  const store = here('medical-imaging', 'datastore/0123456789abcdef0123456789abcdef');

  const expected: Record<string, string[]> = {
    'cdn/EdgeRole': reader(...(hasEdge ? ['edge/photos-origin'] : []), 'firewall/photos'),
    'storage/TransformKillSwitchRole': killSwitch('Transform', 'safelight-transform'),
    'storage/TransformRole': [
      ...own('/aws/lambda/safelight-transform'),
      isObjectLambda
        ? `Allow s3-object-lambda:WriteGetObjectResponse ${here('s3-object-lambda', 'accesspoint/safelight-photos')}`
        : 'Allow s3:GetObject arn:aws:s3:::Pictures/*',
    ],
  };
  if (hasEdge) {
    expected['lambda-edge/PhotosOriginRole'] = [
      ...atTheEdge('PhotosOrigin'),
      ...(isObjectLambda
        ? [
            `Allow s3-object-lambda:GetObject ${here('s3-object-lambda', 'accesspoint/safelight-photos')}`,
            `Allow s3:GetObject ${here('s3', 'accesspoint/safelight-source/object/*')}`,
            `Allow lambda:InvokeFunction ${here('lambda', 'function:safelight-transform')}`,
          ]
        : url('safelight-transform')),
    ];
  }
  if (hasFrames) {
    expected['lambda-edge/FramesViewerRole'] = atTheEdge('FramesViewer');
    expected['lambda-edge/FramesOriginRole'] = [
      ...atTheEdge('FramesOrigin'),
      ...url('safelight-image-frames'),
    ];
    expected['image-frames/EdgeRole'] = reader('edge/frames-viewer', 'edge/frames-origin', 'firewall/frames');
    expected['image-frames/DeliverKillSwitchRole'] = killSwitch('Deliver', 'safelight-image-frames');
    expected['image-frames/DeliverRole'] = [
      ...own('/aws/lambda/safelight-image-frames'),
      ...IMAGE_SET_ACTIONS.flatMap((action) => [
        `Allow medical-imaging:${action} ${store}`,
        `Allow medical-imaging:${action} ${store}/imageset/*`,
      ]),
      ...DICOMWEB_ACTIONS.map((action) => `Allow medical-imaging:${action} ${store}`),
    ];
  }
  return expected;
}
