// Compares decisions about tokens with aws-jwt-verify: 1,000 tokens, valid ones and seeded mutations of them,
// over four issuers and seven algorithms. Where the two differ, Safelight must reject the token, for a reason
// in STRICTER.
//
//   node tokens.mjs /path/to/examples/verdicts

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { CognitoJwtVerifier, JwtVerifier } from 'aws-jwt-verify';

const TOKENS = 1000;
const NOW = 1_800_000_000;
const GRACE = 30;
Date.now = () => NOW * 1000;

// Mutations that Safelight rejects and aws-jwt-verify accepts, with Safelight's reason.
const STRICTER = {
  'no exp': 'missing expiry',
  'exp and grace end now': 'expired',
  padding: 'malformed token: not a signed JWT in compact form',
  'unused bits set': 'malformed token: not a signed JWT in compact form',
  'not UTF-8': 'malformed token: not a signed JWT in compact form',
  'half a surrogate pair': 'malformed token: not a signed JWT in compact form',
  'a number past all': 'malformed token: not a signed JWT in compact form',
  'a claim twice': 'duplicate name in a JSON object',
  'a header twice': 'duplicate name in a JSON object',
  'nested deeply': 'JSON nested too deeply',
  'longer than 16 kB': 'token too long',
  crit: 'unsupported critical header extension',
  b64: 'unsupported critical header extension',
  'typ of a logout': 'token type not accepted',
  'client_id of the wrong type': 'claim of the wrong type',
  'groups of the wrong type': 'claim of the wrong type',
  'another curve than the algorithm': 'key does not match the algorithm',
  'RSA with 1,024 bits': "key not in the issuer's key set",
  Ed448: "key not in the issuer's key set",
  'a kid of two keys': "key not in the issuer's key set",
  'a key that may not verify': "key not in the issuer's key set",
  'a kid of 300 bytes': 'missing key id',
};

// Numerical Recipes' linear congruential generator.
let seed = 20261122;
function below(end) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * end);
}
const oneOf = (choices) => choices[below(choices.length)];

const HASHES = { 256: 'sha256', 384: 'sha384', 512: 'sha512' };
const CURVES = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

function pair(algorithm, { bits = 2048, curve } = {}) {
  if (algorithm.startsWith('RS')) return generateKeyPairSync('rsa', { modulusLength: bits });
  if (algorithm.startsWith('ES')) return generateKeyPairSync('ec', { namedCurve: CURVES[algorithm] });
  return generateKeyPairSync(curve ?? 'ed25519');
}

function key(algorithm, kid, { bits, curve, ...jwk } = {}) {
  const { publicKey, privateKey } = pair(algorithm, { bits, curve });
  const whole = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: algorithm, ...jwk };
  for (const name of Object.keys(whole)) if (whole[name] === undefined) delete whole[name];
  return { algorithm, kid, privateKey, jwk: whole };
}

function signature({ privateKey }, algorithm, message) {
  const hash = algorithm === 'EdDSA' ? null : HASHES[algorithm.slice(2)];
  return sign(hash, Buffer.from(message), { key: privateKey, dsaEncoding: 'ieee-p1363' });
}

const url = (issuer) => `${issuer}/.well-known/jwks.json`;
const pool = (id) => `https://cognito-idp.eu-west-1.amazonaws.com/${id}`;
const otherForm = (id) => `https://issuer-cognito-idp.eu-west-1.amazonaws.com/${id}`;
const good = { sub: 'ada', iat: NOW - 60, exp: NOW + 3600 };
const special = {
  short: key('RS256', 'short', { bits: 1024 }),
  ed448: key('EdDSA', 'ed448', { curve: 'ed448' }),
  twice: key('ES256', 'twice'),
  twin: key('ES256', 'twice'),
  signs: key('ES256', 'signs', { key_ops: ['sign'] }),
  long: key('ES256', 'k'.repeat(300)),
  encrypts: key('RS256', 'encrypts', { use: 'enc' }),
};
const issuers = [
  {
    name: pool('eu-west-1_Access'),
    keys: [key('RS256', 'a1'), key('RS256', 'a2')],
    claims: { ...good, token_use: 'access', client_id: 'app', scope: 'openid photos/read' },
  },
  {
    name: pool('eu-west-1_Either'),
    keys: [key('RS256', 'b1')],
    claims: { ...good, token_use: 'id', aud: 'app', 'cognito:groups': ['doctors', 'x'] },
  },
  {
    name: 'https://all.example',
    keys: ALGORITHMS.map((algorithm) => key(algorithm, `c-${algorithm}`)),
    others: Object.values(special),
    claims: { ...good, aud: ['photos', 'x'] },
  },
  {
    name: 'https://bare.example/tenant',
    keys: ALGORITHMS.map((algorithm) => key(algorithm, `d-${algorithm}`, { alg: undefined, use: undefined })),
    claims: { ...good, aud: 'films', scope: 'read write' },
  },
];
for (const issuer of issuers) issuer.claims = { iss: issuer.name, ...issuer.claims };
const [access, either, all, bare] = issuers;
const jwks = ({ keys, others = [] }) => ({ keys: [...keys, ...others].map(({ jwk }) => jwk) });

