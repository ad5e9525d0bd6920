// Signs a URL's path and query for Safelight.

import { createHmac } from "node:crypto";

const encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());

/**
 * Returns the signed query.
 *
 * @param {string} path
 * @param {string} query
 * @param {string} keyId
 * @param {string} secret
 * @param {number} [expires] in seconds since 1970
 * @returns {string}
 */
export function sign(path, query, keyId, secret, expires) {
  if (expires !== undefined) query += `${query && "&"}exp=${expires}`;
  const bytes = (pair) => pair.map((text) => Buffer.from(text));
  const order = (a, b) => {
    const [[aKey, aValue], [bKey, bValue]] = [bytes(a), bytes(b)];
    return Buffer.compare(aKey, bKey) || Buffer.compare(aValue, bValue);
  };
  const pairs = [...new URLSearchParams(query)].sort(order).map((pair) => pair.map(encode).join("="));
  const encodedPath = decodeURIComponent(path).split("/").map(encode).join("/");
  const message = `safelight-url-1\n${encodedPath}\n${pairs.join("&")}`;
  const signature = createHmac("sha256", secret).update(message).digest("base64url");
  return `${query}${query && "&"}sig=${keyId}.${signature}`;
}
