import { Aws, Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, ServicePrincipal, StarPrincipal } from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { CfnAccessPoint as CfnObjectLambdaAccessPoint } from 'aws-cdk-lib/aws-s3objectlambda';
import { Construct } from 'constructs';
import type { Config } from './config.ts';
import type { Names } from './names.ts';

export interface ObjectLambdaProps {
  config: Config;
  names: Names;
  bucket: s3.IBucket;
  transform: lambda.Function;
}

/** Requests for ranges and parts, which the function serves from the transformed image. By default Object Lambda returns 501. */
const FEATURES = ['GetObject-Range', 'GetObject-PartNumber', 'HeadObject-Range', 'HeadObject-PartNumber'];

/** Condition that matches the calls of Object Lambda on behalf of its caller. */
export const VIA_OBJECT_LAMBDA = {
  'ForAnyValue:StringEquals': { 'aws:CalledVia': 's3-object-lambda.amazonaws.com' },
};

/** The Object Lambda access point, which returns transformed images, and the access point through which they are read. */
export class ObjectLambda extends Construct {
  readonly accessPoint: CfnObjectLambdaAccessPoint;
  /** Domain for origin access control: `{alias}.s3.{region}.amazonaws.com`. */
  readonly aliasDomain: string;
  /** Domain for requests signed at the edge: `{name}-{account}.s3-object-lambda.{region}.amazonaws.com`. */
  readonly domain: string;

  constructor(scope: Construct, id: string, props: ObjectLambdaProps) {
    super(scope, id);
    const { config, names, bucket } = props;
    const stack = Stack.of(this);
    const isSignedAtEdge = config.signing === 'edge';

    // The bucket's policy delegates to the access point. The policy of an existing bucket is not changed: see README.md.
    bucket.addToResourcePolicy(delegation(bucket, names, isSignedAtEdge));
    const source = new s3.CfnAccessPoint(this, 'Source', {
      name: names.accessPoint,
      bucket: bucket.bucketName,
      publicAccessBlockConfiguration: {
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      // For requests signed at the edge, the policy of the signing role decides.
      policy: isSignedAtEdge ? undefined : new PolicyDocument({ statements: [readByObjectLambda(names)] }),
    });

    this.accessPoint = new CfnObjectLambdaAccessPoint(this, 'AccessPoint', {
      name: names.objectLambda,
      objectLambdaConfiguration: {
        supportingAccessPoint: source.attrArn,
        allowedFeatures: FEATURES,
        cloudWatchMetricsEnabled: true,
        transformationConfigurations: [
          {
            actions: ['GetObject', 'HeadObject'],
            contentTransformation: { AwsLambda: { FunctionArn: props.transform.functionArn } },
          },
        ],
      },
    });
    if (!isSignedAtEdge) {
      // AWS documents this permission without a source, as Object Lambda calls on behalf of CloudFront. Decision 153.
      props.transform.addPermission('ByObjectLambda', {
        principal: CLOUDFRONT,
        action: 'lambda:InvokeFunction',
        sourceAccount: Aws.ACCOUNT_ID,
      });
    }
    this.aliasDomain = `${this.accessPoint.attrAliasValue}.s3.${config.region}.${stack.urlSuffix}`;
    this.domain = `${names.objectLambda}-${stack.account}.s3-object-lambda.${config.region}.${stack.urlSuffix}`;
  }
}

/** Condition that matches calls of a service on behalf of this account. */
const OF_THIS_ACCOUNT = { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } };

const CLOUDFRONT = new ServicePrincipal('cloudfront.amazonaws.com');

/**
 * Returns a statement that allows reading the bucket through this access point. AWS documents it for any principal and
 * any access point of the account; this one is narrower.
 */
function delegation(bucket: s3.IBucket, names: Names, isSignedAtEdge: boolean): PolicyStatement {
  // With the account as the principal, the identity's own policy would also need the bucket, but it has only the access
  // point. The principal is therefore `*`, limited to the account by a condition.
  const accountCondition = isSignedAtEdge ? { 'aws:PrincipalAccount': Aws.ACCOUNT_ID } : {};
  return new PolicyStatement({
    sid: 'ThroughTheAccessPoint',
    principals: [isSignedAtEdge ? new StarPrincipal() : CLOUDFRONT],
    actions: ['s3:GetObject'],
    resources: [bucket.arnForObjects(names.keys)],
    conditions: { StringEquals: { 's3:DataAccessPointArn': names.accessPointArn, ...accountCondition } },
  });
}

function readByObjectLambda(names: Names): PolicyStatement {
  return new PolicyStatement({
    sid: 'ReadByObjectLambda',
    principals: [CLOUDFRONT],
    actions: ['s3:GetObject'],
    resources: [`${names.accessPointArn}/object/${names.keys}`],
    conditions: { ...VIA_OBJECT_LAMBDA, ...OF_THIS_ACCOUNT },
  });
}
