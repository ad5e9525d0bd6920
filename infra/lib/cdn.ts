import { CfnOutput, RemovalPolicy, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { FunctionUrlOrigin, HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { viewerFunction } from '../../edge/cloudfront/generate.mjs';
import { type Config, allowedParameters, signedUrls } from './config.ts';
import { CacheKey, SecurityHeaders, SecureDistribution, originProps } from './distribution.ts';
import { addDashboard } from './dashboard.ts';
import { EdgeVersions } from './edge-versions.ts';
import { protectedDistributions } from './firewall.ts';
import type { EdgeFunctionName } from './lambda-edge.ts';
import type { Names } from './names.ts';
import { ObjectLambdaOrigin } from './object-lambda-origin.ts';
import { AllowedParameters } from './parameters.ts';
import { viewerSettings } from './service-settings.ts';
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
    const inUsEast1 = this.inUsEast1(config, names);

    const { distribution } = new SecureDistribution(this, 'Pictures', {
      config,
      comment: `${config.prefix}: images`,
      domain: config.domain,
      logs: storage.logs,
      logPrefix: 'cdn/',
      webAcl: protectedDistributions(config).includes('photos')
        ? inUsEast1?.value(names.firewallParameter('photos'))
        : config.webAclArn,
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
        ...this.functions(config, inUsEast1),
      },
    });
    addDashboard(this, {
      distributionId: distribution.distributionId,
      functionName: names.transform,
      hasUrl: storage.functionUrl !== undefined,
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

  /** Returns what the edge stacks publish: the versions of functions, and the ARN of the firewall. */
  private inUsEast1(config: Config, names: Names): EdgeVersions | undefined {
    const functions: EdgeFunctionName[] = [
      ...(config.photoAuth.mode === 'none' ? [] : ['photos-viewer' as const]),
      ...(config.signing === 'edge' ? ['photos-origin' as const] : []),
    ];
    const hasFirewall = protectedDistributions(config).includes('photos');
    const parameters = hasFirewall ? [names.firewallParameter('photos')] : [];
    if (functions.length + parameters.length === 0) return undefined;
    return new EdgeVersions(this, 'Edge', { names, functions, parameters });
  }

  /**
   * Returns the functions of the distribution: at each request of a viewer one that makes the query canonical, and with
   * `signing: 'edge'` one that signs requests to the origin.
   */
  private functions(config: Config, versions: EdgeVersions | undefined): Partial<cloudfront.BehaviorOptions> {
    const atEdge = (name: EdgeFunctionName, eventType: cloudfront.LambdaEdgeEventType) =>
      versions ? [{ functionVersion: versions.version(name), eventType }] : [];
    const { ORIGIN_REQUEST, VIEWER_REQUEST } = cloudfront.LambdaEdgeEventType;
    const signer = config.signing === 'edge' ? atEdge('photos-origin', ORIGIN_REQUEST) : [];
    // Only Lambda@Edge can check tokens, and no CloudFront Function may run beside it at the same event.
    return config.photoAuth.mode === 'none'
      ? { ...this.viewerFunction(config), edgeLambdas: signer }
      : { edgeLambdas: [...atEdge('photos-viewer', VIEWER_REQUEST), ...signer] };
  }

  private viewerFunction(config: Config): Partial<cloudfront.BehaviorOptions> {
    const { ignoreKeys, lenient } = viewerSettings(config.service);
    const { keys } = new AllowedParameters(allowedParameters(config), 'parameters');
    const signed = signedUrls(config);
    const signature = signed === 'off' ? {} : { signature: { required: signed === 'required' } };
    const normalizer = new cloudfront.Function(this, 'QueryFilter', {
      comment: 'Checks signed URLs, rejects unknown query parameters and makes queries canonical',
      code: cloudfront.FunctionCode.fromInline(viewerFunction({ keys, ignoreKeys, lenient, ...signature })),
      runtime: cloudfront.FunctionRuntime.JS_2_0,
      ...(signed === 'off' ? {} : { keyValueStore: this.signatureKeys(config) }),
    });
    return {
      functionAssociations: [
        { function: normalizer, eventType: cloudfront.FunctionEventType.VIEWER_REQUEST },
      ],
    };
  }

  /** Creates the key with which applications sign URLs, and the store from which the function reads it. */
  private signatureKeys(config: Config): cloudfront.KeyValueStore {
    const secret = new Secret(this, 'SignatureKey', {
      description: 'Key of signed URLs: `npm run keys` copies it to the key-value store',
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy: config.removalPolicy === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'Pages that were delivered contain URLs signed with this key, so only the operator knows when a new one may replace it: npm run keys -- --rotate, and later --revoke.',
    });
    const store = new cloudfront.KeyValueStore(this, 'Keys', {
      comment: `${config.prefix}: keys of signed URLs`,
    });
    new CfnOutput(this, 'signaturekey', {
      value: secret.secretArn,
      description: 'Secret that signs URLs',
    });
    new CfnOutput(this, 'keystore', {
      value: store.keyValueStoreArn,
      description: 'Key-value store with the keys of signed URLs',
    });
    return store;
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
