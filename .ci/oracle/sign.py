# Compares the signatures of the edge with those of botocore.
#
#   cargo run --example signatures > signatures.jsonl
#   python3 sign.py signatures.jsonl
#   python3 sign.py signatures.jsonl --table 4    prints the first four of each service, as the table in
#                                                 edge/tests/sign has them
#
# The whole Authorization header is compared: scope, signed headers, signature.

import datetime
import hashlib
import json
import sys
from collections import Counter

import botocore
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

UNSIGNED = 'UNSIGNED-PAYLOAD'
# As botocore's own models choose: `s3v4` for S3's services, `v4` for the others.
SIGNERS = {
    's3': botocore.auth.S3SigV4Auth,
    's3-object-lambda': botocore.auth.S3SigV4Auth,
    'lambda': botocore.auth.SigV4Auth,
    'medical-imaging': botocore.auth.SigV4Auth,
}


def authorization(line):
    keys = line['keys']
    time = datetime.datetime.fromtimestamp(line['seconds'], datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda *_: time
    body = line['body'].encode()
    query = '?' + line['query'] if line['query'] else ''
    request = AWSRequest(
        method=line['method'],
        url=f"https://{line['host']}{line['path']}{query}",
        headers={'Host': line['host'], 'X-Amz-Cf-Id': line['x-amz-cf-id']},
        data=body,
    )
    is_unsigned = line['x-amz-content-sha256'] == UNSIGNED
    if is_unsigned:
        request.context['client_config'] = Config(s3={'payload_signing_enabled': False})
    else:
        request.headers['X-Amz-Content-SHA256'] = hashlib.sha256(body).hexdigest()
    credentials = Credentials(keys['access_key_id'], keys['secret_access_key'], keys['session_token'])
    SIGNERS[line['service']](credentials, line['service'], line['region']).add_auth(request)
    for name in ['x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token']:
        assert request.headers.get(name, '') == line[name], (name, request.headers.get(name), line)
    return request.headers['Authorization']


lines = [json.loads(line) for line in open(sys.argv[1], encoding='utf-8')]
if '--table' in sys.argv:
    wanted = int(sys.argv[sys.argv.index('--table') + 1])
    printed = Counter()
    for line in lines:
        printed[line['service']] += 1
        if printed[line['service']] <= wanted:
            row = {name: line[name] for name in ['event', 'keys', 'seconds']}
            print(json.dumps(row | {'authorization': authorization(line)}, ensure_ascii=False))
    sys.exit()

counts = Counter()
differences = []
for line in lines:
    counts[line['service']] += 1
    theirs = authorization(line)
    if theirs != line['authorization']:
        differences.append((line['path'], line['query'], line['authorization'], theirs))
for difference in differences[:10]:
    print(*difference, sep='\n  ', file=sys.stderr)
assert not differences, f'{len(differences)} of {len(lines)} signatures differ'
assert set(counts) == set(SIGNERS), counts
print(f'signatures equal those of botocore {botocore.__version__}: {dict(counts)}')
