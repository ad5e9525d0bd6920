/**
 * The Lambda@Edge handlers. The addon does everything except I/O. Its errors have a fixed message and a code, so
 * that logs never contain parts of a request.
 *
 * @typedef {object} Event A CloudFront event (AWS, "Lambda@Edge event structure").
 * @typedef {object} Verdict The request that CloudFront continues with, or the response to the viewer.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { keySet } from './key-set.mjs';

const { Edge, MAX_KEY_SET_BYTES } = createRequire(import.meta.url)('./safelight-edge.node');

const edge = new Edge(readFileSync(new URL('config.json', import.meta.url), 'utf8'));

/** Fetches in progress, by URL. @type {Map<string, Promise<void>>} */
const fetches = new Map();

/** Maximum number of times that a request waits for keys: its own fetch, and fetches of other requests before it. */
const MAX_WAITS = 4;

/**
 * Checks the viewer's token and normalises the query.
 *
 * @param {Event} event A viewer-request event.
 * @returns {Promise<Verdict>}
 */
export async function viewerRequest(event) {
  const text = JSON.stringify(event);
  for (let waits = 0; waits <= MAX_WAITS; waits++) {
    const { verdict, reason, fetch, wait } = edge.viewerRequest(text, now());
    if (reason) console.info(JSON.stringify({ refused: reason }));
    if (verdict) return JSON.parse(verdict);
    if (fetch) fetches.set(fetch, refresh(fetch));
    await fetches.get(fetch ?? wait);
  }
  throw new Error(`the signing key is still unknown after ${MAX_WAITS} fetches: the key set changes too often`);
}

/**
 * Signs the request with the credentials of the function's role.
 *
 * @param {Event} event An origin-request event.
 * @returns {Promise<Verdict>}
 */
export async function originRequest(event) {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  const credentials = {
    accessKeyId: AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: AWS_SECRET_ACCESS_KEY ?? '',
    sessionToken: AWS_SESSION_TOKEN,
  };
  return JSON.parse(edge.originRequest(JSON.stringify(event), credentials, now()));
}

/** Returns the seconds since the epoch. */
function now() {
  return Date.now() / 1000;
}

/** Fetches a key set and reports success or failure to the addon. @param {string} url */
async function refresh(url) {
  try {
    const body = await keySet(url, MAX_KEY_SET_BYTES);
    edge.keysFetched(url, body, now());
  } catch (error) {
    console.error(JSON.stringify({ keySet: url, failed: error.message }));
    edge.fetchFailed(url, now());
  } finally {
    fetches.delete(url);
  }
}
