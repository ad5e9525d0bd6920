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
        cachePolicy: cachePolicy(this, parameters, config.queryStringQuota),
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
    const originPath = config.bucket.folder && `/${config.bucket.folder}`;
    if (functionUrl) {
      return config.signing === 'edge'
        ? new FunctionUrlOrigin(functionUrl, originProps(config))
        : FunctionUrlOrigin.withOriginAccessControl(functionUrl, originProps(config));
    }
    if (!objectLambda)
      throw new Error(
        'the storage stack has no origin: expected a Function URL or an Object Lambda access point',
      );
    return config.signing === 'edge'
      ? new HttpOrigin(objectLambda.domain, {
          ...originProps(config),
          originPath,
          protocolPolicy: cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
          originSslProtocols: [cloudfront.OriginSslPolicy.TLS_V1_2],
        })
      : new ObjectLambdaOrigin(objectLambda, { ...originProps(config), originPath });
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

/**
 * Creates the cache key of images: the parameters of transforms. A function has replaced short names by long ones, except in
 * invalid parameters, and has resolved `auto`.
 */
function cachePolicy(scope: Construct, parameters: AllowedParameters, quota: number): cloudfront.CachePolicy {
  return new CacheKey(scope, 'CacheKey', {
    comment: 'Transform parameters',
    names: parameters.names,
    headers: [],
    quota,
  });
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
