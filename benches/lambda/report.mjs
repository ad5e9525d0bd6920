// Makes a table of what cold_start measured: node report.mjs lambda.json BOOTSTRAP

import { readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";

const [, , measured, bootstrap] = process.argv;
const runs = JSON.parse(readFileSync(measured));
const rounds = 1 + Math.max(...runs.map(({ round }) => round));

const sorted = (values) => values.toSorted((a, b) => a - b);
const quantile = (values, at) => sorted(values)[Math.round((values.length - 1) * at)];
const of = (name, value) => runs.filter((run) => run.function === name).map(value);
const shown = (number) => number.toLocaleString("en", { maximumSignificantDigits: 3 });

const rows = [
  ["start to first request for an event, ms", (run) => run.init_ms],
  ["the same, CPU ms", (run) => run.init_cpu_ms],
  ["first event (EXIF), ms", (run) => run.first_event_ms],
  ["EXIF as JSON, ms for each event", (run) => run["?showExif=true"].ms],
  ["the same, CPU ms", (run) => run["?showExif=true"].cpu_ms],
  ["strip, ms for each event", (run) => run["?"].ms],
  ["the same, CPU ms", (run) => run["?"].cpu_ms],
  ["most memory before the first event, MiB", (run) => run.init_peak_kib / 1024],
  ["most memory after all events, MiB", (run) => run.peak_kib / 1024],
];

console.log(`Median of ${rounds} starts each, in turn; the ratio is the median of each round's, with its quartiles.\n`);
console.log("| | Safelight | Node.js | Node.js / Safelight |\n|---|---:|---:|---:|");
for (const [label, value] of rows) {
  const [ours, theirs] = [of("bootstrap", value), of("original", value)];
  const ratios = theirs.map((other, round) => other / ours[round]);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((at) => shown(quantile(ratios, at)));
  console.log(`| ${label} | ${shown(quantile(ours, 0.5))} | ${shown(quantile(theirs, 0.5))} | ${middle} (${low}–${high}) |`);
}
const program = readFileSync(bootstrap);
const mb = (bytes) => (bytes / 1e6).toFixed(1);
console.log(`\nThe program has ${mb(statSync(bootstrap).size)} MB, ${mb(gzipSync(program).length)} MB compressed. Node.js is ${process.version}.`);
