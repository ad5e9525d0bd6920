// Prints a table of the measurements of cold_start: node report.mjs lambda.json BOOTSTRAP

import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { circumstances, printHead, printSideBySide } from '../table.mjs';

const [, , measured, bootstrap] = process.argv;
const runs = JSON.parse(readFileSync(measured));
const of = (name) => runs.filter((run) => run.function === name);

printHead('Lambda function, beside Node.js', {
  ...circumstances(),
  rounds: `${of('original').length}, each with one start of both`,
});
printSideBySide(
  [
    ['start to first request for an event, ms', (run) => run.init_ms],
    ['the same, CPU ms', (run) => run.init_cpu_ms],
    ['first event (EXIF), ms', (run) => run.first_event_ms],
    ['EXIF as JSON, ms for each event', (run) => run['?showExif=true'].ms],
    ['the same, CPU ms', (run) => run['?showExif=true'].cpu_ms],
    ['strip, ms for each event', (run) => run['?'].ms],
    ['the same, CPU ms', (run) => run['?'].cpu_ms],
    ['peak memory before the first event, MiB', (run) => run.init_peak_kib / 1024],
    ['peak memory after all events, MiB', (run) => run.peak_kib / 1024],
  ],
  of('bootstrap'),
  of('original'),
);
const program = readFileSync(bootstrap);
const mb = (bytes) => (bytes / 1e6).toFixed(1);
console.log(`\nThe program has ${mb(program.length)} MB, ${mb(gzipSync(program).length)} MB compressed.`);
