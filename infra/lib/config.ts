import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { z } from 'zod';

const arn = (service: string, region: string, resource: string) =>
  z
    .string()
    .regex(
      new RegExp(`^arn:aws[a-z-]*:${service}:${region}:\\d{12}:${resource}$`),
      `must be the ARN of a resource of ${service}${region === 'us-east-1' ? ' in us-east-1' : ''}`,
    );

const region = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be the name of a region, such as eu-central-1');

const bucketName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket, not an ARN or a URL');

const https = z.url({ protocol: /^https$/, error: 'must be a URL that begins with https://' });

/** A name that stands in a URL, a header or a cookie, and nothing that could end it. */
const token = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'may hold letters, digits, - and _');

const names = z.array(z.string().min(1)).min(1);

const tokenPlaces = z
  .strictObject({
    /** `Authorization: Bearer …`. Defaults to true. */
    bearer: z.boolean().default(true),
    /** Request headers that hold nothing but the token. Defaults to `token`. */
    headers: z.array(token).default(['token']),
    /** Cookies. Defaults to none. */
    cookies: z.array(token).default([]),
    /** Query parameters. Defaults to none: they stand in access logs and browser histories. */
    query: z.array(token).default([]),
  })
  .refine(
    (places) => places.bearer || places.headers.length + places.cookies.length + places.query.length > 0,
    {
      error: 'names no place where a token could be',
    },
  )
  .prefault({});

const signedIn = {
  /** Scopes of which a token must have one. Defaults to any. */
  scopes: names.optional(),
  /** Where a token is looked for. */
  token: tokenPlaces,
  /** Seconds that clocks may differ. Defaults to none. */
  graceSeconds: z.int().min(0).max(300).default(0),
};

const auth = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('none') }),
  z.strictObject({
    mode: z.literal('cognito'),
    userPoolId: z
      .string()
      .regex(
        /^[a-z]{2}(-[a-z]+)+-\d_[A-Za-z0-9]+$/,
        'must be the ID of a user pool, such as eu-west-1_AbCdEf123',
      ),
    /** Clients whose tokens are good. */
    clientIds: z.array(z.string().regex(/^\w{1,128}$/, 'must be the ID of a client of the pool')).min(1),
    /** Defaults to `access`. */
    tokenUse: z.enum(['access', 'id']).default('access'),
    /** Groups of which a token must have one. Defaults to any. */
    groups: names.optional(),
    ...signedIn,
  }),
  z.strictObject({
    mode: z.literal('oidc'),
    issuer: https,
    audiences: names,
    /** Defaults to `/.well-known/jwks.json` below the issuer. */
    jwksUri: https.optional(),
    ...signedIn,
  }),
]);

const domain = z.strictObject({
  names: z
    .array(
      z
        .string()
        .regex(
          /^(\*\.)?([a-z0-9-]+\.)+[a-z]{2,}$/,
          'must be a host name in lower case, such as img.example.com',
        ),
    )
    .min(1),
  /** CloudFront takes certificates from us-east-1 only. */
  certificateArn: arn('acm', 'us-east-1', 'certificate/[0-9a-f-]{36}'),
});

const origin = z
  .string()
  .regex(/^https?:\/\/[a-z0-9.-]+(:\d+)?$/, 'must be an origin, such as https://app.example.com')
  .or(z.literal('*'));

const memoryMb = z.int().min(128).max(10240);

/** Settings that the stacks make themselves. */
const MADE = /^SAFELIGHT_(BUCKET|PREFIX|HEALTHIMAGING_.*)$/;

const settings = z
  .record(
    z.string().regex(/^SAFELIGHT_[A-Z_]+$/, 'must be a setting of Safelight, such as SAFELIGHT_REDACT'),
    z.string(),
  )
  .refine((all) => !Object.keys(all).some((name) => MADE.test(name)), {
    error: 'may not hold what the stacks set: SAFELIGHT_BUCKET, SAFELIGHT_PREFIX, SAFELIGHT_HEALTHIMAGING_*',
  });

const imageFrames = z.strictObject({
  /** Data stores whose image sets are delivered; no other can be read. */
  dataStoreIds: z
    .array(
      z.string().regex(/^[0-9a-z]{32}$/, 'must be the ID of a data store: 32 digits and lower-case letters'),
    )
    .min(1),
  /** Region of the data stores. Defaults to that of the stacks. */
  region: region.optional(),
  /** Who may see them. */
  auth,
  /** Parameters of transforms that viewers may use. Defaults to all. */
  parameters: names.optional(),
  /** Sites whose scripts may read answers. Defaults to any. */
  corsOrigins: z.array(origin).min(1).default(['*']),
  domain: domain.optional(),
  /** Memory of the function. Defaults to 1024. */
  memoryMb: memoryMb.default(1024),
});

