// Writes the shape of exif-reader's result for a JPEG: the keys, and the type of each value.
//
//   npm install exif-reader@2.0.3
//   node seed.mjs TestImage.jpg > seed.json

import { readFileSync } from 'node:fs';
import exifReader from 'exif-reader';

const jpeg = readFileSync(process.argv[2]);
console.log(JSON.stringify(shape(exifReader(exifBlock(jpeg))), null, 2));

function exifBlock(jpeg) {
  let at = 2;
  while (jpeg[at] === 0xff && jpeg[at + 1] !== 0xda) {
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    if (jpeg.toString('latin1', at + 4, at + 10) === 'Exif\0\0') return jpeg.subarray(at + 10, end);
    at = end;
  }
  throw new Error('no EXIF');
}

function shape(value) {
  if (Buffer.isBuffer(value)) return 'bytes';
  if (value instanceof Date) return 'date';
  if (Array.isArray(value)) return value.map(shape);
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shape(item)]));
}
