/**
 * The functions that Lambda@Edge runs. Everything but I/O is done by the addon; what it throws has a fixed
 * message and a code, so that no log gets anything of a request.
 *
 * @typedef {object} Event An event of CloudFront's (AWS, "Lambda@Edge event structure").
 * @typedef {object} Answer The request to go on with, or the response to the viewer.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { keySet } from './key-set.mjs';

const { Edge, MAX_KEY_SET_BYTES } = createRequire(import.meta.url)('./safelight-edge.node');

const edge = new Edge(readFileSync(new URL('config.json', import.meta.url), 'utf8'));

/** Fetches under way, by URL. @type {Map<string, Promise<void>>} */
const fetches = new Map();

/** How often a request may wait for keys. One fetch decides; another request's may have to come first. */
const MAX_WAITS = 4;

/**
 * Checks the viewer's token, and brings the query into canonical form.
 *
 * @param {Event} event A viewer-request event.
 * @returns {Promise<Answer>}
 */
export async function viewerRequest(event) {
  const text = JSON.stringify(event);
  for (let waits = 0; waits <= MAX_WAITS; waits++) {
    const { answer, reason, fetch, wait } = edge.viewerRequest(text, now());
    if (reason) console.info(JSON.stringify({ refused: reason }));
    if (answer) return JSON.parse(answer);
    if (fetch) fetches.set(fetch, refresh(fetch));
    await fetches.get(fetch ?? wait);
  }
  throw new Error('the key sets change faster than they are fetched');
}

/**
 * Signs the request with the credentials of the function's role.
 *
 * @param {Event} event An origin-request event.
 * @returns {Promise<Answer>}
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

/** Seconds since the epoch. */
function now() {
  return Date.now() / 1000;
}

/** Fetches a key set; that it fails is the addon's to judge. @param {string} url */
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
