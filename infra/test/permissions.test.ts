import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Account, type Call, type Caller } from './account.ts';
import { DICOMWEB_ACTIONS, IMAGE_SET_ACTIONS } from './health-imaging-actions.ts';
import { ACCOUNT, DATA_STORE, OTHER_DATA_STORE, REGION, STRANGER } from './modes.ts';

const here = (service: string, rest: string, account = ACCOUNT) =>
  `arn:aws:${service}:${REGION}:${account}:${rest}`;
const lambda = (name: string) => here('lambda', `function:${name}`);
const imageSet = (store: string, owner = ACCOUNT) =>
  here('medical-imaging', `datastore/${store}/imageset/${'a'.repeat(32)}`, owner);
const object = (bucket: string, key: string) => `arn:aws:s3:::${bucket}/${key}`;

function check(account: Account, caller: Caller, expected: boolean, calls: Call[]) {
  const who = 'role' in caller ? caller.role : 'service' in caller ? caller.service : caller.arn;
  for (const call of calls) {
    test(`${who} ${expected ? 'may' : 'may not'} ${call.what}`, async () => {
      assert.equal(await account.allows(caller, call), expected);
    });
  }
}

const TRANSFORM = { stack: 'storage', role: 'TransformRole' };
const SIGNER = { stack: 'lambda-edge', role: 'PhotosOriginRole' };
const FRAMES_SIGNER = { stack: 'lambda-edge', role: 'FramesOriginRole' };
const VIEWER = { stack: 'lambda-edge', role: 'FramesViewerRole' };
const DELIVER = { stack: 'image-frames', role: 'DeliverRole' };
const CLOUDFRONT = { service: 'cloudfront.amazonaws.com' };
const OTHERS_ROLE = { arn: `arn:aws:iam::${STRANGER}:role/stranger` };
const OTHERS_DISTRIBUTION = { 'aws:SourceArn': `arn:aws:cloudfront::${STRANGER}:distribution/E1` };

const HERE = { 'aws:SourceAccount': ACCOUNT };
const ELSEWHERE = { 'aws:SourceAccount': STRANGER };
const VIA_URL = { 'lambda:InvokedViaFunctionUrl': 'true' };
const SIGNED_URL = { 'lambda:FunctionUrlAuthType': 'AWS_IAM' };
const VIA_OBJECT_LAMBDA = { 'aws:CalledVia': ['s3-object-lambda.amazonaws.com'] };

const invokeUrl = (name: string, context: Record<string, string> = {}): Call[] => [
  {
    what: `call the URL of ${name}`,
    action: 'lambda:InvokeFunctionUrl',
    resource: lambda(name),
    context: { ...SIGNED_URL, ...context },
  },
  {
    what: `invoke ${name} by its URL`,
    action: 'lambda:InvokeFunction',
    resource: lambda(name),
    context: { ...VIA_URL, ...context },
  },
];
const ownLog = (name: string): Call[] =>
  ['CreateLogStream', 'PutLogEvents'].map((action) => ({
    what: `${action} in its log`,
    action: `logs:${action}`,
    resource: here('logs', `log-group:/aws/lambda/${name}:log-stream:2026`),
  }));

