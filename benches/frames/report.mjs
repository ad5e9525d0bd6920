// Prints a table of the measurements of local/examples/frames.rs: node report.mjs frames.json

import { readFileSync } from 'node:fs';
import { circumstances, printHead, printSideBySide } from '../table.mjs';

const runs = JSON.parse(readFileSync(process.argv[2]));
const of = (name) => runs.filter((run) => run.program === name);
const { frames, at_once: atOnce, frame_bytes: bytes } = runs[0];

printHead('Image frames, beside Fastify and aws4', {
  ...circumstances(),
  rounds: `${of('peer').length}, in each ${frames} frames of ${bytes / 1024} KiB by both, ${atOnce} at once`,
});
printSideBySide(
  [
    ['CPU ms for each frame', (run) => run.cpu_ms],
    ['of that in user mode, ms', (run) => run.user_ms],
    ['most memory, MiB', (run) => run.peak_mib],
  ],
  of('safelight'),
  of('peer'),
);
