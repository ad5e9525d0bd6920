import { Aws } from 'aws-cdk-lib';
import type { Config } from './config.ts';

/** Where edge functions, certificates and firewalls of CloudFront must be. */
export const EDGE_REGION = 'us-east-1';

/** Tag of functions at the edge; its value is the deployment's prefix. */
export const EDGE_TAG = 'safelight:edge';

/**
 * Names that are known before anything is deployed.
 *
 * A policy in one region can name a resource of another by them, without a value that would have to travel first.
 */
export class Names {
  /** Of the function that transforms pictures. */
  readonly transform: string;
  /** Of the function that delivers image frames. */
  readonly frames: string;
  /** Of the access point that Object Lambda reads through. */
  readonly accessPoint: string;
  /** Of the access point that hands out what the function makes. */
  readonly objectLambda: string;

  readonly prefix: string;
  private readonly config: Config;

  constructor(config: Config) {
    this.config = config;
    this.prefix = config.prefix;
    this.transform = `${config.prefix}-transform`;
    this.frames = `${config.prefix}-image-frames`;
    this.accessPoint = `${config.prefix}-source`;
    this.objectLambda = `${config.prefix}-photos`;
  }

  stack(name: string): string {
    return `${this.config.prefix}-${name}`;
  }

  /** ARN of a resource of this deployment's region. */
  arn(service: string, resource: string): string {
    return `arn:${Aws.PARTITION}:${service}:${this.config.region}:${Aws.ACCOUNT_ID}:${resource}`;
  }

  functionArn(name: string): string {
    return this.arn('lambda', `function:${name}`);
  }

  get accessPointArn(): string {
    return this.arn('s3', `accesspoint/${this.accessPoint}`);
  }

  get objectLambdaArn(): string {
    return this.arn('s3-object-lambda', `accesspoint/${this.objectLambda}`);
  }

  /** Objects that may be read, as a pattern of keys. */
  get keys(): string {
    return this.config.bucket.folder ? `${this.config.bucket.folder}/*` : '*';
  }

  /** Name of the SSM parameter, in us-east-1, that holds the ARN of an edge function's version. */
  versionParameter(edgeFunction: string): string {
    return `/${this.config.prefix}/edge/${edgeFunction}`;
  }
}
