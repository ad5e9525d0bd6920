import { Duration, Validations } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Auth, Config, Domain } from './config.ts';

export interface SecureDistributionProps {
  config: Config;
  comment: string;
  defaultBehavior: cloudfront.BehaviorOptions;
  additionalBehaviors?: Record<string, cloudfront.BehaviorOptions>;
  domain: Domain | undefined;
  logs: IBucket;
  /** Prefix of the access logs in the log bucket. */
  logPrefix: string;
  /** ARN of the firewall. */
  webAcl: string | undefined;
}

/** A distribution with this project's common settings: HTTP/2 and 3, access logs, price class, firewall and domain. */
export class SecureDistribution extends Construct {
  readonly distribution: cloudfront.Distribution;

  constructor(scope: Construct, id: string, props: SecureDistributionProps) {
    super(scope, id);
    const { config, domain } = props;
    this.distribution = new cloudfront.Distribution(this, 'Distribution', {
      comment: props.comment,
      defaultBehavior: props.defaultBehavior,
      additionalBehaviors: props.additionalBehaviors ?? {},
      httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
      priceClass: PRICE_CLASSES[config.priceClass],
      // CloudFront's own certificate has a fixed security policy.
      minimumProtocolVersion: domain && TLS_POLICIES[domain.minimumTls],
      enableLogging: true,
      logBucket: props.logs,
      logFilePrefix: props.logPrefix,
      logIncludesCookies: false,
      webAclId: props.webAcl,
      domainNames: domain?.names,
      // By default CloudFront answers everyone with a stored 503 for ten seconds; the function asks for one.
      errorResponses: [{ httpStatus: 503, ttl: Duration.seconds(1) }],
      certificate: domain && Certificate.fromCertificateArn(this, 'Certificate', domain.certificateArn),
    });
    this.acknowledge(props.webAcl, domain);
  }

  private acknowledge(webAcl: string | undefined, domain: Domain | undefined) {
    const acknowledge = (id: string, reason: string) => {
      Validations.of(this.distribution).acknowledge({ id, reason });
    };
    acknowledge(
      'AwsSolutions-CFR1',
      'Allowed countries depend on the operator, so a default list would be a guess. A firewall (webAclArn) can restrict them.',
    );
    if (webAcl === undefined) {
      acknowledge(
        'AwsSolutions-CFR2',
        'The operator has chosen firewall: none. Signed URLs or presets limit what viewers can ask for, reservedConcurrency limits the executions of the function, and responses are cached.',
      );
    }
    if (!domain) {
      acknowledge(
        'AwsSolutions-CFR4',
        'CloudFront’s own certificate always accepts TLS 1.0. With a custom domain, the distribution accepts only TLS 1.2 (TLSv1.2_2025) and later.',
      );
    }
  }
}

const TLS_POLICIES = {
  '1.2': cloudfront.SecurityPolicyProtocol.TLS_V1_2_2025,
  '1.3': cloudfront.SecurityPolicyProtocol.TLS_V1_3_2025,
};

const PRICE_CLASSES = {
  '100': cloudfront.PriceClass.PRICE_CLASS_100,
  '200': cloudfront.PriceClass.PRICE_CLASS_200,
  all: cloudfront.PriceClass.PRICE_CLASS_ALL,
};

export interface SafeHeadersProps {
  origins: string[];
  methods: string[];
  /** Request headers that scripts of other sites may send. */
  requestHeaders: string[];
  /** The authorization of viewers. */
  auth: Auth;
}

/** Security and CORS headers of every response, including responses of the edge and of the cache. */
export class SecurityHeaders extends cloudfront.ResponseHeadersPolicy {
  constructor(scope: Construct, id: string, { origins, methods, requestHeaders, auth }: SafeHeadersProps) {
    super(scope, id, {
      securityHeadersBehavior: {
        // For SVG that is opened on its own; S3 Object Lambda sends no such header. It changes nothing for other types.
        contentSecurityPolicy: {
          contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
          override: true,
        },
        contentTypeOptions: { override: true },
        strictTransportSecurity: {
          accessControlMaxAge: Duration.days(365),
          includeSubdomains: false,
          override: true,
        },
      },
      corsBehavior: {
        accessControlAllowCredentials: false,
        accessControlAllowOrigins: origins,
        accessControlAllowMethods: methods,
        accessControlAllowHeaders: requestHeaders,
        accessControlExposeHeaders: ['Content-Range', 'ETag', 'Retry-After', 'Server-Timing', 'X-Request-Id'],
        accessControlMaxAge: Duration.hours(2),
        originOverride: true,
      },
      customHeadersBehavior: { customHeaders: customHeaders(auth) },
    });
  }
}

/**
 * Returns the headers that viewers get, whatever the origin says to CloudFront: the origin does not know how viewers are
 * checked, and S3 Object Lambda sends no such headers.
 */
function customHeaders(auth: Auth): cloudfront.ResponseCustomHeader[] {
  // Browsers send cookies for any site that embeds an image.
  const usesCookies = auth.mode !== 'none' && auth.token.cookies.length > 0;
  const headers = [
    {
      header: 'Cross-Origin-Resource-Policy',
      value: usesCookies ? 'same-site' : 'cross-origin',
      override: true,
    },
    { header: 'Timing-Allow-Origin', value: '*', override: true },
  ];
  // What a browser has stored must not outlive the token, so it asks again; CloudFront checks it and has the response.
  if (auth.mode !== 'none')
    headers.push({ header: 'Cache-Control', value: 'private, no-cache', override: true });
  return headers;
}

export interface CacheKeyProps {
  comment: string;
  headers: string[];
}

/**
 * The cache key: the query and headers, but no cookies and no tokens.
 *
 * A viewer-request function has removed every parameter that is not allowed, so the key has all that remain. A list of
 * names would be limited to ten, and functions at the origin would not see the query.
 */
export class CacheKey extends cloudfront.CachePolicy {
  constructor(scope: Construct, id: string, { comment, headers }: CacheKeyProps) {
    const { CacheHeaderBehavior } = cloudfront;
    super(scope, id, {
      comment,
      minTtl: Duration.seconds(0),
      defaultTtl: Duration.days(1),
      maxTtl: Duration.days(365),
      queryStringBehavior: cloudfront.CacheQueryStringBehavior.all(),
      headerBehavior:
        headers.length > 0 ? CacheHeaderBehavior.allowList(...headers) : CacheHeaderBehavior.none(),
      cookieBehavior: cloudfront.CacheCookieBehavior.none(),
      enableAcceptEncodingGzip: true,
      enableAcceptEncodingBrotli: true,
    });
  }
}

/**
 * Returns the timeouts and the Origin Shield region of an origin whose function takes at most `responseTime`.
 *
 * A second attempt would run, and cost, a second time: Lambda does not stop the first one.
 */
export function originProps(config: Config, responseTime: Duration) {
  return {
    connectionAttempts: 1,
    readTimeout: Duration.minutes(1),
    responseCompletionTimeout: responseTime.plus(Duration.seconds(5)),
    keepaliveTimeout: Duration.seconds(30),
    originShieldRegion: config.originShieldRegion,
  };
}