const config = {
  mode: 'token',
  graceSeconds: GRACE,
  rememberedTokens: 0,
  issuers: [
    {
      cognito: {
        userPoolId: 'eu-west-1_Access',
        clientIds: ['app', 'app2'],
        tokenUse: 'access',
        scopes: ['photos/read', 'photos/write'],
      },
    },
    {
      cognito: {
        userPoolId: 'eu-west-1_Either',
        clientIds: ['app'],
        tokenUse: 'either',
        groups: ['doctors', 'nurses'],
      },
    },
    { oidc: { issuer: all.name, audiences: ['photos'] } },
    { oidc: { issuer: bare.name, audiences: ['films', 'photos'], scopes: ['read'] } },
  ],
};
const graceSeconds = GRACE;
const cognito = CognitoJwtVerifier.create([
  {
    userPoolId: 'eu-west-1_Access',
    clientId: ['app', 'app2'],
    tokenUse: 'access',
    scope: ['photos/read', 'photos/write'],
    graceSeconds,
  },
  {
    userPoolId: 'eu-west-1_Either',
    clientId: ['app'],
    tokenUse: null,
    groups: ['doctors', 'nurses'],
    graceSeconds,
  },
]);
const oidc = JwtVerifier.create([
  { issuer: all.name, audience: ['photos'], graceSeconds },
  { issuer: bare.name, audience: ['films', 'photos'], scope: ['read'], graceSeconds },
]);
cognito.cacheJwks(jwks(access), 'eu-west-1_Access');
cognito.cacheJwks(jwks(either), 'eu-west-1_Either');
oidc.cacheJwks(jwks(all), all.name);
oidc.cacheJwks(jwks(bare), bare.name);
const keySets = {
  [url(access.name)]: jwks(access),
  [url(otherForm('eu-west-1_Access'))]: jwks(access),
  [url(either.name)]: jwks(either),
  [url(otherForm('eu-west-1_Either'))]: jwks(either),
  [url(all.name)]: jwks(all),
  [url(bare.name)]: jwks(bare),
};

