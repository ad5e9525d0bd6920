import { createHash, randomBytes } from 'node:crypto';
// The key-value store accepts only this version of signatures, which the SDK loads by its side effect.
import '@aws-sdk/signature-v4a';
import {
  CloudFrontKeyValueStoreClient,
  DeleteKeyCommand,
  DescribeKeyValueStoreCommand,
  PutKeyCommand,
  paginateListKeys,
} from '@aws-sdk/client-cloudfront-keyvaluestore';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';

/** Prefix of the names of keys in the store, by which the function at CloudFront finds them. */
const PREFIX = 'key:';

/** A key of signed URLs. */
export interface SignatureKey {
  id: string;
  secret: string;
}

/** The secret that signs URLs, and the store with the secrets that verify them. */
export class SignatureKeys {
  private readonly secrets: SecretsManagerClient;
  private readonly store: CloudFrontKeyValueStoreClient;
  private readonly secretArn: string;
  private readonly storeArn: string;

  constructor(
    secrets: SecretsManagerClient,
    store: CloudFrontKeyValueStoreClient,
    secretArn: string,
    storeArn: string,
  ) {
    this.secrets = secrets;
    this.store = store;
    this.secretArn = secretArn;
    this.storeArn = storeArn;
  }

  /** Returns the key that signs. */
  async current(): Promise<SignatureKey> {
    const { SecretString } = await this.secrets.send(new GetSecretValueCommand({ SecretId: this.secretArn }));
    if (!SecretString) throw new Error(`the secret ${this.secretArn} is empty: run \`npm run deploy\` first`);
    return keyOf(SecretString);
  }

  /** Replaces the key that signs. Earlier ones verify until they are revoked. */
  async rotate(): Promise<void> {
    const secret = randomBytes(48).toString('base64url');
    // Verified before it signs.
    await this.put(keyOf(secret));
    await this.secrets.send(new PutSecretValueCommand({ SecretId: this.secretArn, SecretString: secret }));
  }

  /** Copies the key that signs to the store, if it is not there. Returns the ids of all keys that verify. */
  async publish(): Promise<string[]> {
    const key = await this.current();
    const ids = await this.ids();
    if (ids.includes(key.id)) return ids;
    await this.put(key);
    return [...ids, key.id];
  }

  /**
   * Deletes a key from the store: URLs that are signed with it are rejected from then on.
   *
   * @throws Error if it is the key that signs, or is not in the store.
   */
  async revoke(id: string): Promise<void> {
    if ((await this.current()).id === id)
      throw new Error(`the key ${id} signs URLs: rotate the keys before you revoke it`);
    const ids = await this.ids();
    if (!ids.includes(id)) throw new Error(`unknown key ${id}: expected one of ${ids.join(', ')}`);
    await this.store.send(
      new DeleteKeyCommand({ KvsARN: this.storeArn, Key: PREFIX + id, IfMatch: await this.version() }),
    );
  }

  private async ids(): Promise<string[]> {
    const ids: string[] = [];
    for await (const { Items } of paginateListKeys({ client: this.store }, { KvsARN: this.storeArn })) {
      for (const { Key } of Items ?? []) if (Key?.startsWith(PREFIX)) ids.push(Key.slice(PREFIX.length));
    }
    return ids;
  }

  private async put({ id, secret }: SignatureKey): Promise<void> {
    await this.store.send(
      new PutKeyCommand({
        KvsARN: this.storeArn,
        Key: PREFIX + id,
        Value: secret,
        IfMatch: await this.version(),
      }),
    );
  }

  private async version(): Promise<string | undefined> {
    return (await this.store.send(new DescribeKeyValueStoreCommand({ KvsARN: this.storeArn }))).ETag;
  }
}

/** Returns the key of a secret. Its id is derived, so that no id ever names two secrets. */
function keyOf(secret: string): SignatureKey {
  return { id: createHash('sha256').update(secret).digest('hex').slice(0, 8), secret };
}
