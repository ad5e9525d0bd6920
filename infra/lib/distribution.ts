import { Duration, Validations } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Config, Domain } from './config.ts';

export interface SecureDistributionProps {
  config: Config;
  comment: string;
  defaultBehavior: cloudfront.BehaviorOptions;
  additionalBehaviors?: Record<string, cloudfront.BehaviorOptions>;
  domain: Domain | undefined;
  logs: IBucket;
  /** Folder of the access logs. */
  logPrefix: string;
}

/** A distribution as all of this project are: HTTPS only, HTTP/2 and 3, logged. */
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
      // CloudFront's own certificate comes with a security policy of its own.
      minimumProtocolVersion: domain && cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
      enableLogging: true,
      logBucket: props.logs,
      logFilePrefix: props.logPrefix,
      logIncludesCookies: false,
      webAclId: config.webAclArn,
      domainNames: domain?.names,
      certificate: domain && Certificate.fromCertificateArn(this, 'Certificate', domain.certificateArn),
    });
    this.acknowledge(config, domain);
  }

  private acknowledge(config: Config, domain: Domain | undefined) {
    const acknowledge = (id: string, reason: string) => {
      Validations.of(this.distribution).acknowledge({ id, reason });
    };
    acknowledge(
      'AwsSolutions-CFR1',
      'Where viewers may be is for the operator to say, and differs from one to the next. A list here would be a guess; a firewall (webAclArn) can hold it.',
    );
    if (!config.webAclArn) {
      acknowledge(
        'AwsSolutions-CFR2',
        'webAclArn attaches a firewall, and README says how. None is made here: what it should count, and what it may cost, is the operator’s decision. Unknown parameters never reach the function, its copies are bounded by reservedConcurrency, and answers are cached.',
      );
    }
    if (!domain) {
      acknowledge(
        'AwsSolutions-CFR4',
        'CloudFront’s own certificate admits TLS 1.0 and cannot be told otherwise. With a custom domain the distribution admits TLS 1.2 (TLSv1.2_2021) and later only.',
      );
    }
  }
}

const PRICE_CLASSES = {
  '100': cloudfront.PriceClass.PRICE_CLASS_100,
  '200': cloudfront.PriceClass.PRICE_CLASS_200,
  all: cloudfront.PriceClass.PRICE_CLASS_ALL,
};

export interface SafeHeadersProps {
  origins: string[];
  methods: string[];
  /** Of requests that other sites' scripts may send. */
  requestHeaders: string[];
}

/** What viewers are told with every answer, whoever made it. */
export class SafeHeaders extends cloudfront.ResponseHeadersPolicy {
  constructor(scope: Construct, id: string, { origins, methods, requestHeaders }: SafeHeadersProps) {
    super(scope, id, {
      securityHeadersBehavior: {
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
    });
  }
}

export interface CacheKeyProps {
  comment: string;
  /** Query parameters. */
  names: string[];
  headers: string[];
  /** Most names that a policy of this account may list. */
  quota: number;
}

/**
 * What tells cached answers apart.
 *
 * A viewer-request function has dropped every other parameter before, so where the names are more than a policy may
 * list, all that is left counts. No cookie counts, and no token.
 */
export class CacheKey extends cloudfront.CachePolicy {
  constructor(scope: Construct, id: string, { comment, names, headers, quota }: CacheKeyProps) {
    const { CacheQueryStringBehavior, CacheHeaderBehavior } = cloudfront;
    super(scope, id, {
      comment,
      minTtl: Duration.seconds(0),
      defaultTtl: Duration.days(1),
      maxTtl: Duration.days(365),
      queryStringBehavior:
        names.length <= quota ? CacheQueryStringBehavior.allowList(...names) : CacheQueryStringBehavior.all(),
      headerBehavior:
        headers.length > 0 ? CacheHeaderBehavior.allowList(...headers) : CacheHeaderBehavior.none(),
      cookieBehavior: cloudfront.CacheCookieBehavior.none(),
      enableAcceptEncodingGzip: true,
      enableAcceptEncodingBrotli: true,
    });
  }
}

/** Shield and times that every origin has. */
export function originProps(config: Config) {
  return {
    readTimeout: Duration.minutes(1),
    keepaliveTimeout: Duration.seconds(30),
    originShieldRegion: config.originShieldRegion,
  };
}