export const Config = z
  .strictObject({
    /** What every name begins with; no two deployments of an account may share it. Defaults to `safelight`. */
    prefix: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/, 'must be 2 to 20 lower-case letters, digits and hyphens')
      .default('safelight'),
    /** Where bucket and functions are. Edge functions are in us-east-1 whatever stands here. */
    region,
    /** Defaults to the account whose credentials deploy. */
    account: z
      .string()
      .regex(/^\d{12}$/, 'must be twelve digits')
      .optional(),

    /** Who hands pictures to CloudFront. S3 Object Lambda is closed to accounts that did not use it before 2025-11-07. */
    photoOrigin: z.enum(['functionUrl', 'objectLambda']).default('functionUrl'),
    /** Who signs CloudFront's requests: CloudFront itself, or a function at the edge. */
    signing: z.enum(['originAccessControl', 'edge']).default('originAccessControl'),
    /** Who may see pictures. Defaults to everybody. */
    photoAuth: auth.default({ mode: 'none' }),
    /** Parameters of transforms that viewers may use, by their long names. Defaults to all. */
    parameters: names.optional(),
    /** Sites whose scripts may read answers. Defaults to any. */
    corsOrigins: z.array(origin).min(1).default(['*']),

    bucket: z
      .strictObject({
        /** A bucket that is there already. Defaults to a new one. */
        name: bucketName.optional(),
        /** Folder of the pictures, without slashes at its ends. Defaults to the whole bucket. */
        folder: z
          .string()
          .regex(/^[\w.-]+(\/[\w.-]+)*$/, 'must be a path of letters, digits, _ . - and inner slashes')
          .optional(),
        /** Whether a new bucket keeps what is overwritten. Defaults to true. */
        versioned: z.boolean().default(true),
        /** Key that an existing bucket is encrypted with, if it is one of KMS. */
        kmsKeyArn: arn('kms', '[a-z0-9-]+', 'key/[0-9a-zA-Z-]+').optional(),
      })
      .prefault({}),

    /** Defaults to the name that CloudFront gives. */
    domain: domain.optional(),
    /** Defaults to no firewall. */
    webAclArn: arn('wafv2', 'us-east-1', 'global/webacl/[\\w-]+/[0-9a-f-]{36}').optional(),
    /** Places that serve: 100 is North America and Europe, 200 adds Asia, Africa and the Middle East. Defaults to `100`. */
    priceClass: z.enum(['100', '200', 'all']).default('100'),
    /** One cache in front of the origin, in this region. Defaults to none. */
    originShieldRegion: region.optional(),
    /** Names of parameters that a cache policy may list: 10, unless AWS raised it for the account. */
    queryStringQuota: z.int().min(1).max(100).default(10),

    logs: z
      .strictObject({
        /** A bucket for access logs, with ACLs enabled. Defaults to a new one. */
        bucket: bucketName.optional(),
        /** Days that logs are kept. Defaults to 90. */
        retentionDays: z
          .enum(RetentionDays, { error: 'must be a period that CloudWatch knows, such as 7, 30, 90 or 365' })
          .default(RetentionDays.THREE_MONTHS),
      })
      .prefault({}),
    /** Topic that alarms go to. Defaults to none: they only change their colour. */
    alarmTopicArn: arn('sns', '[a-z0-9-]+', '[\\w.-]+').optional(),

    /** Memory of the function that transforms, which also says how much of a processor it has. Defaults to 1769: one whole. */
    memoryMb: memoryMb.default(1769),
    /** Defaults to `arm64`, which costs less. */
    architecture: z.enum(['arm64', 'x86_64']).default('arm64'),
    /** Most copies of each function that run at a time. Defaults to what the account allows. */
    reservedConcurrency: z.int().min(1).optional(),
    /** Environment variables of the function, as README.md lists them. */
    settings: settings.default({}),

    /** Delivery of AWS HealthImaging. Defaults to none. */
    imageFrames: imageFrames.optional(),

    /** Whether the new buckets and logs outlive the stacks. Defaults to `retain`. */
    removalPolicy: z.enum(['retain', 'destroy']).default('retain'),
  })
  .refine((config) => !(config.photoOrigin === 'objectLambda' && config.bucket.kmsKeyArn), {
    path: ['bucket', 'kmsKeyArn'],
    error:
      'is for functionUrl: with objectLambda it is CloudFront or the edge that reads, and the key policy must say so',
  })
  .refine((config) => config.bucket.name || !config.bucket.kmsKeyArn, {
    path: ['bucket', 'kmsKeyArn'],
    error: 'is for a bucket that is there already; a new one is encrypted with keys of S3',
  });

/** What an operator writes. */
export type ConfigInput = z.input<typeof Config>;
/** The same, checked, with its defaults. */
export type Config = z.output<typeof Config>;
export type Auth = Config['photoAuth'];
export type ImageFrames = NonNullable<Config['imageFrames']>;
export type Domain = NonNullable<Config['domain']>;

/**
 * Checks what an operator wrote.
 *
 * @throws Error that names every key with a wrong value, and says what would be right.
 */
export function parseConfig(input: unknown): Config {
  const parsed = Config.safeParse(input);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => `${[...issue.path, key].join('.')}: is no setting`)
      : [`${issue.path.join('.') || 'config'}: ${issue.message}`],
  );
  throw new Error(`The configuration cannot be meant:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}

/** Choices that are allowed but hardly ever right. */
export function warnings(config: Config): string[] {
  const found: string[] = [];
  if (config.imageFrames?.auth.mode === 'none') {
    found.push(
      'imageFrames.auth is none: ANYBODY WHO KNOWS OR GUESSES A URL CAN READ THE MEDICAL IMAGES of the data stores',
    );
  }
  for (const [key, auth] of [
    ['photoAuth', config.photoAuth],
    ['imageFrames.auth', config.imageFrames?.auth],
  ] as const) {
    if (auth && auth.mode !== 'none' && auth.token.query.length > 0) {
      found.push(
        `${key}.token.query: tokens in URLs are written to the access logs and to the histories of browsers`,
      );
    }
  }
  return found;
}
