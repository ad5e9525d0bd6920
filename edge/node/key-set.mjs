/** Fetches key sets. The edge makes no other requests. */

/** Maximum time without data from the server, in milliseconds. */
const IDLE_MS = 1_500;

/** Maximum duration of a fetch with its second attempt, in milliseconds. */
const TOTAL_MS = 3_000;

/**
 * Returns the body at `url`. If there is no response, the request is sent a second time.
 *
 * @param {string} url An https URL, or http on loopback; the configuration allows no others.
 * @param {number} maxBytes The maximum size of the body.
 * @returns {Promise<Buffer>}
 */
export async function keySet(url, maxBytes) {
  const { get } = await import(url.startsWith('http:') ? 'node:http' : 'node:https');
  const signal = AbortSignal.timeout(TOTAL_MS);
  try {
    return await fetchOnce(get, url, maxBytes, signal);
  } catch (error) {
    if (error.isFinal || signal.aborted) throw error;
    return fetchOnce(get, url, maxBytes, signal);
  }
}

function fetchOnce(get, url, maxBytes, signal) {
  return new Promise((resolve, reject) => {
    // A new connection: a pooled one may be dead after Lambda has frozen the process.
    const request = get(url, {
      agent: false,
      headers: { accept: 'application/json' },
      signal,
      timeout: IDLE_MS,
    });
    const fail = (message, isFinal) => {
      request.destroy();
      reject(Object.assign(new Error(message), { isFinal }));
    };
    request.on('timeout', () => fail(`no data within ${IDLE_MS} ms`, false));
    request.on('error', (error) =>
      fail(signal.aborted ? `not complete within ${TOTAL_MS} ms` : (error.code ?? 'connection closed'), false),
    );
    request.on('response', (response) => {
      if (response.statusCode !== 200) return fail(`status ${response.statusCode}: expected 200`, true);
      const chunks = [];
      let length = 0;
      response.on('data', (chunk) => {
        length += chunk.length;
        if (length > maxBytes) return fail(`body too long: the limit is ${maxBytes} bytes`, true);
        chunks.push(chunk);
      });
      response.on('error', (error) =>
        fail(signal.aborted ? `not complete within ${TOTAL_MS} ms` : (error.code ?? 'connection closed'), false),
      );
      response.on('end', () => resolve(Buffer.concat(chunks)));
    });
  });
}
