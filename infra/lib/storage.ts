import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';
import type { Names } from './names.ts';
import { ObjectLambda } from './object-lambda.ts';
import { TransformFunction } from './transform-function.ts';
import { acknowledgeWildcards } from './wildcards.ts';

export interface StorageProps extends StackProps {
  config: Config;
  names: Names;
  /** Zip with `bootstrap`. */
  code: string;
}

/** The bucket of pictures, the function that transforms them, and the door by which CloudFront reaches it. */
export class StorageStack extends Stack {
  readonly bucket: s3.IBucket;
  /** Access logs of bucket and distributions. */
  readonly logs: s3.IBucket;
  readonly transform: lambda.Function;
  /** With `functionUrl`. */
  readonly functionUrl: lambda.FunctionUrl | undefined;
  /** With `objectLambda`. */
  readonly objectLambda: ObjectLambda | undefined;

  constructor(scope: Construct, id: string, props: StorageProps) {
    super(scope, id, props);
    const { config, names } = props;
    this.logs = this.logBucket(config);
    this.bucket = this.pictureBucket(config);

    const behindUrl = config.photoOrigin === 'functionUrl';
    const transform = new TransformFunction(this, 'Transform', {
      config,
      functionName: names.transform,
      description: 'Safelight: strips, shows and transforms pictures',
      code: props.code,
      memoryMb: config.memoryMb,
      environment: behindUrl ? this.whereThePicturesAre(config) : {},
      permissions: behindUrl ? this.mayReadPictures(config, names) : [mayAnswer(names)],
    });
    this.transform = transform.function;
    if (behindUrl) {
      acknowledgeWildcards(
        transform.role,
        [this.bucket.arnForObjects(names.keys)],
        'Pictures are read by keys that are not known beforehand. The wildcard begins inside the one bucket and folder that is served, for s3:GetObject alone: the role cannot list, write, delete or leave it.',
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
    new CfnOutput(this, 's3bucket', { value: this.bucket.bucketName, description: 'Bucket of the pictures' });
    new CfnOutput(this, 'logbucket', {
      value: this.logs.bucketName,
      description: 'Bucket of the access logs',
    });
  }

  private whereThePicturesAre(config: Config): Record<string, string> {
    const folder = config.bucket.folder;
    return { SAFELIGHT_BUCKET: this.bucket.bucketName, ...(folder ? { SAFELIGHT_PREFIX: folder } : {}) };
  }

  private mayReadPictures(config: Config, names: Names): PolicyStatement[] {
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

  private pictureBucket(config: Config): s3.IBucket {
    if (config.bucket.name) return s3.Bucket.fromBucketName(this, 'Pictures', config.bucket.name);
    const bucket = new s3.Bucket(this, 'Pictures', {
      ...keptPrivate(config),
      versioned: config.bucket.versioned,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      serverAccessLogsBucket: this.logs,
      serverAccessLogsPrefix: 's3/',
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(7) }],
    });
    return bucket;
  }

  private logBucket(config: Config): s3.IBucket {
    if (config.logs.bucket) return s3.Bucket.fromBucketName(this, 'AccessLogs', config.logs.bucket);
    const logs = new s3.Bucket(this, 'AccessLogs', {
      ...keptPrivate(config),
      // CloudFront's standard logging writes with an ACL.
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
      lifecycleRules: [{ expiration: Duration.days(config.logs.retentionDays) }],
    });
    Validations.of(logs).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'This is the bucket that access logs go to. Logging its own accesses into itself would log every log for ever; who reads it is in CloudTrail, where data events are switched on.',
    });
    return logs;
  }
}

/** Keys of S3 itself: a KMS key would cost a call for each picture, and guard against nobody who may read them. */
function keptPrivate(config: Config): s3.BucketProps {
  return {
    encryption: s3.BucketEncryption.S3_MANAGED,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    removalPolicy: config.removalPolicy === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  };
}

function mayAnswer(names: Names): PolicyStatement {
  return new PolicyStatement({
    actions: ['s3-object-lambda:WriteGetObjectResponse'],
    resources: [names.objectLambdaArn],
  });
}
