// Runs the handlers of a built edge as Lambda's runtime does: an event on each line of standard input, and what
// comes of it on a line of standard output.
//
// in:  {"id": 1, "handler": "viewerRequest", "now": 1767225600000, "event": …}
// out: {"id": 1, "answer": …} or {"id": 1, "error": "code: message"}

import { Console } from 'node:console';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

// What handlers log is no answer.
globalThis.console = new Console(process.stderr);

const handlers = await import(pathToFileURL(`${process.argv[1]}/index.mjs`));

for await (const line of createInterface({ input: process.stdin })) {
  const { id, handler, now, event } = JSON.parse(line);
  // The cloud's clock, which may be ahead of the machine's.
  Date.now = () => now;
  let outcome;
  try {
    outcome = { answer: await handlers[handler](event) };
  } catch ({ code, message }) {
    outcome = { error: `${code}: ${message}` };
  }
  process.stdout.write(`${JSON.stringify({ id, ...outcome })}\n`);
}