// Mutations of the draft before it is signed, of the signed text, and of the token.
const claim = (name, ...values) => (draft) => {
  const value = oneOf(values);
  if (value === undefined) delete draft.claims[name];
  else draft.claims[name] = value;
};
const header = (name, ...values) => (draft) => {
  const value = oneOf(values);
  if (value === undefined) delete draft.header[name];
  else draft.header[name] = value;
};
const by = (name, issuer = all) => (draft) => {
  const using = special[name];
  draft.claims = { ...issuer.claims };
  draft.key = using;
  draft.algorithm = using.algorithm;
  draft.header = { alg: using.algorithm, kid: using.kid };
};
const insert = (part, member) => (draft) => {
  draft[part] = `{${member},${draft[part].slice(1)}`;
};
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const DRAFTS = {
  nothing: () => {},
  'more claims': claim('name', 'Ada', { a: { b: ['ä', 1.5, null] } }),
  'within the grace': claim('exp', NOW - 1, NOW - 29, NOW - 29.5),
  'nbf in the past': claim('nbf', NOW - 3600, NOW + 30, 0.5),
  'no exp': claim('exp', undefined),
  'exp and grace end now': claim('exp', NOW - GRACE),
  expired: claim('exp', NOW - 31, NOW - 3600, 0, -1),
  'exp of the wrong type': claim('exp', `${NOW + 3600}`, null, [NOW + 60], true),
  'not yet valid': claim('nbf', NOW + 31, NOW + 1e6),
  'nbf of the wrong type': claim('nbf', '0', null, false),
  'iat of the wrong type': claim('iat', '0', null, {}),
  'another issuer': claim('iss', 'https://evil.example', `${all.name}/`, '', undefined, 1, [all.name]),
  "another configured issuer's name": (draft) => claim('iss', oneOf(issuers).name)(draft),
  'the other form of a pool': (draft) => {
    draft.claims.iss = draft.claims.iss.replace('//cognito-idp', '//issuer-cognito-idp');
  },
  'another audience': claim('aud', 'x', ['x'], [], '', undefined, 'photos', ['films'], 'app', ['app']),
  'aud of the wrong type': claim('aud', 1, null, ['photos', 1], {}),
  'another client': claim('client_id', 'evil', '', undefined, 'app2'),
  'another use': claim('token_use', 'id', 'access', 'refresh', '', undefined),
  'another scope': claim('scope', 'read', 'photos/read', 'readwrite', '', 'write  read', undefined),
  'scope of the wrong type': claim('scope', ['read'], null, 1),
  'other groups': claim('cognito:groups', ['nurses'], ['x'], [], undefined),
  'groups of the wrong type': claim('cognito:groups', 'doctors', 1, ['doctors', 1]),
  'client_id of the wrong type': claim('client_id', 1, ['app'], null),
  'sub or jti of the wrong type': (draft) => claim(oneOf(['sub', 'jti']), 1, null, {})(draft),
  'longer than 16 kB': claim('x', 'x'.repeat(16_000)),
  'a long token': claim('x', 'x'.repeat(4_000)),
  'alg none': header('alg', 'none', 'None', '', undefined, 1),
  'another algorithm': (draft) => header('alg', ...ALGORITHMS, 'PS256', 'HS256')(draft),
  'an unknown kid': header('kid', 'nobody', 'c-RS256x'),
  'no kid': header('kid', undefined, '', 1, null),
  'a kid of another issuer': header('kid', 'a1', 'b1', 'c-RS256', 'd-RS256', 'c-ES256'),
  'an accepted typ': header('typ', 'JWT', 'at+jwt', 'jwt', 'application/at+jwt'),
  'typ of a logout': header('typ', 'logout+jwt', 'dpop+jwt', ''),
  crit: header('crit', ['exp'], []),
  b64: header('b64', true),
  'a key in the header': (draft) => {
    draft.header.jwk = draft.key.jwk;
    draft.header.jku = 'https://evil.example/jwks';
  },
  'another key': (draft) => {
    const keys = issuers.flatMap(({ keys }) => keys);
    draft.key = oneOf(keys.filter(({ algorithm }) => algorithm === draft.algorithm));
  },
  'another curve than the algorithm': (draft) => {
    const using = oneOf(bare.keys.filter(({ algorithm }) => CURVES[algorithm]));
    draft.claims = { ...bare.claims };
    draft.key = using;
    draft.algorithm = oneOf(Object.keys(CURVES).filter((one) => one !== using.algorithm));
    draft.header = { alg: draft.algorithm, kid: using.kid };
  },
  'RSA with 1,024 bits': by('short'),
  Ed448: by('ed448'),
  'a kid of two keys': by('twice'),
  'a key that may not verify': by('signs'),
  'a kid of 300 bytes': by('long'),
  'a key for encryption': by('encrypts'),
};
const TEXTS = {
  'a claim twice': insert('payload', '"exp":1,"sub":"eve"'),
  'a header twice': insert('head', '"alg":"none"'),
  'nested deeply': (draft) => insert('payload', `"x":${'['.repeat(40)}${']'.repeat(40)}`)(draft),
  'nested a little': insert('payload', '"x":[[[[{}]]]]'),
  'half a surrogate pair': insert('payload', '"x":"\\ud800"'),
  'a number past all': insert('payload', '"x":1e400'),
  'not UTF-8': (draft) => {
    insert('payload', '"x":"?"')(draft);
    draft.payload = Buffer.from(draft.payload);
    draft.payload[draft.payload.indexOf('?')] = 0xff;
  },
  'not JSON': (draft) => {
    draft[oneOf(['head', 'payload'])] = oneOf(['', 'x', '[]', '1', 'null', '{', "{'a':1}", '{}{}']);
  },
};
const PARTS = {
  'HS256 with the public key': (parts, draft) => {
    parts[0] = Buffer.from(JSON.stringify({ ...draft.header, alg: 'HS256' })).toString('base64url');
    const hmac = createHmac('sha256', JSON.stringify(draft.key.jwk));
    parts[2] = hmac.update(`${parts[0]}.${parts[1]}`).digest('base64url');
  },
  'an edited payload': (parts) => {
    const claims = Buffer.from(parts[1], 'base64url').toString().replace('ada', 'eve');
    parts[1] = Buffer.from(claims).toString('base64url');
  },
  'an edited header': (parts, draft) => {
    parts[0] = Buffer.from(JSON.stringify({ ...draft.header, x: 1 })).toString('base64url');
  },
  'cut short': (parts) => {
    const part = below(3);
    parts[part] = parts[part].slice(0, below(parts[part].length));
  },
  'a changed letter': (parts) => {
    const part = below(3);
    const at = below(parts[part].length);
    parts[part] = `${parts[part].slice(0, at)}${oneOf(letters)}${parts[part].slice(at + 1)}`;
  },
  'more or fewer parts': (parts) => (below(2) ? parts.push('x') : parts.pop()),
  'no signature': (parts) => parts.splice(2, 1, ''),
  'a signature of zeros': (parts) => {
    parts[2] = Buffer.alloc(Buffer.from(parts[2], 'base64url').length).toString('base64url');
  },
  padding: (parts) => {
    const pad = (part) => part + '='.repeat((4 - (part.length % 4)) % 4 || 1);
    parts[2] = pad(parts[2]);
  },
  // The last letter has four unused bits after one remaining byte, two after two.
  'unused bits set': (parts) => {
    const last = parts[2].at(-1);
    if (parts[2].length % 4) parts[2] = parts[2].slice(0, -1) + letters[letters.indexOf(last) + 1];
  },
  'a space': (parts) => {
    parts[below(3)] += oneOf([' ', '\n', '\t']);
  },
  'the other alphabet': (parts) => {
    parts[2] = parts[2].replaceAll('-', '+').replaceAll('_', '/');
  },
};
const MUTATIONS = [...Object.keys(DRAFTS), ...Object.keys(TEXTS), ...Object.keys(PARTS)];