describe('a Function URL with requests signed by CloudFront', () => {
  const account = new Account('functionUrl-originAccessControl');
  const distribution = { 'aws:SourceArn': account.distribution('cdn') };
  check(account, CLOUDFRONT, true, invokeUrl('safelight-transform', distribution));
  check(account, TRANSFORM, true, [
    {
      what: 'read an image',
      action: 's3:GetObject',
      resource: object(account.bucket, 'a/b.jpg'),
      policyArn: `arn:aws:s3:::${account.bucket}`,
    },
    ...ownLog('safelight-transform'),
  ]);

  check(account, CLOUDFRONT, false, [
    ...invokeUrl('safelight-transform', OTHERS_DISTRIBUTION),
    ...invokeUrl('safelight-transform'),
    {
      what: 'invoke the function without its URL',
      action: 'lambda:InvokeFunction',
      resource: lambda('safelight-transform'),
      context: distribution,
    },
    {
      what: 'read the bucket',
      action: 's3:GetObject',
      resource: object(account.bucket, 'a.jpg'),
      policyArn: `arn:aws:s3:::${account.bucket}`,
      context: distribution,
    },
  ]);
  check(account, OTHERS_ROLE, false, [
    ...invokeUrl('safelight-transform'),
    {
      what: 'read an image',
      action: 's3:GetObject',
      resource: object(account.bucket, 'a.jpg'),
      policyArn: `arn:aws:s3:::${account.bucket}`,
    },
  ]);
  check(account, TRANSFORM, false, [
    { what: 'read another bucket', action: 's3:GetObject', resource: object('other', 'a.jpg') },
    {
      what: 'write an image',
      action: 's3:PutObject',
      resource: object(account.bucket, 'a.jpg'),
      policyArn: `arn:aws:s3:::${account.bucket}`,
    },
    {
      what: 'delete an image',
      action: 's3:DeleteObject',
      resource: object(account.bucket, 'a.jpg'),
      policyArn: `arn:aws:s3:::${account.bucket}`,
    },
    { what: 'list the bucket', action: 's3:ListBucket', resource: `arn:aws:s3:::${account.bucket}` },
    {
      what: 'read an image without TLS',
      action: 's3:GetObject',
      resource: object(account.bucket, 'a.jpg'),
      policyArn: `arn:aws:s3:::${account.bucket}`,
      context: { 'aws:SecureTransport': 'false' },
    },
    { what: 'read old versions', action: 's3:GetObjectVersion', resource: object(account.bucket, 'a.jpg') },
    {
      what: 'open the bucket to the public',
      action: 's3:PutBucketPolicy',
      resource: `arn:aws:s3:::${account.bucket}`,
    },
    { what: 'call itself', action: 'lambda:InvokeFunction', resource: lambda('safelight-transform') },
    {
      what: 'change its own code',
      action: 'lambda:UpdateFunctionCode',
      resource: lambda('safelight-transform'),
    },
    {
      what: 'write another log',
      action: 'logs:PutLogEvents',
      resource: here('logs', 'log-group:/aws/lambda/other:log-stream:1'),
    },
    {
      what: 'delete its log',
      action: 'logs:DeleteLogGroup',
      resource: here('logs', 'log-group:/aws/lambda/safelight-transform'),
    },
    { what: 'assume another role', action: 'sts:AssumeRole', resource: `arn:aws:iam::${ACCOUNT}:role/admin` },
  ]);
});

describe('a Function URL with requests signed at the edge', () => {
  const account = new Account('functionUrl-edge-frames');
  const edgeLog = (region: string): Call => ({
    what: `log in ${region}`,
    action: 'logs:PutLogEvents',
    resource: `arn:aws:logs:${region}:${ACCOUNT}:log-group:/aws/lambda/us-east-1.${account.edgeFunction('PhotosOrigin')}:log-stream:1`,
  });
  check(account, SIGNER, true, [
    ...invokeUrl('safelight-transform'),
    edgeLog('ap-northeast-1'),
    edgeLog('us-east-1'),
  ]);

  check(account, SIGNER, false, [
    ...invokeUrl('safelight-image-frames'),
    ...invokeUrl('other'),
    {
      what: 'invoke the function without its URL',
      action: 'lambda:InvokeFunction',
      resource: lambda('safelight-transform'),
    },
    {
      what: 'call a URL that requires no signature',
      action: 'lambda:InvokeFunctionUrl',
      resource: lambda('safelight-transform'),
      context: { 'lambda:FunctionUrlAuthType': 'NONE' },
    },
    {
      what: 'read the bucket directly',
      action: 's3:GetObject',
      resource: object(account.bucket, 'a.jpg'),
      policyArn: `arn:aws:s3:::${account.bucket}`,
    },
    {
      what: 'write the log of another function',
      action: 'logs:PutLogEvents',
      resource: `arn:aws:logs:eu-west-1:${ACCOUNT}:log-group:/aws/lambda/us-east-1.other:log-stream:1`,
    },
    {
      what: 'change its own version',
      action: 'ssm:PutParameter',
      resource: `arn:aws:ssm:us-east-1:${ACCOUNT}:parameter/safelight/edge/photos-origin`,
    },
  ]);
  check(account, VIEWER, false, [
    ...invokeUrl('safelight-transform'),
    {
      what: 'read an image',
      action: 's3:GetObject',
      resource: object(account.bucket, 'a.jpg'),
      policyArn: `arn:aws:s3:::${account.bucket}`,
    },
    { what: 'read a frame', action: 'medical-imaging:GetImageFrame', resource: imageSet(DATA_STORE) },
  ]);
  check(
    account,
    CLOUDFRONT,
    false,
    invokeUrl('safelight-transform', { 'aws:SourceArn': account.distribution('cdn') }),
  );
});

