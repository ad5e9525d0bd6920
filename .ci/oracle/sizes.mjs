// Compares output sizes with those of sharp: 200 seeded random combinations of source, box, fit and dpr,
// through the whole program.
//
//   node sizes.mjs /path/to/safelight

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { serve } from './server.mjs';

const CASES = 200;
const SHARP_FITS = { contain: 'inside', cover: 'cover', fill: 'fill', 'scale-down': 'inside' };

// Numerical Recipes' linear congruential generator, with another seed than transforms/resize/tests.
let seed = 20261122;
function random(from, to) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return from + Math.floor((seed / 2 ** 32) * (to - from + 1));
}

const folder = await mkdtemp(join(tmpdir(), 'safelight-sizes-'));
const { get, stop } = await serve(process.argv[2], folder);
const differences = [];
try {
  for (let i = 0; i < CASES; i += 1) {
    // Small sizes often round from half a pixel.
    const max = i % 2 ? 60 : 1200;
    const [w, h, width, height] = Array.from({ length: 4 }, () => random(1, max));
    const fit = Object.keys(SHARP_FITS)[random(0, 3)];
    const dpr = [1, 1, 1.5, 2, 2.625][random(0, 4)];
    const format = ['jpeg', 'png', 'webp'][random(0, 2)];
    // With one side, sharp's `fill` keeps the other side unchanged, Safelight keeps the aspect ratio.
    const sides = fit === 'fill' ? 0 : random(0, 5);
    const box = { width: sides === 1 ? undefined : width, height: sides === 2 ? undefined : height };
    const image = { create: { width: w, height: h, channels: 3, background: '#4080c0' } };
    const name = `${i}.${format}`;
    await writeFile(join(folder, name), await sharp(image).toFormat(format).toBuffer());

    const device = (side) => side && Math.round(side * dpr);
    // sharp gets the pixels and not the file: when it decodes a JPEG at a smaller scale, it rounds the sides
    // first, and 54 × 51 pixels then become 7 × 6 instead of 6 × 6.
    const { info } = await sharp(image)
      .resize({
        width: device(box.width),
        height: device(box.height),
        fit: SHARP_FITS[fit],
        withoutEnlargement: fit === 'scale-down',
      })
      .raw()
      .toBuffer({ resolveWithObject: true });
    const parameters = Object.entries({ ...box, fit, dpr, format: 'png' });
    const query = parameters.filter(([, value]) => value !== undefined);
    const target = `${name}?${new URLSearchParams(query)}`;
    const found = await sharp(await get(target)).metadata();
    if (found.width !== info.width || found.height !== info.height) {
      const sizes = `${found.width} × ${found.height}, sharp ${info.width} × ${info.height}`;
      differences.push(`${target} of ${w} × ${h}: Safelight gives ${sizes}`);
    }
  }
} finally {
  stop();
  await rm(folder, { recursive: true });
}
assert.deepEqual(differences, []);
console.log(`${CASES} sizes equal those of sharp ${sharp.versions.sharp}`);
