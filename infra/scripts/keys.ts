// Manages the keys of signed URLs: `npm run keys [-- --rotate | --revoke ID] [--config FILE]`.
import { commandLine } from './command-line.ts';
import { deployedKeys } from './deployed-keys.ts';

const { config, rest } = commandLine();
const [command, id] = rest;
const isValid = (command === '--revoke') === (id !== undefined) && rest.length <= 2;
if (!isValid || ![undefined, '--rotate', '--revoke'].includes(command)) {
  console.error('usage: npm run keys [-- --rotate | --revoke ID] [--config FILE]');
  process.exit(2);
}
const deployed = await deployedKeys(config);
if (!deployed) {
  console.error('the deployment has no signed URLs: set signedUrls, and run `npm run deploy`');
  process.exit(1);
}
const { keys } = deployed;
if (command === '--rotate') await keys.rotate();
if (id !== undefined) await keys.revoke(id);
const ids = await keys.publish();
console.log(`these keys verify: ${ids.join(', ')}; ${(await keys.current()).id} signs`);
