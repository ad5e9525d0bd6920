import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { z } from 'zod';
import { problems, viewerSettings } from './service-settings.ts';

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

/** The name of a query parameter, header or cookie, without characters that would need escaping. */
const token = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be a name of 1 to 64 letters, digits, hyphens and underscores');

const names = z.array(z.string().min(1)).min(1);

const tokenLocations = z
  .strictObject({
    /** Whether `Authorization: Bearer …` may contain the token. Defaults to true. */
    bearer: z.boolean().default(true),
    /** Request headers whose whole value may be the token. Defaults to `token`. */
    headers: z.array(token).default(['token']),
    /** Cookies that may contain the token. Defaults to none. */
    cookies: z.array(token).default([]),
    /** Query parameters that may contain the token. Defaults to none: access logs and browser histories store them. */
    query: z.array(token).default([]),
  })
  .refine(
    ({ bearer, headers, cookies, query }) => bearer || headers.length + cookies.length + query.length > 0,
    {
      error: 'must allow at least one location: bearer, headers, cookies or query',
    },
  )
  .prefault({});

const tokenRequirements = {
  /** Accepted scopes; a token must have at least one. Defaults to no requirement. */
  scopes: names.optional(),
  /** Scopes with which `showExif` shows all EXIF; a token must have at least one. Defaults to none. */
  exifScopes: names.optional(),
  /** Locations that may contain the token. */
  token: tokenLocations,
  /** Tolerated difference to the issuer's clock, in seconds. Defaults to 0. */
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
    /** App clients whose tokens are accepted. */
    clientIds: z.array(z.string().regex(/^\w{1,128}$/, 'must be the ID of an app client of the pool')).min(1),
    /** Accepted kind of token. Defaults to `access`. */
    tokenUse: z.enum(['access', 'id']).default('access'),
    /** Accepted groups; a token must have at least one. Defaults to no requirement. */
    groups: names.optional(),
    ...tokenRequirements,
  }),
  z.strictObject({
    mode: z.literal('oidc'),
    issuer: https,
    audiences: names,
    /** URL of the key set. Defaults to `/.well-known/jwks.json` below the issuer. */
    jwksUri: https.optional(),
    ...tokenRequirements,
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
  /** Certificate, in us-east-1: CloudFront accepts no other region. */
  certificateArn: arn('acm', 'us-east-1', 'certificate/[0-9a-f-]{36}'),
  /** Lowest version of TLS that viewers may use. Defaults to `1.2`. */
  minimumTls: z.enum(['1.2', '1.3']).default('1.2'),
});

const origin = z
  .string()
  .regex(/^https?:\/\/[a-z0-9.-]+(:\d+)?$/, 'must be an origin, such as https://app.example.com')
  .or(z.literal('*'));

const memoryMb = z.int().min(128).max(10240);

/** Settings that the stacks set themselves. */
const RESERVED_SETTINGS = /^SAFELIGHT_(BUCKET|CONFIG|CHECKED_BY_CDN|PREFIX|HEALTHIMAGING_.*)$/;

const settings = z
  .record(
    z.string().regex(/^SAFELIGHT_[A-Z_]+$/, 'must be the name of a Safelight setting, such as SAFELIGHT_LOG'),
    z.string(),
  )
  .refine((all) => !Object.keys(all).some((name) => RESERVED_SETTINGS.test(name)), {
    error:
      'must not contain settings that the stacks set: SAFELIGHT_BUCKET, SAFELIGHT_CHECKED_BY_CDN, SAFELIGHT_CONFIG, SAFELIGHT_PREFIX, SAFELIGHT_HEALTHIMAGING_*',
  });

const webAclArn = arn('wafv2', 'us-east-1', 'global/webacl/[\\w-]+/[0-9a-f-]{36}');

const service = z.record(z.string(), z.unknown()).superRefine((all, context) => {
  for (const message of problems(all)) context.addIssue({ code: 'custom', message });
});

const imageFrames = z.strictObject({
  /** Data stores whose image sets are delivered. The function can read no others. */
  dataStoreIds: z
    .array(
      z.string().regex(/^[0-9a-z]{32}$/, 'must be the ID of a data store: 32 digits and lower-case letters'),
    )
    .min(1),
  /** Region of the data stores. Defaults to the region of the stacks. */
  region: region.optional(),
  /** Authorization of viewers. */
  auth,
  /** Parameters of transforms that viewers may use. Defaults to all. */
  parameters: names.optional(),
  /** Sites whose scripts may read responses (CORS). Defaults to any. */
  corsOrigins: z.array(origin).min(1).default(['*']),
  domain: domain.optional(),
  /** Web ACL of AWS WAF. Defaults to that of `firewall`. */
  webAclArn: webAclArn.optional(),
  /** Memory of the function in MB. Defaults to 1024. */
  memoryMb: memoryMb.default(1024),
});

