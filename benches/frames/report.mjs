// Makes a table of what local/examples/frames.rs measured: node report.mjs frames.json

import { readFileSync } from "node:fs";

const runs = JSON.parse(readFileSync(process.argv[2]));
const rounds = 1 + Math.max(...runs.map(({ round }) => round));

const quantile = (values, at) => values.toSorted((a, b) => a - b)[Math.round((values.length - 1) * at)];
const of = (name, key) => runs.filter((run) => run.program === name).map((run) => run[key]);
const shown = (number) => number.toLocaleString("en", { maximumSignificantDigits: 3 });

const { frames, at_once: atOnce, frame_bytes: bytes } = runs[0];
console.log(`${frames} frames of ${bytes / 1024} KiB, ${atOnce} at once; median of ${rounds} rounds, in turn; the ratio is the median of each round's, with its quartiles.\n`);
console.log("| | Safelight | Node.js | Node.js / Safelight |\n|---|---:|---:|---:|");
for (const [label, key] of [
  ["CPU ms for each frame", "cpu_ms"],
  ["of that in user mode, ms", "user_ms"],
  ["most memory, MiB", "peak_mib"],
]) {
  const [ours, theirs] = [of("safelight", key), of("peer", key)];
  const ratios = theirs.map((other, round) => other / ours[round]);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((at) => shown(quantile(ratios, at)));
  console.log(`| ${label} | ${shown(quantile(ours, 0.5))} | ${shown(quantile(theirs, 0.5))} | ${middle} (${low}–${high}) |`);
}
console.log(`\nNode.js is ${process.version}.`);
