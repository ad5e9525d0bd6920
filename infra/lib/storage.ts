import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';
import type { Names } from './names.ts';
import { ObjectLambda } from './object-lambda.ts';
import { configurationFile } from './service-settings.ts';
import { OBJECT_LAMBDA_RESPONSE_TIME, TransformFunction, URL_RESPONSE_TIME } from './transform-function.ts';
import { acknowledgeWildcards } from './wildcards.ts';

export interface StorageProps extends StackProps {
  config: Config;
  names: Names;
  /** Zip with `bootstrap`. */
  code: string;
}

/** The image bucket, the function that transforms images, and its Function URL or Object Lambda access point. */
export class StorageStack extends Stack {
  readonly bucket: s3.IBucket;
  /** The bucket for access logs of the image bucket and the distributions. */
  readonly logs: s3.IBucket;
  readonly transform: lambda.Function;
  /** The Function URL; defined with `photoOrigin: 'functionUrl'`. */
  readonly functionUrl: lambda.FunctionUrl | undefined;
  /** The access points; defined with `photoOrigin: 'objectLambda'`. */
  readonly objectLambda: ObjectLambda | undefined;

  constructor(scope: Construct, id: string, props: StorageProps) {
    super(scope, id, props);
    const { config, names } = props;
    this.logs = this.logBucket(config);
    this.bucket = this.imageBucket(config);

    const hasFunctionUrl = config.photoOrigin === 'functionUrl';
    const transform = new TransformFunction(this, 'Transform', {
      config,
      functionName: names.transform,
      functionArn: names.functionArn(names.transform),
      description: 'Safelight: strips metadata, shows EXIF and transforms images',
      code: props.code,
      memoryMb: config.memoryMb,
      environment: {
        ...serviceSettings(config),
        ...(hasFunctionUrl ? this.sourceSettings(config) : {}),
      },
      auth: config.photoAuth,
      hasUrl: hasFunctionUrl,
      responseTime: hasFunctionUrl ? URL_RESPONSE_TIME : OBJECT_LAMBDA_RESPONSE_TIME,
      permissions: hasFunctionUrl ? this.readStatements(config, names) : [responseStatement(names)],
    });
    this.transform = transform.function;
    if (hasFunctionUrl) {
      acknowledgeWildcards(
        transform.role,
        [this.bucket.arnForObjects(names.keys)],
        'Keys of images are unknown at deployment. The wildcard is limited to the served bucket and folder and to s3:GetObject: the role cannot list, write, delete or read anything else.',
      );
      this.functionUrl = this.transform.addFunctionUrl({
        authType: lambda.FunctionUrlAuthType.AWS_IAM,
        invokeMode: lambda.InvokeMode.RESPONSE_STREAM,
      });
    } else {
      this.objectLambda = new ObjectLambda(this, 'ObjectLambda', {
        config,
        names,
        bucket: this.bucket,
        transform: this.transform,
      });
    }
    new CfnOutput(this, 's3bucket', { value: this.bucket.bucketName, description: 'Bucket of the images' });
    new CfnOutput(this, 'logbucket', {
      value: this.logs.bucketName,
      description: 'Bucket of the access logs',
    });
  }

  private sourceSettings(config: Config): Record<string, string> {
    const folder = config.bucket.folder;
    return { SAFELIGHT_BUCKET: this.bucket.bucketName, ...(folder ? { SAFELIGHT_PREFIX: folder } : {}) };
  }

  private readStatements(config: Config, names: Names): PolicyStatement[] {
    const statements = [
      new PolicyStatement({ actions: ['s3:GetObject'], resources: [this.bucket.arnForObjects(names.keys)] }),
    ];
    if (config.bucket.kmsKeyArn) {
      statements.push(
        new PolicyStatement({
          actions: ['kms:Decrypt'],
          resources: [config.bucket.kmsKeyArn],
          conditions: { StringEquals: { 'kms:ViaService': `s3.${config.region}.${this.urlSuffix}` } },
        }),
      );
    }
    return statements;
  }

  private imageBucket(config: Config): s3.IBucket {
    if (config.bucket.name) return s3.Bucket.fromBucketName(this, 'Pictures', config.bucket.name);
    const bucket = new s3.Bucket(this, 'Pictures', {
      ...privateBucketProps(config),
      versioned: config.bucket.versioned,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      serverAccessLogsBucket: this.logs,
      serverAccessLogsPrefix: 's3/',
      lifecycleRules: [
        {
          abortIncompleteMultipartUploadAfter: Duration.days(7),
          noncurrentVersionExpiration:
            config.bucket.oldVersionDays === undefined
              ? undefined
              : Duration.days(config.bucket.oldVersionDays),
        },
      ],
    });
    return bucket;
  }

  private logBucket(config: Config): s3.IBucket {
    if (config.logs.bucket) return s3.Bucket.fromBucketName(this, 'AccessLogs', config.logs.bucket);
    const logs = new s3.Bucket(this, 'AccessLogs', {
      ...privateBucketProps(config),
      // CloudFront's standard logging requires ACLs.
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
      lifecycleRules: [{ expiration: Duration.days(config.logs.retentionDays) }],
    });
    Validations.of(logs).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'This is the bucket for access logs. Logging its own accesses would create a log for every log. CloudTrail records its readers if data events are enabled.',
    });
    return logs;
  }
}

/** Returns the properties of a private bucket. Decision 0043 explains the S3-managed keys. */
function privateBucketProps(config: Config): s3.BucketProps {
  return {
    encryption: s3.BucketEncryption.S3_MANAGED,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    // With keys of its own, a writer could store images that nobody else can read.
    blockedEncryptionTypes: [s3.BlockedEncryptionType.SSE_C],
    removalPolicy: config.removalPolicy === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  };
}

/** Returns the configuration file of the function, if it has settings. */
function serviceSettings({ service }: Config): Record<string, string> {
  return Object.keys(service).length > 0 ? { SAFELIGHT_CONFIG: configurationFile(service) } : {};
}

function responseStatement(names: Names): PolicyStatement {
  return new PolicyStatement({
    actions: ['s3-object-lambda:WriteGetObjectResponse'],
    resources: [names.objectLambdaArn],
  });
}
