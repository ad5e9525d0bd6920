import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { FunctionUrlOrigin, HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { Construct } from 'constructs';
import { viewerFunction } from '../../edge/cloudfront/generate.mjs';
import type { Config } from './config.ts';
import { CacheKey, SecurityHeaders, SecureDistribution, originProps } from './distribution.ts';
import { photosNeedEdge } from './edge-config.ts';
import { EdgeVersions } from './edge-versions.ts';
import type { Names } from './names.ts';
import { ObjectLambdaOrigin } from './object-lambda-origin.ts';
import { AllowedParameters } from './parameters.ts';
import type { StorageStack } from './storage.ts';
import { OBJECT_LAMBDA_RESPONSE_TIME, URL_RESPONSE_TIME } from './transform-function.ts';

export interface CdnProps extends StackProps {
  config: Config;
  names: Names;
  storage: StorageStack;
}

/** The distribution of images. */
export class CdnStack extends Stack {
  constructor(scope: Construct, id: string, props: CdnProps) {
    super(scope, id, props);
    const { config, names, storage } = props;
    const hasEdge = photosNeedEdge(config);
    const parameters = new AllowedParameters(config.parameters, 'parameters');

    const { distribution } = new SecureDistribution(this, 'Pictures', {
      config,
      comment: `${config.prefix}: images`,
      domain: config.domain,
      logs: storage.logs,
      logPrefix: 'cdn/',
      defaultBehavior: {
        origin: this.origin(config, storage),
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        allowedMethods: cloudfront.AllowedMethods.ALLOW_GET_HEAD,
        compress: true,
        cachePolicy: new CacheKey(this, 'CacheKey', { comment: 'Transform parameters', headers: [] }),
        originRequestPolicy: cacheKeyOnly(this),
        responseHeadersPolicy: new SecurityHeaders(this, 'Headers', {
          origins: config.corsOrigins,
          methods: ['GET', 'HEAD'],
          requestHeaders: ['Range'],
          auth: config.photoAuth,
        }),
        ...(hasEdge ? this.edgeFunctions(config, names) : this.viewerFunction(parameters)),
      },
    });
    new CfnOutput(this, 'cf-domain', {
      value: config.domain?.names[0] ?? distribution.distributionDomainName,
      exportName: `${config.prefix}-cf-domain`,
      description: 'Host name of the images',
    });
    new CfnOutput(this, 'distribution', {
      value: distribution.distributionDomainName,
      description: 'Target of the CNAME or ALIAS record of the custom domain',
    });
  }

  private origin(config: Config, storage: StorageStack): cloudfront.IOrigin {
    const { functionUrl, objectLambda } = storage;
    const props = originProps(config, functionUrl ? URL_RESPONSE_TIME : OBJECT_LAMBDA_RESPONSE_TIME);
    const originPath = config.bucket.folder && `/${config.bucket.folder}`;
    if (functionUrl) {
      return config.signing === 'edge'
        ? new FunctionUrlOrigin(functionUrl, props)
        : FunctionUrlOrigin.withOriginAccessControl(functionUrl, props);
    }
    if (!objectLambda)
      throw new Error(
        'the storage stack has no origin: expected a Function URL or an Object Lambda access point',
      );
    return config.signing === 'edge'
      ? new HttpOrigin(objectLambda.domain, {
          ...props,
          originPath,
          protocolPolicy: cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
          originSslProtocols: [cloudfront.OriginSslPolicy.TLS_V1_2],
        })
      : new ObjectLambdaOrigin(objectLambda, { ...props, originPath });
  }

  private edgeFunctions(config: Config, names: Names): Partial<cloudfront.BehaviorOptions> {
    const signs = config.signing === 'edge';
    const versions = new EdgeVersions(this, 'Edge', {
      names,
      functions: signs ? ['photos-viewer', 'photos-origin'] : ['photos-viewer'],
    });
    const viewer: cloudfront.EdgeLambda = {
      eventType: cloudfront.LambdaEdgeEventType.VIEWER_REQUEST,
      functionVersion: versions.version('photos-viewer'),
    };
    const origin = (): cloudfront.EdgeLambda => ({
      eventType: cloudfront.LambdaEdgeEventType.ORIGIN_REQUEST,
      functionVersion: versions.version('photos-origin'),
    });
    return { edgeLambdas: signs ? [viewer, origin()] : [viewer] };
  }

  private viewerFunction(parameters: AllowedParameters): Partial<cloudfront.BehaviorOptions> {
    const normalizer = new cloudfront.Function(this, 'QueryFilter', {
      comment: 'Rejects unknown query parameters and makes queries canonical',
      code: cloudfront.FunctionCode.fromInline(viewerFunction({ keys: parameters.keys })),
      runtime: cloudfront.FunctionRuntime.JS_2_0,
    });
    return {
      functionAssociations: [
        { function: normalizer, eventType: cloudfront.FunctionEventType.VIEWER_REQUEST },
      ],
    };
  }
}

/** Creates a policy by which the origin receives only the parts of the viewer's request that are in the cache key. */
function cacheKeyOnly(scope: Construct): cloudfront.OriginRequestPolicy {
  return new cloudfront.OriginRequestPolicy(scope, 'OriginRequest', {
    comment: 'Only the cache key',
    queryStringBehavior: cloudfront.OriginRequestQueryStringBehavior.none(),
    headerBehavior: cloudfront.OriginRequestHeaderBehavior.none(),
    cookieBehavior: cloudfront.OriginRequestCookieBehavior.none(),
  });
}