function make(mutations) {
  const issuer = oneOf(issuers);
  const key = oneOf(issuer.keys);
  const draft = {
    key,
    algorithm: key.algorithm,
    header: { alg: key.algorithm, kid: key.kid },
    claims: { ...issuer.claims },
  };
  const apply = (kind, ...to) => mutations.filter((name) => kind[name]).forEach((name) => kind[name](...to));
  apply(DRAFTS, draft);
  draft.head = JSON.stringify(draft.header);
  draft.payload = JSON.stringify(draft.claims);
  apply(TEXTS, draft);
  const encoded = [draft.head, draft.payload].map((text) => Buffer.from(text).toString('base64url'));
  const parts = [...encoded, signature(draft.key, draft.algorithm, encoded.join('.')).toString('base64url')];
  apply(PARTS, parts, draft);
  return parts.join('.');
}

function theirs(token) {
  for (const verifier of [cognito, oidc]) {
    try {
      verifier.verifySync(token);
      return true;
    } catch {
      // The other verifier may know the issuer.
    }
  }
  return false;
}

const cases = Array.from({ length: TOKENS }, (_, index) => {
  // Each mutation alone first, then up to three together.
  const several = Array.from({ length: below(4) }, () => oneOf(MUTATIONS));
  const mutations = index < 6 * MUTATIONS.length ? [MUTATIONS[index % MUTATIONS.length]] : several;
  return { mutations, token: make(mutations) };
});
const questions = cases.map(({ token }) => ({ token, now: NOW }));
const input = [config, keySets, ...questions].map((line) => `${JSON.stringify(line)}\n`).join('');
const { status, stdout, stderr } = spawnSync(process.argv[2], { input, encoding: 'utf8', maxBuffer: 1 << 26 });
assert.equal(status, 0, stderr);
const ours = stdout.trimEnd().split('\n');
assert.equal(ours.length, TOKENS);

const counts = { 'allowed by both': 0, 'rejected by both': 0, 'rejected by Safelight alone': 0 };
const differences = new Map();
const failures = [];
cases.forEach(({ mutations, token }, index) => {
  const [mine, other] = [ours[index] === 'allowed', theirs(token)];
  if (mine === other) {
    counts[mine ? 'allowed by both' : 'rejected by both'] += 1;
    return;
  }
  const reasons = mutations.filter((name) => STRICTER[name] === ours[index]);
  if (mine || !reasons.length) {
    failures.push(`${mine ? 'only Safelight allows' : `only Safelight rejects (${ours[index]})`}: ${mutations} in ${token}`);
    return;
  }
  counts['rejected by Safelight alone'] += 1;
  differences.set(reasons[0], (differences.get(reasons[0]) ?? 0) + 1);
});
assert.deepEqual(failures, []);
const unseen = Object.keys(STRICTER).filter((name) => !differences.has(name));
assert.deepEqual(unseen, [], 'listed in STRICTER, but aws-jwt-verify rejects it too');
assert(counts['allowed by both'] > 150 && counts['rejected by both'] > 300, JSON.stringify(counts));
for (const [name, count] of differences) console.log(`only Safelight rejects: ${name} (${STRICTER[name]}), ${count}`);
console.log(`${TOKENS} tokens compared with aws-jwt-verify 5.2.1: ${JSON.stringify(counts)}`);
