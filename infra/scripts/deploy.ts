// Builds and deploys everything: `npm run deploy [-- --config FILE] [-- ARGUMENTS OF cdk deploy]`.
import { LambdaClient } from '@aws-sdk/client-lambda';
import { signedUrls } from '../lib/config.ts';
import { DEPLOYMENT } from '../lib/edge-versions.ts';
import { buildArtifacts } from './artifacts.ts';
import { commandLine, run } from './command-line.ts';
import { checkQuota } from './concurrency.ts';
import { deployedKeys } from './deployed-keys.ts';

const { config, context, rest } = commandLine();
try {
  await checkQuota(new LambdaClient({ region: config.region }), config);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
buildArtifacts(config);
// A new value makes the custom resource read the parameters of us-east-1 again.
const deployment = ['--context', `${DEPLOYMENT}=${new Date().toISOString()}`];
run('npx', ['cdk', 'deploy', '--all', ...context, ...deployment, ...rest]);
if (signedUrls(config) !== 'off') {
  const ids = await (await deployedKeys(config))?.keys.publish();
  if (ids) console.log(`\nURLs are signed: npm run sign -- '/photo.jpg?width=320' prints one`);
}
