// The worker for sharp: reads a job per line of JSON from standard input, writes a result per line to
// standard output. It runs in the folder whose node_modules contains sharp; see ../run.

import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import exifReader from "exif-reader";
import sharp from "sharp";

sharp.cache(false);
// The number of cores that the runner allows; one for most jobs.
sharp.concurrency(availableParallelism());

const tasks = {
  transform: (source, { width, height, format, quality }) =>
    sharp(source)
      .resize(width, height, { fit: "fill" })
      .toFormat(format, quality === null ? {} : { quality })
      .toBuffer(),
  // sharp cannot strip without decoding and encoding again.
  strip: (source) => sharp(source).toBuffer(),
  show: async (source) => Buffer.from(JSON.stringify(exifReader((await sharp(source).metadata()).exif))),
};

let held = { path: null, bytes: null };

async function answer({ input, task, from, repeat, output }) {
  if (from === "memory" && held.path !== input) held = { path: input, bytes: readFileSync(input) };
  const source = from === "memory" ? held.bytes : input;
  let last;
  const cpu = process.cpuUsage();
  const wall = process.hrtime.bigint();
  for (let i = 0; i < repeat; i++) last = await tasks[task.kind](source, task);
  const wallNs = Number(process.hrtime.bigint() - wall);
  const { user, system } = process.cpuUsage(cpu);
  if (output) writeFileSync(output, last);
  return {
    cpu_ns: Math.round(((user + system) * 1000) / repeat),
    wall_ns: Math.round(wallNs / repeat),
    bytes: last.length,
  };
}

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
