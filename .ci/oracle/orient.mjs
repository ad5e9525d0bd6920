// Compares images of every orientation with sharp's autoOrient.
//
//   node orient.mjs /path/to/safelight /path/to/images [/path/to/corpus]

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { serve } from './server.mjs';

const MIN_DECIBELS = 35;
const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8];
const [binary, images, corpus] = process.argv.slice(2);

const folder = await mkdtemp(join(tmpdir(), 'safelight-orient-'));

/** Copies files into the served folder, creates one of each format and orientation, and returns their names. */
async function sources() {
  const own = ORIENTATIONS.map((orientation) => `orientation-${orientation}.jpg`);
  const real = ['Landscape', 'Portrait'].flatMap((way) => ORIENTATIONS.map((number) => `${way}_${number}.jpg`));
  const names = [...own, 'orientation-6.png', 'orientation-6.webp'];
  for (const name of names) await cp(join(images, name), join(folder, name));
  if (corpus && existsSync(corpus)) {
    for (const name of real) await cp(join(corpus, 'orientation', name), join(folder, name));
    names.push(...real);
  } else {
    console.log('no folder of photos: using the samples instead');
  }
  const upright = await readFile(join(images, 'orientation-1.jpg'));
  for (const orientation of ORIENTATIONS) {
    for (const format of ['jpeg', 'png', 'webp']) {
      const name = `created-${orientation}.${format}`;
      const created = await sharp(upright).withMetadata({ orientation }).toFormat(format).toBuffer();
      await writeFile(join(folder, name), created);
      names.push(name);
    }
  }
  return names;
}

const pixels = (image) => image.removeAlpha().toColourspace('srgb').raw().toBuffer();

function decibels(a, b) {
  assert.equal(a.length, b.length);
  let squares = 0;
  for (let i = 0; i < a.length; i += 1) squares += (a[i] - b[i]) ** 2;
  return 10 * Math.log10((255 ** 2 * a.length) / squares);
}

const names = await sources();
const { get, stop } = await serve(binary, folder);
const failures = [];
let least = Infinity;
try {
  for (const name of names) {
    const { autoOrient } = await sharp(join(folder, name)).metadata();
    // Above one half, so that neither decoder uses a smaller native scale.
    const size = { width: Math.round(autoOrient.width * 0.6), height: Math.round(autoOrient.height * 0.7) };
    const theirs = await pixels(
      sharp(join(folder, name)).autoOrient().resize({ ...size, fit: 'fill', fastShrinkOnLoad: false }),
    );
    const query = new URLSearchParams({ ...size, fit: 'fill', format: 'png' });
    const similarity = decibels(await pixels(sharp(await get(`${name}?${query}`))), theirs);
    least = Math.min(least, similarity);
    if (!(similarity >= MIN_DECIBELS)) failures.push(`${name}: ${similarity.toFixed(1)} dB`);
  }
} finally {
  stop();
  await rm(folder, { recursive: true });
}
assert.deepEqual(failures, []);
console.log(`${names.length} images are oriented as in sharp ${sharp.versions.sharp}, minimum ${least.toFixed(1)} dB`);
