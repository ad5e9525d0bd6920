import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { FunctionUrlOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Auth, Config, ImageFrames } from './config.ts';
import { CacheKey, SecurityHeaders, SecureDistribution, originProps } from './distribution.ts';
import { addDashboard } from './dashboard.ts';
import { EdgeVersions } from './edge-versions.ts';
import { protectedDistributions } from './firewall.ts';
import type { Names } from './names.ts';
import { TransformFunction, URL_RESPONSE_TIME } from './transform-function.ts';
import { acknowledgeWildcards } from './wildcards.ts';

export interface ImageFramesProps extends StackProps {
  config: Config;
  frames: ImageFrames;
  names: Names;
  /** Zip with `bootstrap`. */
  code: string;
  logs: IBucket;
}

/** Environment variables that make `bootstrap` deliver image frames. */
const SETTINGS = {
  dataStores: 'SAFELIGHT_HEALTHIMAGING_DATASTORES',
  region: 'SAFELIGHT_HEALTHIMAGING_REGION',
};

/** Actions of AWS HealthImaging that the function calls. */
const IMAGE_SET_ACTIONS = ['GetImageFrame', 'GetImageSet', 'GetImageSetMetadata'];
const DICOMWEB_ACTIONS = [
  'GetDICOMInstance',
  'GetDICOMInstanceFrames',
  'GetDICOMInstanceMetadata',
  'GetDICOMSeriesMetadata',
];

/**
 * The distribution of image frames. The edge checks tokens before the cache look-up. It also signs requests, because
 * origin access control cannot sign the body that clients of earlier samples POST.
 *
 * A separate function delivers the frames, so that no role can read both images and medical images.
 */
export class ImageFramesStack extends Stack {
  constructor(scope: Construct, id: string, props: ImageFramesProps) {
    super(scope, id, props);
    const { config, frames, names } = props;
    const url = this.functionUrl(props);
    const hasFirewall = protectedDistributions(config).includes('frames');
    const versions = new EdgeVersions(this, 'Edge', {
      names,
      functions: ['frames-viewer', 'frames-origin'],
      parameters: hasFirewall ? [names.firewallParameter('frames')] : [],
    });
    const requestHeaders = ['Accept', 'Content-Type', 'Range', ...tokenHeaders(frames.auth)];

    const viewer = versions.version('frames-viewer');
    const origin = versions.version('frames-origin');
    const originRequestPolicy = preflight(this);
    const responseHeadersPolicy = new SecurityHeaders(this, 'Headers', {
      origins: frames.corsOrigins,
      methods: ['GET', 'HEAD', 'POST', 'OPTIONS'],
      requestHeaders,
      auth: frames.auth,
    });

    const behavior = (key: cloudfront.ICachePolicy): cloudfront.BehaviorOptions => ({
      origin: new FunctionUrlOrigin(url, originProps(config, URL_RESPONSE_TIME)),
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
      // This is CloudFront's smallest set of methods with POST. The edge signs only GET, HEAD and POST and rejects others.
      allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
      cachedMethods: cloudfront.CachedMethods.CACHE_GET_HEAD,
      compress: true,
      cachePolicy: key,
      originRequestPolicy,
      responseHeadersPolicy,
      edgeLambdas: [
        {
          eventType: cloudfront.LambdaEdgeEventType.VIEWER_REQUEST,
          functionVersion: viewer,
        },
        {
          eventType: cloudfront.LambdaEdgeEventType.ORIGIN_REQUEST,
          functionVersion: origin,
          includeBody: true,
        },
      ],
    });

    const { distribution } = new SecureDistribution(this, 'Frames', {
      config,
      comment: `${config.prefix}: image frames`,
      domain: frames.domain,
      logs: props.logs,
      logPrefix: 'frames/',
      webAcl: hasFirewall ? versions.value(names.firewallParameter('frames')) : frames.webAclArn,
      defaultBehavior: behavior(cacheKey(this, 'CacheKey')),
      // `Accept` selects the transfer syntax of a frame.
      additionalBehaviors: {
        '/datastore/*/studies/*': behavior(cacheKey(this, 'DicomWebCacheKey', ['Accept'])),
      },
    });
    addDashboard(this, {
      distributionId: distribution.distributionId,
      functionName: names.frames,
      hasUrl: true,
    });
    new CfnOutput(this, 'frames-domain', {
      value: frames.domain?.names[0] ?? distribution.distributionDomainName,
      description: 'Host name of the image frames',
    });
    new CfnOutput(this, 'distribution', {
      value: distribution.distributionDomainName,
      description: 'Target of the CNAME or ALIAS record of the custom domain',
    });
  }

