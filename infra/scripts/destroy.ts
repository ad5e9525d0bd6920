// Deletes all stacks: `npm run destroy [-- --config FILE]`. It can be stopped and run again at any time.
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { EDGE_REGION, Names } from '../lib/names.ts';
import { placeholderArtifacts } from '../test/placeholder-artifacts.ts';
import { INFRA, commandLine, run } from './command-line.ts';
import { bucketsToEmpty, emptyBucket } from './buckets.ts';
import { deleteEdgeFunctions, edgeFunctions } from './edge-replicas.ts';
import { outputs } from './stack-outputs.ts';

const { config, context, rest } = commandLine();
const names = new Names(config);
console.log(`
This command deletes the distributions first, which takes CloudFront some minutes. Functions at the edge can
be deleted only after CloudFront has removed their replicas, some hours after the last distribution stopped
using them. Their stack is deleted immediately and retains them; this command then tries every five minutes
until they are deleted. They cost nothing in the meantime. You can stop this command and run it again later.
Buckets and logs ${config.removalPolicy === 'retain' ? 'are retained: removalPolicy is retain' : 'ARE DELETED with all their content: removalPolicy is destroy'}.
`);

const storage = await outputs(names.stack('storage'), config.region);
// Deleting does not need the artifacts, but the app requires files at their paths.
const placeholders = Object.entries(placeholderArtifacts(`${INFRA}build/placeholders`)).flatMap(
  ([name, path]) => ['--context', `${name}=${path}`],
);
const destroy = (...stacks: string[]) => {
  run('npx', ['cdk', 'destroy', ...context, ...placeholders, ...rest, ...stacks]);
};
const frames = config.imageFrames ? [names.stack('image-frames')] : [];
destroy(names.stack('cdn'), ...frames);
for (const bucket of bucketsToEmpty(config, storage)) {
  await emptyBucket(new S3Client({ region: config.region }), bucket);
  console.log(`emptied s3://${bucket}`);
}
destroy('--all');

const client = new LambdaClient({ region: EDGE_REGION });
const remaining = await deleteEdgeFunctions(client, await edgeFunctions(client, names.prefix), console.log);
if (remaining.length > 0) {
  console.error(
    `CloudFront still has replicas of these functions: ${remaining.join(', ')}. Run \`npm run destroy\` again tomorrow.`,
  );
  process.exit(1);
}
console.log('All stacks and functions are deleted.');
