import { Aws } from 'aws-cdk-lib';
import type { Config } from './config.ts';

/** The region of CloudFront's edge functions, certificates and firewalls. */
export const EDGE_REGION = 'us-east-1';

/** Key of the tag of functions at the edge. The value is the deployment's prefix. */
export const EDGE_TAG = 'safelight:edge';

/**
 * Resource names that are known before the deployment.
 *
 * With them, a policy in one region can reference a resource in another region without exporting a value first.
 */
export class Names {
  /** Name of the function that transforms images. */
  readonly transform: string;
  /** Name of the function that delivers image frames. */
  readonly frames: string;
  /** Name of the access point through which Object Lambda reads the bucket. */
  readonly accessPoint: string;
  /** Name of the Object Lambda access point, which returns the function's output. */
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

  /** Returns the ARN of a resource in this deployment's region. */
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

  /** Pattern of the object keys that may be read. */
  get keys(): string {
    return this.config.bucket.folder ? `${this.config.bucket.folder}/*` : '*';
  }

  /** Returns the name of the SSM parameter, in us-east-1, with the ARN of a distribution's firewall. */
  firewallParameter(distribution: string): string {
    return `/${this.config.prefix}/firewall/${distribution}`;
  }

  /** Returns the name of the SSM parameter, in us-east-1, with the ARN of an edge function's version. */
  versionParameter(edgeFunction: string): string {
    return `/${this.config.prefix}/edge/${edgeFunction}`;
  }
}