export const Config = z
  .strictObject({
    /** Prefix of every resource name, unique among the deployments of an account. Defaults to `safelight`. */
    prefix: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/, 'must be 2 to 20 lower-case letters, digits and hyphens')
      .default('safelight'),
    /** Region of buckets and functions. Edge functions are always in us-east-1. */
    region,
    /** AWS account. Defaults to the account of the credentials. */
    account: z
      .string()
      .regex(/^\d{12}$/, 'must be an account ID of twelve digits')
      .optional(),

    /**
     * Origin of the images. S3 Object Lambda is closed to accounts that did not use it before 2025-11-07. Defaults to
     * `functionUrl`.
     */
    photoOrigin: z.enum(['functionUrl', 'objectLambda']).default('functionUrl'),
    /** Signer of requests to the origin: CloudFront, or a function at the edge. Defaults to `originAccessControl`. */
    signing: z.enum(['originAccessControl', 'edge']).default('originAccessControl'),
    /** Authorization of viewers of images. Defaults to public access. */
    photoAuth: auth.default({ mode: 'none' }),
    /** Parameters of transforms that viewers may use, by their long names. Defaults to all. */
    parameters: names.optional(),
    /** Sites whose scripts may read responses (CORS). Defaults to any. */
    corsOrigins: z.array(origin).min(1).default(['*']),

    bucket: z
      .strictObject({
        /** Name of an existing bucket. Defaults to a new bucket. */
        name: bucketName.optional(),
        /** Folder of the images, without leading or trailing slash. Defaults to the whole bucket. */
        folder: z
          .string()
          .regex(
            /^[\w.-]+(\/[\w.-]+)*$/,
            'must be a path of letters, digits, _ . - and inner slashes, such as public/web',
          )
          .optional(),
        /** Whether a new bucket keeps overwritten versions. Defaults to true. */
        versioned: z.boolean().default(true),
        /** Days for which a new bucket keeps overwritten versions. Defaults to no limit. */
        oldVersionDays: z.int().min(1).optional(),
        /** KMS key of an existing bucket, if it is encrypted with one. Defaults to none. */
        kmsKeyArn: arn('kms', '[a-z0-9-]+', 'key/[0-9a-zA-Z-]+').optional(),
      })
      .prefault({}),

    /** Custom domain. Defaults to the domain that CloudFront assigns. */
    domain: domain.optional(),
    /** Web ACL of AWS WAF for the distribution of images. Defaults to that of `firewall`. */
    webAclArn: webAclArn.optional(),
    /**
     * Firewall of each distribution: requests that one address may make in two minutes. Defaults to 2000. `none` makes no
     * firewall.
     */
    firewall: z
      .literal('none')
      .or(z.strictObject({ requestsPerTwoMinutes: z.int().min(10).max(2_000_000_000) }))
      .default({ requestsPerTwoMinutes: 2000 }),
    /**
     * Edge locations: `100` covers North America and Europe, `200` adds Asia, Africa and the Middle East. Defaults to
     * `100`.
     */
    priceClass: z.enum(['100', '200', 'all']).default('100'),
    /** Region of an additional cache in front of the origin (Origin Shield). Defaults to none. */
    originShieldRegion: region.optional(),

    logs: z
      .strictObject({
        /** Name of an existing bucket for access logs, with ACLs enabled. Defaults to a new bucket. */
        bucket: bucketName.optional(),
        /** Retention of logs, in days. Defaults to 90. */
        retentionDays: z
          .enum(RetentionDays, {
            error: 'must be a retention period of CloudWatch, such as 7, 30, 90 or 365',
          })
          .default(RetentionDays.THREE_MONTHS),
      })
      .prefault({}),
    /** SNS topic that alarms notify. Defaults to none: alarms are then visible only in CloudWatch. */
    alarmTopicArn: arn('sns', '[a-z0-9-]+', '[\\w.-]+').optional(),

    /**
     * Memory of the transforming function in MB. Lambda assigns CPU in proportion. Defaults to 1769, which is one whole
     * vCPU.
     */
    memoryMb: memoryMb.default(1769),
    /** Processor of the functions. Defaults to `arm64`, which costs less. */
    architecture: z.enum(['arm64', 'x86_64']).default('arm64'),
    /**
     * Maximum concurrent executions of each function. `none` leaves the account's limit. Defaults to 20. `npm run deploy`
     * checks it against the account's quota.
     */
    reservedConcurrency: z.int().min(1).or(z.literal('none')).default(20),
    /**
     * Cost of a function in one day, in USD of Lambda's list price, at which it is stopped until `npm run resume`. `none`
     * never stops it. Defaults to 20.
     */
    killSwitch: z
      .literal('none')
      .or(z.strictObject({ usdPerDay: z.number().positive() }))
      .default({ usdPerDay: 20 }),
    /**
     * EXIF that `showExif` shows: `harmless` (camera, exposure, dates, sizes) or `all`, also place, names, serial numbers
     * and free text. Defaults to `harmless`.
     */
    exif: z.enum(['harmless', 'all']).default('harmless'),
    /**
     * Settings of the function for images, and of the function at CloudFront, as in Safelight's configuration file: see
     * docs/configuration.md. In a file for `--config` and in config.ts it may be the name of a TOML file. Defaults to none.
     */
    service: service.default({}),
    /**
     * Whether images need a signed URL. `accepted` checks only URLs that have a signature. Defaults to `required` for
     * public images, unless `only-presets` in `service` limits what viewers can ask for, and otherwise to `off`.
     */
    signedUrls: z.enum(['required', 'accepted', 'off']).optional(),
    /** Environment variables of the functions; docs/configuration.md lists them. Defaults to none. */
    settings: settings.default({}),

    /** Delivery of AWS HealthImaging. Defaults to none. */
    imageFrames: imageFrames.optional(),

    /** Whether new buckets and logs are retained or deleted with their stack. Defaults to `retain`. */
    removalPolicy: z.enum(['retain', 'destroy']).default('retain'),
  })
  .refine((config) => !(config.photoOrigin === 'objectLambda' && config.bucket.kmsKeyArn), {
    path: ['bucket', 'kmsKeyArn'],
    error:
      'is supported only with photoOrigin functionUrl: with objectLambda, CloudFront or the edge function reads the bucket, and the key policy must allow that',
  })
  .refine((config) => config.photoAuth.mode === 'none' || (config.signedUrls ?? 'off') === 'off', {
    path: ['signedUrls'],
    error: 'is supported only with public images: with photoAuth, viewers need a token instead',
  })
  .refine((config) => !(config.parameters && viewerSettings(config.service).keys), {
    path: ['parameters'],
    error: 'must not be set beside allow.keys in service, which says the same',
  })
  .refine((config) => config.bucket.name || !config.bucket.kmsKeyArn, {
    path: ['bucket', 'kmsKeyArn'],
    error: 'requires bucket.name, an existing bucket: new buckets are encrypted with S3-managed keys',
  });

