import { DeleteObjectsCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Config } from '../lib/config.ts';

/**
 * Returns the buckets to empty before their stack is deleted, because only empty buckets can be deleted. Buckets that
 * existed before the deployment are never included.
 */
export function bucketsToEmpty(config: Config, storage: Record<string, string>): string[] {
  if (config.removalPolicy !== 'destroy') return [];
  const created = [
    config.bucket.name ? undefined : storage.s3bucket,
    config.logs.bucket ? undefined : storage.logbucket,
  ];
  return created.filter((bucket) => bucket !== undefined);
}

/** Deletes every version of every object in the bucket. */
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
    if (first) {
      const reason = first.Message ?? first.Code ?? 'unknown error';
      throw new Error(`cannot delete s3://${bucket}/${first.Key ?? ''}: ${reason}`);
    }
  }
}
