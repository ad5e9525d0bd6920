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

/** Requests for parts, which are answered of the transformed picture; without these Object Lambda answers 501. */
const FEATURES = ['GetObject-Range', 'GetObject-PartNumber', 'HeadObject-Range', 'HeadObject-PartNumber'];

/** What is true of every call that Object Lambda makes in its caller's name. */
export const BY_OBJECT_LAMBDA = {
  'ForAnyValue:StringEquals': { 'aws:CalledVia': 's3-object-lambda.amazonaws.com' },
};

/** The access point that hands out what the function makes of a picture, and the one it reads the picture through. */
export class ObjectLambda extends Construct {
  readonly accessPoint: CfnObjectLambdaAccessPoint;
  /** `{alias}.s3.{region}.amazonaws.com`, for origin access control. */
  readonly aliasDomain: string;
  /** `{name}-{account}.s3-object-lambda.{region}.amazonaws.com`, for requests that are signed at the edge. */
  readonly domain: string;

  constructor(scope: Construct, id: string, props: ObjectLambdaProps) {
    super(scope, id);
    const { config, names, bucket } = props;
    const stack = Stack.of(this);
    const isSignedAtEdge = config.signing === 'edge';

    // The bucket leaves the decision to the access point. An existing bucket's policy is its owner's: see README.
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
      // Signed at the edge, the role's own policy says who may read.
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
      // AWS documents this permission without a source: the call comes from Object Lambda, in CloudFront's name, and
      // there is no Function URL by which anybody else's distribution could reach the function.
      props.transform.addPermission('ByObjectLambda', {
        principal: CLOUDFRONT,
        action: 'lambda:InvokeFunction',
      });
    }
    this.aliasDomain = `${this.accessPoint.attrAliasValue}.s3.${config.region}.${stack.urlSuffix}`;
    this.domain = `${names.objectLambda}-${stack.account}.s3-object-lambda.${config.region}.${stack.urlSuffix}`;
  }
}

const CLOUDFRONT = new ServicePrincipal('cloudfront.amazonaws.com');

/**
 * Lets the bucket be read through the one access point. AWS documents this for any principal and any access point of
 * the account.
 */
function delegation(bucket: s3.IBucket, names: Names, isSignedAtEdge: boolean): PolicyStatement {
  // A statement for the account itself would leave it to the identity's own policy, which knows the access point only.
  const whom = isSignedAtEdge ? { 'aws:PrincipalAccount': Aws.ACCOUNT_ID } : {};
  return new PolicyStatement({
    sid: 'ThroughTheAccessPoint',
    principals: [isSignedAtEdge ? new StarPrincipal() : CLOUDFRONT],
    actions: ['s3:GetObject'],
    resources: [bucket.arnForObjects(names.keys)],
    conditions: { StringEquals: { 's3:DataAccessPointArn': names.accessPointArn, ...whom } },
  });
}

function readByObjectLambda(names: Names): PolicyStatement {
  return new PolicyStatement({
    sid: 'ReadByObjectLambda',
    principals: [CLOUDFRONT],
    actions: ['s3:GetObject'],
    resources: [`${names.accessPointArn}/object/${names.keys}`],
    conditions: BY_OBJECT_LAMBDA,
  });
}
