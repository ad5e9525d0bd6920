// Estimates what an attacker costs the owner of a deployment: `npm run cost:attack [-- REQUESTS]`.
//
// Sends distinct queries for one image through the real function for viewer requests, and counts those that would reach
// Lambda, by their cache keys. Prices are list prices of us-east-1; check them before you rely on them.
import { createHmac } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { viewerFunction } from '../../edge/cloudfront/generate.mjs';
import { parseConfig, signedUrls } from '../lib/config.ts';

const USD = {
  cloudFrontRequest: 1e-6,
  cloudFrontFunction: 0.1e-6,
  firewallRequest: 0.6e-6,
  lambdaRequest: 0.2e-6,
  gbSecond: 0.0000133334,
};

/** Seconds of the longest response: no attacker can make one run longer. */
const SECONDS = { typical: 0.15, worst: 58 };

interface Request {
  uri: string;
  querystring: Record<string, { value: string }>;
  headers: Record<string, { value: string }>;
}

type Handler = (event: { request: Request }) => Promise<Request & { statusCode?: number }>;

export interface Attack {
  requests: number;
  /** Requests that run the function in Lambda. */
  paid: number;
  gbSeconds: number;
  usd: number;
}

/** Returns query `index` of an attacker: distinct sizes, qualities and crops, some in several spellings. */
export function query(index: number): Record<string, { value: string }> {
  const width = 1 + (index % 4000);
  const quality = 1 + (Math.floor(index / 4000) % 100);
  const blur = 1 + (Math.floor(index / 400_000) % 250);
  const spelled = index % 3 === 0 ? `0${width}` : String(width);
  return {
    [index % 2 === 0 ? 'w' : 'width']: { value: spelled },
    quality: { value: String(quality) },
    blur: { value: String(blur) },
  };
}

/** Sends `requests` queries, without a signature, through the function that `settings` generate. */
export async function attack(
  requests: number,
  settings: Parameters<typeof viewerFunction>[0],
  { seconds, memoryMb, executions }: { seconds: number; memoryMb: number; executions: number | undefined },
): Promise<Attack> {
  const handler = load(settings);
  const keys = new Set<string>();
  for (let index = 0; index < requests; index += 1) {
    const result = await handler({ request: { uri: '/photo.jpg', querystring: query(index), headers: {} } });
    if (result.statusCode === undefined) keys.add(JSON.stringify(result.querystring));
  }
  // What the concurrency cannot take within a day is rejected with 429, which costs nothing in Lambda.
  const capacity = executions === undefined ? Infinity : Math.floor((executions * 86_400) / seconds);
  const paid = Math.min(keys.size, capacity);
  const gbSeconds = (paid * seconds * memoryMb) / 1024;
  const usd =
    requests * (USD.cloudFrontRequest + USD.cloudFrontFunction + USD.firewallRequest) +
    paid * USD.lambdaRequest +
    gbSeconds * USD.gbSecond;
  return { requests, paid, gbSeconds, usd };
}

/** Returns the handler of the generated function, with an empty key-value store. */
function load(settings: Parameters<typeof viewerFunction>[0]): Handler {
  const source = viewerFunction(settings).replace("import cf from 'cloudfront';", '');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const create = new Function('require', 'cf', `${source}; return handler;`) as (
    require: () => unknown,
    cf: unknown,
  ) => Handler;
  const store = { get: () => Promise.reject(new Error('no such key')) };
  return create(() => ({ createHmac }), { kvs: () => store });
}

/** Prints the attack on a deployment without limits, and on one with the defaults. */
async function main(requests: number) {
  const { memoryMb, reservedConcurrency, ...config } = parseConfig({ region: 'us-east-1' });
  const required = signedUrls({ memoryMb, reservedConcurrency, ...config }) === 'required';
  const executions = reservedConcurrency === 'none' ? undefined : reservedConcurrency;
  const row = (name: string, { paid, gbSeconds, usd }: Attack) =>
    `| ${name} | ${paid.toLocaleString('en')} | ${Math.round(gbSeconds).toLocaleString('en')} | ${usd.toFixed(2)} |`;
  console.log(`| ${requests.toLocaleString('en')} distinct queries | paid calls | GB-seconds | USD |`);
  console.log('|---|---:|---:|---:|');
  for (const [kind, seconds] of Object.entries(SECONDS)) {
    const open = await attack(requests, {}, { seconds, memoryMb, executions: undefined });
    console.log(row(`no limits, ${kind} response of ${seconds} s`, open));
    const limits = { seconds, memoryMb, executions };
    const concurrency = await attack(requests, {}, limits);
    console.log(row(`${reservedConcurrency} executions, ${kind}, in a day`, concurrency));
    const signature = { signature: { required } };
    console.log(row(`the defaults, ${kind}`, await attack(requests, signature, limits)));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(Number(process.argv[2] ?? 1_000_000));
