// Writes the output sizes of sharp for 400 seeded random combinations of source, box, fit and dpr.
//
//   npm install sharp@0.35.5
//   node sizes.mjs > sizes.json
//
// Each case is [source width, source height, width, height, fit, dpr, output width, output height]. Half of
// the cases are of small sizes, where a side often falls on half a pixel.

import sharp from 'sharp';

// Numerical Recipes' linear congruential generator.
let seed = 20261121;
function random(from, to) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return from + Math.floor((seed / 2 ** 32) * (to - from + 1));
}

const SHARP_FITS = { contain: 'inside', cover: 'cover', fill: 'fill', 'scale-down': 'inside' };

const cases = [];
for (let i = 0; i < 400; i += 1) {
  const max = i % 2 ? 60 : 1500;
  const [w, h, width, height] = Array.from({ length: 4 }, () => random(1, max));
  const fit = Object.keys(SHARP_FITS)[random(0, 3)];
  const dpr = [1, 1, 1.5, 2, 2.625][random(0, 4)];
  // With one side, sharp's `fill` leaves the other as it is; ours keeps the aspect.
  const sides = fit === 'fill' ? 0 : random(0, 5);
  const box = [sides === 1 ? null : width, sides === 2 ? null : height];
  const [boxWidth, boxHeight] = box.map((side) => side && Math.round(side * dpr));
  const source = { create: { width: w, height: h, channels: 3, background: '#808080' } };
  const { info } = await sharp(source)
    .resize({
      width: boxWidth,
      height: boxHeight,
      fit: SHARP_FITS[fit],
      withoutEnlargement: fit === 'scale-down',
    })
    .raw()
    .toBuffer({ resolveWithObject: true });
  cases.push(JSON.stringify([w, h, ...box, fit, dpr, info.width, info.height]));
}
console.log(`[\n${cases.join(',\n')}\n]`);