describe('Object Lambda with requests signed by CloudFront', () => {
  const account = new Account('objectLambda-originAccessControl');
  const distribution = { 'aws:SourceArn': account.distribution('cdn') };
  const objectLambda = here('s3-object-lambda', 'accesspoint/safelight-photos');
  const accessPoint = here('s3', 'accesspoint/safelight-source');
  const source = (key: string, context = {}): Call => ({
    what: `read ${key} through the access point${Object.keys(context).length > 0 ? ' by Object Lambda' : ''}`,
    action: 's3:GetObject',
    resource: `${accessPoint}/object/${key}`,
    policyArn: accessPoint,
    context,
  });
  const readBucket = (context: Record<string, string>): Call => ({
    what: `cause a read of the bucket${'s3:DataAccessPointArn' in context ? ' through an access point' : ''}: ${Object.values(context).join()}`,
    action: 's3:GetObject',
    resource: object(account.bucket, 'a.jpg'),
    policyArn: `arn:aws:s3:::${account.bucket}`,
    context,
  });
  check(account, CLOUDFRONT, true, [
    {
      what: 'get an image',
      action: 's3-object-lambda:GetObject',
      resource: objectLambda,
      context: distribution,
    },
    {
      what: 'cause an invocation of the function',
      action: 'lambda:InvokeFunction',
      resource: lambda('safelight-transform'),
      context: HERE,
    },
    source('a.jpg', { ...VIA_OBJECT_LAMBDA, ...HERE }),
    readBucket({ 's3:DataAccessPointArn': accessPoint, 's3:DataAccessPointAccount': ACCOUNT }),
  ]);
  check(account, TRANSFORM, true, [
    { what: 'write a response', action: 's3-object-lambda:WriteGetObjectResponse', resource: objectLambda },
    ...ownLog('safelight-transform'),
  ]);

  check(account, CLOUDFRONT, false, [
    {
      what: 'get an image for another distribution',
      action: 's3-object-lambda:GetObject',
      resource: objectLambda,
      context: OTHERS_DISTRIBUTION,
    },
    {
      what: 'list images',
      action: 's3-object-lambda:ListBucket',
      resource: objectLambda,
      context: distribution,
    },
    {
      what: 'write an image',
      action: 's3-object-lambda:PutObject',
      resource: objectLambda,
      context: distribution,
    },
    {
      what: 'cause an invocation of the function for another account',
      action: 'lambda:InvokeFunction',
      resource: lambda('safelight-transform'),
      context: ELSEWHERE,
    },
    {
      what: 'cause an invocation of the function for no account',
      action: 'lambda:InvokeFunction',
      resource: lambda('safelight-transform'),
    },
    { ...source('a.jpg', { ...VIA_OBJECT_LAMBDA, ...ELSEWHERE }), what: 'read for another account' },
    { ...source('a.jpg', VIA_OBJECT_LAMBDA), what: 'read for no account' },
    source('a.jpg'),
    {
      ...source('a.jpg', { ...VIA_OBJECT_LAMBDA, ...HERE }),
      what: 'write through the access point',
      action: 's3:PutObject',
    },
    readBucket({
      's3:DataAccessPointArn': here('s3', 'accesspoint/other'),
      's3:DataAccessPointAccount': ACCOUNT,
    }),
    readBucket(distribution),
    ...invokeUrl('safelight-transform', distribution).slice(0, 1),
  ]);
  check(account, TRANSFORM, false, [
    source('a.jpg'),
    {
      what: 'read the bucket directly instead of through the presigned URL',
      action: 's3:GetObject',
      resource: object(account.bucket, 'a.jpg'),
      policyArn: `arn:aws:s3:::${account.bucket}`,
    },
    {
      what: 'write a response of another access point',
      action: 's3-object-lambda:WriteGetObjectResponse',
      resource: here('s3-object-lambda', 'accesspoint/other'),
    },
  ]);
  check(account, OTHERS_ROLE, false, [
    { what: 'get an image', action: 's3-object-lambda:GetObject', resource: objectLambda },
    { what: 'invoke the function', action: 'lambda:InvokeFunction', resource: lambda('safelight-transform') },
    source('a.jpg', VIA_OBJECT_LAMBDA),
  ]);
});

