import { CloudFrontKeyValueStoreClient } from '@aws-sdk/client-cloudfront-keyvaluestore';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Config } from '../lib/config.ts';
import { EDGE_REGION, Names } from '../lib/names.ts';
import { SignatureKeys } from './signature-keys.ts';
import { outputs } from './stack-outputs.ts';

/** The keys of a deployment, and the host name of its images. */
export interface DeployedKeys {
  keys: SignatureKeys;
  domain: string;
}

/** Returns the keys of signed URLs of the deployment; undefined if it has none. */
export async function deployedKeys(config: Config): Promise<DeployedKeys | undefined> {
  const {
    keystore,
    signaturekey,
    cfdomain: domain = '',
  } = await outputs(new Names(config).stack('cdn'), config.region);
  if (!keystore || !signaturekey) return undefined;
  const keys = new SignatureKeys(
    new SecretsManagerClient({ region: config.region }),
    // The endpoint is global; the region is only a part of the signature.
    new CloudFrontKeyValueStoreClient({ region: EDGE_REGION }),
    signaturekey,
    keystore,
  );
  return { keys, domain };
}
