/** A key of signed URLs. */
export interface Key {
  id: string;
  /** At least 32 characters. Keep it on the server. */
  secret: string;
}

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);

/** Compares texts by their bytes in UTF-8. */
function compare(one: string, two: string): number {
  const [a, b] = [[...one], [...two]];
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const difference = a[at]!.codePointAt(0)! - b[at]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** The message that a signature covers: see docs/signed-urls. */
function message(path: string, query: string): string {
  const order = ([aKey, aValue]: string[], [bKey, bValue]: string[]) => compare(aKey!, bKey!) || compare(aValue!, bValue!);
  const pairs = [...new URLSearchParams(query)].sort(order).map((pair) => pair.map(encode).join('='));
  const encodedPath = decodeURIComponent(path).split('/').map(encode).join('/');
  return `safelight-url-1\n${encodedPath}\n${pairs.join('&')}`;
}

/**
 * Signs a URL, whole or without its host. `expires` is in seconds since 1970.
 *
 * It uses Web Crypto, which Node.js, Deno, Bun, workers and browsers have.
 */
export async function sign(url: string, key: Key, expires?: number): Promise<string> {
  const [address = '', old = ''] = url.split('?', 2);
  const path = address.replace(/^[a-z]+:\/\/[^/]*/i, '');
  const query = expires === undefined ? old : `${old}${old && '&'}exp=${expires}`;
  const bytes = new TextEncoder();
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const secret = await crypto.subtle.importKey('raw', bytes.encode(key.secret), hmac, false, ['sign']);
  const signature = new Uint8Array(await crypto.subtle.sign('HMAC', secret, bytes.encode(message(path, query))));
  const text = btoa(String.fromCharCode(...signature)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return `${address}?${query}${query && '&'}sig=${key.id}.${text}`;
}