describe('Object Lambda with requests signed at the edge', () => {
  const account = new Account('objectLambda-edge');
  const objectLambda = here('s3-object-lambda', 'accesspoint/safelight-photos');
  const accessPoint = here('s3', 'accesspoint/safelight-source');
  const source: Call = {
    what: 'read through the access point by Object Lambda',
    action: 's3:GetObject',
    resource: `${accessPoint}/object/a.jpg`,
    policyArn: accessPoint,
    context: VIA_OBJECT_LAMBDA,
  };
  const invoke: Call = {
    what: 'cause an invocation of the function',
    action: 'lambda:InvokeFunction',
    resource: lambda('safelight-transform'),
    context: VIA_OBJECT_LAMBDA,
  };
  const readBucket = (principalAccount: string): Call => ({
    what: `cause a read of the bucket through the access point as a principal of ${principalAccount}`,
    action: 's3:GetObject',
    resource: object(account.bucket, 'a.jpg'),
    policyArn: `arn:aws:s3:::${account.bucket}`,
    context: { 's3:DataAccessPointArn': accessPoint, 'aws:PrincipalAccount': principalAccount },
  });
  check(account, SIGNER, true, [
    { what: 'get an image', action: 's3-object-lambda:GetObject', resource: objectLambda },
    source,
    invoke,
    readBucket(ACCOUNT),
  ]);

  check(account, SIGNER, false, [
    { ...source, what: 'read directly through the access point', context: {} },
    { ...invoke, what: 'invoke the function directly', context: {} },
    {
      what: 'read the bucket directly',
      action: 's3:GetObject',
      resource: object(account.bucket, 'a.jpg'),
      policyArn: `arn:aws:s3:::${account.bucket}`,
    },
    {
      what: 'write through the access point',
      action: 's3:PutObject',
      resource: `${accessPoint}/object/a.jpg`,
      policyArn: accessPoint,
      context: VIA_OBJECT_LAMBDA,
    },
    {
      what: 'read from another access point',
      action: 's3-object-lambda:GetObject',
      resource: here('s3-object-lambda', 'accesspoint/other'),
    },
    {
      what: 'write a response in place of the function',
      action: 's3-object-lambda:WriteGetObjectResponse',
      resource: objectLambda,
    },
  ]);
  check(account, CLOUDFRONT, false, [
    {
      what: 'get an image',
      action: 's3-object-lambda:GetObject',
      resource: objectLambda,
      context: { 'aws:SourceArn': account.distribution('cdn') },
    },
    { what: 'invoke the function', action: 'lambda:InvokeFunction', resource: lambda('safelight-transform') },
    source,
  ]);
  check(account, OTHERS_ROLE, false, [readBucket(STRANGER), source]);
});

