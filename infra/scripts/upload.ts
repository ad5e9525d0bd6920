// Uploads the images of a folder and its subfolders to the bucket: `npm run upload -- FOLDER [--config FILE]`.
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Names } from '../lib/names.ts';
import { commandLine } from './command-line.ts';
import { contentType } from './content-type.ts';
import { outputs } from './stack-outputs.ts';

const { config, rest } = commandLine();
const [folder] = rest;
if (folder === undefined || rest.length > 1) {
  console.error('usage: npm run upload -- FOLDER [--config FILE]');
  process.exit(2);
}
if (!existsSync(folder)) {
  console.error(`cannot read ${folder}: expected an existing folder with images`);
  process.exit(2);
}

const bucket =
  config.bucket.name ?? (await outputs(new Names(config).stack('storage'), config.region)).s3bucket;
if (!bucket) {
  console.error('the bucket does not exist yet: run `npm run deploy` first');
  process.exit(1);
}

const client = new S3Client({ region: config.region });
let count = 0;
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const type = contentType(entry.name);
  if (!entry.isFile() || type === undefined) continue;
  const path = join(entry.parentPath, entry.name);
  const name = relative(folder, path).split(sep).join('/');
  const key = config.bucket.folder ? `${config.bucket.folder}/${name}` : name;
  await client.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: createReadStream(path),
      ContentLength: statSync(path).size,
      ContentType: type,
    }),
  );
  console.log(`s3://${bucket}/${key}  ${type}`);
  count += 1;
}
console.log(`${count} images uploaded`);
