import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { FunctionUrlOrigin, HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';
import { CacheKey, SafeHeaders, SecureDistribution, originProps } from './distribution.ts';
import { photosNeedEdge } from './edge-config.ts';
import { EdgeVersions } from './edge-versions.ts';
import type { Names } from './names.ts';
import { ObjectLambdaOrigin } from './object-lambda-origin.ts';
import { AllowedParameters } from './parameters.ts';
import { queryFilter } from './query-filter.ts';
import type { StorageStack } from './storage.ts';

export interface CdnProps extends StackProps {
  config: Config;
  names: Names;
  storage: StorageStack;
}

/** The distribution of pictures. */
export class CdnStack extends Stack {
  constructor(scope: Construct, id: string, props: CdnProps) {
    super(scope, id, props);
    const { config, names, storage } = props;
    const hasEdge = photosNeedEdge(config);
    const parameters = new AllowedParameters(config.parameters, 'parameters');

    const { distribution } = new SecureDistribution(this, 'Pictures', {
      config,
      comment: `${config.prefix}: pictures`,
      domain: config.domain,
      logs: storage.logs,
      logPrefix: 'cdn/',
      defaultBehavior: {
        origin: this.origin(config, storage),
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        allowedMethods: cloudfront.AllowedMethods.ALLOW_GET_HEAD,
        compress: true,
        cachePolicy: cachePolicy(this, parameters, hasEdge, config.queryStringQuota),
        originRequestPolicy: nothingMore(this),
        responseHeadersPolicy: new SafeHeaders(this, 'Headers', {
          origins: config.corsOrigins,
          methods: ['GET', 'HEAD'],
          requestHeaders: ['Range'],
        }),
        ...(hasEdge ? this.edgeFunctions(config, names) : this.filter(parameters)),
      },
    });
    new CfnOutput(this, 'cf-domain', {
      value: config.domain?.names[0] ?? distribution.distributionDomainName,
      exportName: `${config.prefix}-cf-domain`,
      description: 'Host name of the pictures',
    });
    new CfnOutput(this, 'distribution', {
      value: distribution.distributionDomainName,
      description: 'What a CNAME or ALIAS record of the custom domain must point at',
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
    if (!objectLambda) throw new Error('the storage stack has no door for CloudFront');
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

  private filter(parameters: AllowedParameters): Partial<cloudfront.BehaviorOptions> {
    const filter = new cloudfront.Function(this, 'QueryFilter', {
      comment: 'Drops every query parameter that is not of a transform',
      code: cloudfront.FunctionCode.fromInline(queryFilter(parameters)),
      runtime: cloudfront.FunctionRuntime.JS_2_0,
    });
    return {
      functionAssociations: [{ function: filter, eventType: cloudfront.FunctionEventType.VIEWER_REQUEST }],
    };
  }
}

/**
 * What tells cached answers apart: the parameters of transforms and, for `format=auto`, `Accept`.
 *
 * @param isNormalized whether a function at the edge has made short names long and resolved `auto`
 */
function cachePolicy(
  scope: Construct,
  parameters: AllowedParameters,
  isNormalized: boolean,
  quota: number,
): cloudfront.CachePolicy {
  return new CacheKey(scope, 'CacheKey', {
    comment: 'Parameters of transforms',
    names: isNormalized ? parameters.keys : parameters.names,
    headers: isNormalized || parameters.autoNames.length === 0 ? [] : ['Accept'],
    quota,
  });
}

/** The origin gets what is in the cache key, and nothing else of the viewer. */
function nothingMore(scope: Construct): cloudfront.OriginRequestPolicy {
  return new cloudfront.OriginRequestPolicy(scope, 'OriginRequest', {
    comment: 'Nothing besides the cache key',
    queryStringBehavior: cloudfront.OriginRequestQueryStringBehavior.none(),
    headerBehavior: cloudfront.OriginRequestHeaderBehavior.none(),
    cookieBehavior: cloudfront.OriginRequestCookieBehavior.none(),
  });
}
