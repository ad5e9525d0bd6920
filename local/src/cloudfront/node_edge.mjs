// Runs the handlers of a built edge as Lambda's runtime does: reads one event per line from standard input,
// and writes one result per line to standard output.
//
// in:  {"id": 1, "handler": "viewerRequest", "now": 1767225600000, "event": …}
// out: {"id": 1, "answer": …} or {"id": 1, "error": "code: message"}

import { Console } from 'node:console';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

// Standard output is for results only, so handlers log to standard error.
globalThis.console = new Console(process.stderr);

const handlers = await import(pathToFileURL(`${process.argv[1]}/index.mjs`));

for await (const line of createInterface({ input: process.stdin })) {
  const { id, handler, now, event } = JSON.parse(line);
  // The time of the test's clock, which may be ahead of the machine's.
  Date.now = () => now;
  let result;
  try {
    result = { answer: await handlers[handler](event) };
  } catch ({ code, message }) {
    result = { error: `${code}: ${message}` };
  }
  process.stdout.write(`${JSON.stringify({ id, ...result })}\n`);
}
