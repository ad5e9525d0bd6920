import { Aws } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { PolicyDocument, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnAccessPointPolicy } from 'aws-cdk-lib/aws-s3objectlambda';
import type { Construct } from 'constructs';
import type { ObjectLambda } from './object-lambda.ts';

/** An Object Lambda access point as an origin: CloudFront signs the requests, and only this distribution is allowed. */
export class ObjectLambdaOrigin extends cloudfront.OriginBase {
  private readonly objectLambda: ObjectLambda;

  constructor(objectLambda: ObjectLambda, props: cloudfront.OriginProps) {
    super(objectLambda.aliasDomain, props);
    this.objectLambda = objectLambda;
  }

  override bind(scope: Construct, options: cloudfront.OriginBindOptions): cloudfront.OriginBindConfig {
    const control = new cloudfront.S3OriginAccessControl(scope, 'AccessControl', {
      signing: cloudfront.Signing.SIGV4_ALWAYS,
    });
    const { accessPoint } = this.objectLambda;
    new CfnAccessPointPolicy(scope, 'ObjectLambdaPolicy', {
      objectLambdaAccessPoint: accessPoint.ref,
      policyDocument: new PolicyDocument({
        statements: [
          new PolicyStatement({
            sid: 'ThisDistribution',
            principals: [new ServicePrincipal('cloudfront.amazonaws.com')],
            actions: ['s3-object-lambda:GetObject'],
            resources: [accessPoint.attrArn],
            conditions: {
              StringEquals: {
                'aws:SourceArn': `arn:${Aws.PARTITION}:cloudfront::${Aws.ACCOUNT_ID}:distribution/${options.distributionId ?? ''}`,
              },
            },
          }),
        ],
      }),
    });
    const { originProperty, ...config } = super.bind(scope, options);
    if (!originProperty) throw new Error('the CDK returned no origin property');
    return {
      ...config,
      originProperty: { ...originProperty, originAccessControlId: control.originAccessControlId },
    };
  }

  protected override renderS3OriginConfig(): cloudfront.CfnDistribution.S3OriginConfigProperty {
    // Origin access control requires an empty identity.
    return { originAccessIdentity: '' };
  }
}
