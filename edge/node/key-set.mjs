/** Fetching key sets: the only thing that the edge asks anybody for. */

/** How long a server may be silent, in milliseconds. */
const IDLE = 1_500;

/** How long all of it may take, in milliseconds. */
const TOTAL = 3_000;

/**
 * The body at `url`. A server that does not answer is asked once more.
 *
 * @param {string} url Of https, or http on loopback: the configuration has no others.
 * @param {number} maxBytes The largest body that is taken.
 * @returns {Promise<Buffer>}
 */
export async function keySet(url, maxBytes) {
  const { get } = await import(url.startsWith('http:') ? 'node:http' : 'node:https');
  const signal = AbortSignal.timeout(TOTAL);
  try {
    return await ask(get, url, maxBytes, signal);
  } catch (error) {
    if (error.isFinal || signal.aborted) throw error;
    return ask(get, url, maxBytes, signal);
  }
}

function ask(get, url, maxBytes, signal) {
  return new Promise((resolve, reject) => {
    // A connection of its own: one that was kept while Lambda froze the process may be dead.
    const request = get(url, {
      agent: false,
      headers: { accept: 'application/json' },
      signal,
      timeout: IDLE,
    });
    const fail = (message, isFinal) => {
      request.destroy();
      reject(Object.assign(new Error(message), { isFinal }));
    };
    request.on('timeout', () => fail(`no answer within ${IDLE} ms`, false));
    request.on('error', (error) =>
      fail(signal.aborted ? `not done within ${TOTAL} ms` : (error.code ?? 'broken off'), false),
    );
    request.on('response', (response) => {
      if (response.statusCode !== 200) return fail(`the status is ${response.statusCode}`, true);
      const chunks = [];
      let length = 0;
      response.on('data', (chunk) => {
        length += chunk.length;
        if (length > maxBytes) return fail(`longer than ${maxBytes} bytes`, true);
        chunks.push(chunk);
      });
      response.on('error', (error) =>
        fail(signal.aborted ? `not done within ${TOTAL} ms` : (error.code ?? 'broken off'), false),
      );
      response.on('end', () => resolve(Buffer.concat(chunks)));
    });
  });
}