  private functionUrl({ config, frames, names, code }: ImageFramesProps): lambda.FunctionUrl {
    const region = frames.region ?? config.region;
    const dataStores = frames.dataStoreIds.map(
      (store) => `arn:${this.partition}:medical-imaging:${region}:${this.account}:datastore/${store}`,
    );
    const imageSets = dataStores.map((store) => `${store}/imageset/*`);
    const deliver = new TransformFunction(this, 'Deliver', {
      config,
      functionName: names.frames,
      functionArn: names.functionArn(names.frames),
      description: 'Safelight: delivers image frames',
      code,
      memoryMb: frames.memoryMb,
      environment: { [SETTINGS.dataStores]: frames.dataStoreIds.join(','), [SETTINGS.region]: region },
      auth: frames.auth,
      hasUrl: true,
      responseTime: URL_RESPONSE_TIME,
      permissions: [
        new PolicyStatement({
          actions: IMAGE_SET_ACTIONS.map((action) => `medical-imaging:${action}`),
          resources: [...dataStores, ...imageSets],
        }),
        // Of these, AWS checks the data store only.
        new PolicyStatement({
          actions: DICOMWEB_ACTIONS.map((action) => `medical-imaging:${action}`),
          resources: dataStores,
        }),
      ],
    });
    acknowledgeWildcards(
      deliver.role,
      imageSets,
      'Image sets are added to and removed from a data store, so their ids are unknown at deployment. The wildcard is limited to one configured data store and to read actions.',
    );
    return deliver.function.addFunctionUrl({
      authType: lambda.FunctionUrlAuthType.AWS_IAM,
      invokeMode: lambda.InvokeMode.RESPONSE_STREAM,
      // Browsers cannot sign preflight requests, so Lambda answers them with these settings.
      cors: {
        allowedOrigins: frames.corsOrigins,
        allowedMethods: [lambda.HttpMethod.GET, lambda.HttpMethod.HEAD, lambda.HttpMethod.POST],
        allowedHeaders: ['accept', 'content-type', 'range', ...tokenHeaders(frames.auth)],
        maxAge: Duration.hours(2),
      },
    });
  }
}

/** Returns the headers in which scripts of other sites may send a token. */
function tokenHeaders(auth: Auth): string[] {
  if (auth.mode === 'none') return [];
  return [...(auth.token.bearer ? ['Authorization'] : []), ...auth.token.headers];
}

/** Creates the cache key of frames. It contains no token: the viewer-request function has checked and removed it. */
function cacheKey(scope: Construct, id: string, headers: string[] = []): cloudfront.CachePolicy {
  return new CacheKey(scope, id, { comment: 'Frame ids and transform parameters', headers });
}

/** Creates a policy that forwards only the headers of preflight requests, and no cookies. */
function preflight(scope: Construct): cloudfront.OriginRequestPolicy {
  return new cloudfront.OriginRequestPolicy(scope, 'OriginRequest', {
    comment: 'Preflight headers',
    queryStringBehavior: cloudfront.OriginRequestQueryStringBehavior.none(),
    headerBehavior: cloudfront.OriginRequestHeaderBehavior.allowList(
      'Origin',
      'Access-Control-Request-Headers',
      'Access-Control-Request-Method',
    ),
    cookieBehavior: cloudfront.OriginRequestCookieBehavior.none(),
  });
}
