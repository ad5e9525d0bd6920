/** CloudFront events (AWS, "Lambda@Edge event structure"). */

export const REQUEST_ID = '4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ==';

const config = (eventType) => ({
  distributionDomainName: 'd111111abcdef8.cloudfront.net',
  distributionId: 'EDFDVBD6EXAMPLE',
  eventType,
  requestId: REQUEST_ID,
});

const headers = (pairs) =>
  Object.fromEntries(
    Object.entries(pairs).map(([key, value]) => [
      key.toLowerCase(),
      [value].flat().map((value) => ({ key, value })),
    ]),
  );

/** Returns a viewer-request event. `fields` replace fields of the request; `headers` are added to its headers. */
export function viewerEvent({ headers: more = {}, ...fields } = {}) {
  const defaults = { Host: 'd111111abcdef8.cloudfront.net', 'User-Agent': 'curl/7.66.0', Accept: '*/*' };
  const request = {
    clientIp: '203.0.113.178',
    headers: headers({ ...defaults, ...more }),
    method: 'GET',
    querystring: '',
    uri: '/holiday/beach.jpg',
    ...fields,
  };
  return { Records: [{ cf: { config: config('viewer-request'), request } }] };
}

export const S3_ORIGIN = {
  s3: {
    authMethod: 'none',
    customHeaders: {},
    domainName: 'photos.s3.eu-central-1.amazonaws.com',
    path: '',
    region: 'eu-central-1',
    readTimeout: 30,
    responseCompletionTimeout: 30,
  },
};

/** Returns a custom origin, reached over TLS. */
export const customOrigin = (domainName, fields = {}) => ({
  custom: {
    customHeaders: {},
    domainName,
    keepaliveTimeout: 5,
    path: '',
    port: 443,
    protocol: 'https',
    readTimeout: 30,
    responseCompletionTimeout: 30,
    sslProtocols: ['TLSv1.2'],
    ...fields,
  },
});

/** Returns an origin-request event with a request to `origin`. */
export function originEvent(origin, { headers: more = {}, ...fields } = {}) {
  const defaults = {
    'X-Forwarded-For': '203.0.113.178',
    'User-Agent': 'Amazon CloudFront',
    Via: '2.0 2afae0d44e2540f472c0635ab62c232b.cloudfront.net (CloudFront)',
    Host: Object.values(origin)[0].domainName,
    'Cache-Control': 'no-cache',
  };
  const request = {
    clientIp: '203.0.113.178',
    headers: headers({ ...defaults, ...more }),
    method: 'GET',
    origin,
    querystring: '',
    uri: '/holiday/beach.jpg',
    ...fields,
  };
  return { Records: [{ cf: { config: config('origin-request'), request } }] };
}

/** Returns a request body as passed to functions with "Include Body". */
export const body = (text, fields = {}) => ({
  action: 'read-only',
  data: Buffer.from(text).toString('base64'),
  encoding: 'base64',
  inputTruncated: false,
  ...fields,
});
