// Compares the signatures of the edge with those of aws4.
//
//   cargo run --example signatures > signatures.jsonl
//   node sign.mjs signatures.jsonl
//
// The whole Authorization header is compared: scope, signed headers, signature. aws4 has two known
// differences from AWS's SDKs; there, one step is replaced by aws4's step for another service, and counted.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import aws4 from 'aws4';

const UNSIGNED = 'UNSIGNED-PAYLOAD';
const METHOD_PATH_QUERY = 3;

const known = {
  'treats s3-object-lambda as a service that escapes paths twice and normalises them': 0,
  'signs only the first of repeated parameters for S3, where botocore signs each': 0,
};
const [twice, first] = Object.keys(known);

const signer = (line, service) => {
  const headers = { host: line.host, 'x-amz-cf-id': line['x-amz-cf-id'], 'x-amz-date': line['x-amz-date'] };
  const isUnsigned = line['x-amz-content-sha256'] === UNSIGNED;
  headers['x-amz-content-sha256'] = isUnsigned ? UNSIGNED : createHash('sha256').update(line.body).digest('hex');
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: sessionToken } = line.keys;
  const path = line.query ? `${line.path}?${line.query}` : line.path;
  const request = { method: line.method, path, headers, service, region: line.region };
  return new aws4.RequestSigner(request, { accessKeyId, secretAccessKey, sessionToken: sessionToken ?? undefined });
};

function authorization(line) {
  const own = signer(line, line.service);
  if (line.service.startsWith('s3')) {
    const steps = (service) => signer(line, service).canonicalString().split('\n');
    const s3 = steps('s3');
    const other = steps('lambda');
    const canonical = own.canonicalString().split('\n');
    assert.deepEqual(canonical.slice(METHOD_PATH_QUERY), s3.slice(METHOD_PATH_QUERY));
    if (canonical[1] !== s3[1]) {
      known[twice] += 1;
      canonical[1] = s3[1];
    }
    if (canonical[2] !== other[2]) {
      known[first] += 1;
      canonical[2] = other[2];
    }
    own.canonicalString = () => canonical.join('\n');
  }
  return own.sign().headers.Authorization;
}

const lines = readFileSync(process.argv[2], 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const counts = {};
const differences = [];
for (const line of lines) {
  counts[line.service] = (counts[line.service] ?? 0) + 1;
  const theirs = authorization(line);
  if (theirs !== line.authorization) differences.push([line.path, line.query, line.authorization, theirs]);
}
assert.deepEqual(differences.slice(0, 10), [], `${differences.length} of ${lines.length} signatures differ`);
assert.deepEqual(Object.keys(counts).sort(), ['lambda', 'medical-imaging', 's3', 's3-object-lambda']);
for (const [difference, count] of Object.entries(known)) {
  assert.ok(count, `aws4 no longer ${difference}: remove this exception`);
  console.log(`aws4 ${difference}: ${count} times`);
}
console.log(`signatures equal those of aws4: ${JSON.stringify(counts)}`);