/** The configuration, without files that it names. */
export type ConfigInput = z.input<typeof Config>;
/** The configuration as an operator writes it. */
export type OperatorConfig = Omit<ConfigInput, 'service'> & { service?: ConfigInput['service'] | string };
/** The validated configuration, with defaults. */
export type Config = z.output<typeof Config>;
export type Auth = Config['photoAuth'];
export type ImageFrames = NonNullable<Config['imageFrames']>;
export type Domain = NonNullable<Config['domain']>;

/**
 * Validates a configuration.
 *
 * @throws Error that lists every invalid key with the expected value.
 */
export function parseConfig(input: unknown): Config {
  const parsed = Config.safeParse(input);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => `${[...issue.path, key].join('.')}: unknown key`)
      : [`${issue.path.join('.') || 'config'}: ${issue.message}${found(input, issue)}`],
  );
  throw new Error(`invalid configuration:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}

/** Returns `, not VALUE` for an issue whose message names the expected value but not the actual one. */
function found(input: unknown, { message, path }: z.core.$ZodIssue): string {
  if (!/must be|expected/.test(message) || message.includes('received')) return '';
  const value = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)[key], input);
  return ['string', 'number', 'boolean'].includes(typeof value) ? `, not ${JSON.stringify(value)}` : '';
}

/** Returns whether images need a signed URL. */
export function signedUrls({ signedUrls, photoAuth, service }: Config): 'required' | 'accepted' | 'off' {
  return signedUrls ?? (photoAuth.mode === 'none' && service['only-presets'] !== true ? 'required' : 'off');
}

/** Returns the parameters of transforms that viewers may use; undefined for all. */
export function allowedParameters({ parameters, service }: Config): string[] | undefined {
  return parameters ?? viewerSettings(service).keys;
}

/** Returns warnings about settings that are allowed but rarely intended. */
export function warnings(config: Config): string[] {
  const texts: string[] = [];
  const showsAllExif = config.exif === 'all' || config.settings.SAFELIGHT_EXIF === 'all';
  const allowsExif = allowedParameters(config)?.includes('showExif') ?? true;
  if (showsAllExif && allowsExif && config.photoAuth.mode === 'none') {
    texts.push(
      'exif is all and photoAuth is none: anyone can read the place, names and serial numbers in images',
    );
  }
  if (
    config.photoAuth.mode === 'none' &&
    signedUrls(config) !== 'required' &&
    !config.service['only-presets']
  ) {
    texts.push(
      'signedUrls is not required, and only-presets is not set: anyone can ask for any size of every image, and you pay for each',
    );
  }
  if (config.imageFrames?.auth.mode === 'none') {
    texts.push(
      'imageFrames.auth is none: ANYONE WHO KNOWS OR GUESSES A URL CAN READ THE MEDICAL IMAGES of the data stores',
    );
  }
  for (const [key, auth] of [
    ['photoAuth', config.photoAuth],
    ['imageFrames.auth', config.imageFrames?.auth],
  ] as const) {
    if (auth && auth.mode !== 'none' && auth.token.query.length > 0) {
      texts.push(`${key}.token.query: access logs and browser histories store tokens in URLs`);
    }
  }
  return texts;
}