describe('image frames', () => {
  const account = new Account('functionUrl-originAccessControl-frames');
  const read = (action: string, resource: string): Call => ({
    what: `${action} of ${resource}`,
    action: `medical-imaging:${action}`,
    resource,
  });
  const store = (id: string, owner = ACCOUNT) => here('medical-imaging', `datastore/${id}`, owner);
  check(account, FRAMES_SIGNER, true, invokeUrl('safelight-image-frames'));
  check(account, DELIVER, true, [
    ...IMAGE_SET_ACTIONS.map((action) => read(action, imageSet(DATA_STORE))),
    ...DICOMWEB_ACTIONS.map((action) => read(action, store(DATA_STORE))),
    ...ownLog('safelight-image-frames'),
  ]);
  const reader = { stack: 'image-frames', role: 'EdgeRole' };
  const parameter = (name: string): Call => ({
    what: `read ${name}`,
    action: 'ssm:GetParameters',
    resource: `arn:aws:ssm:us-east-1:${ACCOUNT}:parameter${name}`,
  });
  check(account, reader, true, [
    parameter('/safelight/edge/frames-viewer'),
    parameter('/safelight/edge/frames-origin'),
  ]);

  check(account, DELIVER, false, [
    ...IMAGE_SET_ACTIONS.map((action) => read(action, imageSet(OTHER_DATA_STORE))),
    ...DICOMWEB_ACTIONS.map((action) => read(action, store(OTHER_DATA_STORE))),
    ...IMAGE_SET_ACTIONS.map((action) => read(action, imageSet(DATA_STORE, STRANGER))),
    ...DICOMWEB_ACTIONS.map((action) => read(action, store(DATA_STORE, STRANGER))),
    read('GetDICOMBulkdata', store(DATA_STORE)),
    read('SearchDICOMStudies', store(DATA_STORE)),
    read('DeleteImageSet', imageSet(DATA_STORE)),
    read('UpdateImageSetMetadata', imageSet(DATA_STORE)),
    read('CopyImageSet', imageSet(DATA_STORE)),
    read('SearchImageSets', store(DATA_STORE)),
    read('DeleteDatastore', store(DATA_STORE)),
    {
      what: 'read images',
      action: 's3:GetObject',
      resource: object(account.bucket, 'a.jpg'),
      policyArn: `arn:aws:s3:::${account.bucket}`,
    },
  ]);
  check(account, TRANSFORM, false, [read('GetImageFrame', imageSet(DATA_STORE))]);
  check(account, FRAMES_SIGNER, false, [
    ...invokeUrl('safelight-transform'),
    read('GetImageFrame', imageSet(DATA_STORE)),
  ]);
  check(
    account,
    CLOUDFRONT,
    false,
    invokeUrl('safelight-image-frames', { 'aws:SourceArn': account.distribution('image-frames') }),
  );
  check(account, reader, false, [
    parameter('/safelight/edge/other'),
    { ...parameter('/safelight/edge/frames-viewer'), what: 'change a version', action: 'ssm:PutParameter' },
  ]);
});

describe('the kill switch', () => {
  const account = new Account('functionUrl-originAccessControl-frames');
  const SWITCH = { stack: 'storage', role: 'TransformKillSwitchRole' };
  const call = (action: string, name: string): Call => ({
    what: `${action} of ${name}`,
    action: `lambda:${action}`,
    resource: lambda(name),
  });
  check(account, SWITCH, true, [call('PutFunctionConcurrency', 'safelight-transform')]);
  check(account, SWITCH, false, [
    call('PutFunctionConcurrency', 'safelight-image-frames'),
    call('PutFunctionConcurrency', 'other'),
    call('DeleteFunctionConcurrency', 'safelight-transform'),
    call('InvokeFunction', 'safelight-transform'),
    call('DeleteFunction', 'safelight-transform'),
    call('UpdateFunctionConfiguration', 'safelight-transform'),
  ]);
});
