// Takes everything down again: `npm run destroy [-- --config FILE]`. It can be stopped, and run again, at any time.
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { EDGE_REGION, Names } from '../lib/names.ts';
import { standIns } from '../test/stand-ins.ts';
import { INFRA, commandLine, run } from './command-line.ts';
import { bucketsToEmpty, emptyBucket } from './buckets.ts';
import { deleteEdgeFunctions, edgeFunctions } from './edge-replicas.ts';
import { outputs } from './stack-facts.ts';

const { config, context, rest } = commandLine();
const names = new Names(config);
console.log(`
This deletes the distributions first, which takes CloudFront some minutes. Functions at the edge can be
deleted only when CloudFront has removed their replicas, some hours after the last distribution let go of
them. Their stack is deleted at once and leaves them behind; this program then tries again and again until
they are gone. They cost nothing while they wait.
Buckets and logs ${config.removalPolicy === 'retain' ? 'stay: removalPolicy is retain' : 'ARE DELETED with everything in them: removalPolicy is destroy'}.
`);

const storage = await outputs(names.stack('storage'), config.region);
// What is deployed is not needed for taking it down, but the app asks for it.
const standing = Object.entries(standIns(`${INFRA}build/stand-ins`)).flatMap(([name, path]) => [
  '--context',
  `${name}=${path}`,
]);
const destroy = (...stacks: string[]) => {
  run('npx', ['cdk', 'destroy', ...context, ...standing, ...rest, ...stacks]);
};
const serving = config.imageFrames ? [names.stack('image-frames')] : [];
destroy(names.stack('cdn'), ...serving);
for (const bucket of bucketsToEmpty(config, storage)) {
  await emptyBucket(new S3Client({ region: config.region }), bucket);
  console.log(`emptied ${bucket}`);
}
destroy('--all');

const client = new LambdaClient({ region: EDGE_REGION });
const left = await deleteEdgeFunctions(client, await edgeFunctions(client, names.prefix), console.log);
if (left.length > 0) {
  console.error(`Still replicated: ${left.join(', ')}. Run \`npm run destroy\` again tomorrow.`);
  process.exit(1);
}
console.log('Everything is gone.');
