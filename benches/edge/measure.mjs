// Runs all measurements alternately and prints them as JSON: node measure.mjs BUILT ROUNDS

import { JwtVerifier } from 'aws-jwt-verify';
import aws4 from 'aws4';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

const [, , built, rounds] = process.argv;
const PER_ROUND = 400;
const NOW = Math.floor(Date.now() / 1000);
const ISSUER = 'https://id.example';
const HOST = 'photos-111122223333.s3-object-lambda.eu-west-1.amazonaws.com';

const config = JSON.parse(readFileSync(`${built}/config.json`, 'utf8'));
const { Edge } = createRequire(import.meta.url)(`${built}/safelight-edge.node`);
const edge = new Edge(JSON.stringify(config));
const open = new Edge(JSON.stringify({ ...config, authorize: { mode: 'none' } }));
const verifier = JwtVerifier.create({ issuer: ISSUER, audience: 'photos' });

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const keys = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }] };
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
function token(subject) {
  const claims = {
    iss: ISSUER,
    aud: 'photos',
    sub: `user-${subject}`,
    iat: NOW,
    exp: NOW + 3600,
    scope: 'openid',
  };
  const signed = `${part({ alg: 'RS256', typ: 'JWT', kid: 'one' })}.${part(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
}

const headers = (pairs) =>
  Object.fromEntries(Object.entries(pairs).map(([key, value]) => [key.toLowerCase(), [{ key, value }]]));
const event = (eventType, request) => ({
  Records: [
    {
      cf: {
        config: {
          distributionDomainName: 'd111111abcdef8.cloudfront.net',
          distributionId: 'EDFDVBD6EXAMPLE',
          eventType,
          requestId: '4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ==',
        },
        request: { clientIp: '203.0.113.178', method: 'GET', uri: '/holiday/beach.jpg', ...request },
      },
    },
  ],
});
const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const viewer = (token) =>
  event('viewer-request', {
    querystring: 'w=0300&f=auto&utm_source=mail',
    headers: headers({
      Host: 'd111111abcdef8.cloudfront.net',
      'User-Agent': agent,
      Accept: 'image/avif,image/webp,*/*',
      'Accept-Language': 'en',
      Authorization: `Bearer ${token}`,
    }),
  });
const toOrigin = event('origin-request', {
  querystring: 'width=300&format=webp',
  headers: headers({
    Host: HOST,
    'User-Agent': 'Amazon CloudFront',
    'X-Forwarded-For': '203.0.113.178',
    Via: '2.0 2afae0d44e2540f472c0635ab62c232b.cloudfront.net (CloudFront)',
  }),
  origin: {
    custom: { customHeaders: {}, domainName: HOST, path: '', port: 443, protocol: 'https', readTimeout: 30 },
  },
});
const originText = JSON.stringify(toOrigin);
const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: 'x'.repeat(400),
};
const signedBy = () =>
  aws4.sign(
    {
      ...{ service: 's3-object-lambda', region: 'eu-west-1', method: 'GET', host: HOST },
      path: '/holiday/beach.jpg?width=300&format=webp',
      headers: {
        'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD',
        'X-Amz-Cf-Id': toOrigin.Records[0].cf.config.requestId,
      },
    },
    credentials,
  );

let tokens;
let texts;

/** The measured functions. Each receives the number of the call, from 0 to PER_ROUND - 1. */
const JOBS = {
  'sign: addon': () => edge.originRequest(originText, credentials, NOW),
  'sign: handler': () => JSON.parse(edge.originRequest(JSON.stringify(toOrigin), credentials, NOW)),
  'sign: aws4': signedBy,
  'verify first: addon': (number) => edge.viewerRequest(texts[number], NOW),
  'verify first: aws-jwt-verify': (number) => verifier.verifySync(tokens[number]),
  'verify again: addon': (number) => edge.viewerRequest(texts[number], NOW),
  'verify again: aws-jwt-verify': (number) => verifier.verifySync(tokens[number]),
  'no token asked for: addon': (number) => open.viewerRequest(texts[number], NOW),
};

function measure(job) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let number = 0; number < PER_ROUND; number++) job(number);
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { wall_us: (wall * 1000) / PER_ROUND, cpu_us: (user + system) / PER_ROUND };
}

const load = (what) =>
  JSON.parse(
    execFileSync(process.execPath, [fileURLToPath(new URL('load.mjs', import.meta.url)), what, built]),
  );

verifier.cacheJwks(keys);
edge.viewerRequest(JSON.stringify(viewer(token('first'))), NOW);
edge.keysFetched(`${ISSUER}/.well-known/jwks.json`, Buffer.from(JSON.stringify(keys)), NOW);

const began = loadavg()[0];
const runs = [];
// The first round is a warm-up and is not recorded.
for (let round = 0; round <= rounds; round++) {
  tokens = Array.from({ length: PER_ROUND }, (_, number) => token(`${round}-${number}`));
  texts = tokens.map((token) => JSON.stringify(viewer(token)));
  const names = Object.keys(JOBS);
  // The order of the two sides alternates. The first check of a token always precedes its second.
  const [signs, firsts, repeats] = ['sign', 'verify first', ''].map((word) =>
    names.filter((name) => name.startsWith(word)),
  );
  const rest = repeats.filter((name) => !signs.includes(name) && !firsts.includes(name));
  const order = [signs, firsts, rest].flatMap((group) => (round % 2 ? group : group.toReversed()));
  const loads = ['addon', 'handlers', 'peers'];
  const result = Object.fromEntries(order.map((name) => [name, measure(JOBS[name])]));
  for (const what of round % 2 ? loads : loads.toReversed()) result[`load: ${what}`] = load(what);
  if (round > 0) runs.push(result);
}

const settings = {
  date: new Date().toISOString().slice(0, 10),
  commit: process.env.EDGE_COMMIT,
  processor: `${cpus()[0].model}, ${cpus().length} cores`,
  'system load at start and end': [began, loadavg()[0]].map((load) => load.toFixed(1)).join(', '),
  'Node.js': process.version,
  peers: 'aws4 1.13.2, aws-jwt-verify 5.2.1',
  rounds: `${rounds} of ${PER_ROUND} calls`,
};
console.log(JSON.stringify({ settings, runs }, null, 1));
