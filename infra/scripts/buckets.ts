import { DeleteObjectsCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Config } from '../lib/config.ts';

/** The buckets that go with their stack, which only empty ones can: never one that was there before. */
export function bucketsToEmpty(config: Config, storage: Record<string, string>): string[] {
  if (config.removalPolicy !== 'destroy') return [];
  const own = [
    config.bucket.name ? undefined : storage.s3bucket,
    config.logs.bucket ? undefined : storage.logbucket,
  ];
  return own.filter((bucket) => bucket !== undefined);
}

/** Deletes every version of every object. */
export async function emptyBucket(client: S3Client, bucket: string): Promise<void> {
  for (;;) {
    const page = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    const versions = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
    if (versions.length === 0) return;
    const Objects = versions.map(({ Key, VersionId }) => ({ Key, VersionId }));
    const { Errors } = await client.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
    );
    const [first] = Errors ?? [];
    if (first) throw new Error(`${bucket}/${first.Key ?? ''}: ${first.Message ?? first.Code ?? ''}`);
  }
}
