// Prints a signed URL: `npm run sign -- '/photo.jpg?width=320' [--expires-in SECONDS] [--config FILE]`.
import { sign } from '../../docs/signed-urls/sign.mjs';
import { commandLine } from './command-line.ts';
import { deployedKeys } from './deployed-keys.ts';

const { config, rest } = commandLine();
const [target, option, seconds] = rest;
const hasExpiry = option === '--expires-in' && /^\d{1,9}$/.test(seconds ?? '');
if (!target?.startsWith('/') || rest.length !== (hasExpiry ? 3 : 1)) {
  console.error("usage: npm run sign -- '/photo.jpg?width=320' [--expires-in SECONDS] [--config FILE]");
  process.exit(2);
}
const deployed = await deployedKeys(config);
if (!deployed) {
  console.error('the deployment has no signed URLs: set signedUrls, and run `npm run deploy`');
  process.exit(1);
}
const { id, secret } = await deployed.keys.current();
const [path = '', query = ''] = target.split('?', 2);
const expires = hasExpiry ? Math.floor(Date.now() / 1000) + Number(seconds) : undefined;
console.log(`https://${deployed.domain}${path}?${sign(path, query, id, secret, expires)}`);
