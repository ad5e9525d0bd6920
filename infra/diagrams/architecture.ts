import { Drawing } from './svg.ts';

/** Draws the flow of a request, for images and for image frames. */
export function architecture(): string {
  const drawing = new Drawing(
    1220,
    640,
    'Request flow',
    'A viewer sends a request to CloudFront. A function checks and cleans the request before the cache look-up. After a cache miss, the request is signed and sent to the function bootstrap, through a Function URL or an Object Lambda access point. The function reads the bucket or AWS HealthImaging.',
  );
  images(drawing);
  frames(drawing);
  drawing.text(
    { x: 28, y: 618 },
    'Dashed: the alternative in config.ts (photoOrigin). Both accept signed requests only.',
    {
      colour: '#5b6675',
    },
  );
  return drawing.toString();
}

function images(drawing: Drawing) {
  drawing.text({ x: 28, y: 84 }, 'Images', { size: 15, weight: 700 });
  drawing.box(28, 172, 112, 84, 'Viewer', ['/beach.jpg', '?width=800'], 'viewer');
  drawing.group(184, 112, 470, 188, 'CloudFront', 'edge', 'HTTPS · HTTP/2 and 3 · access logs');
  drawing.box(200, 164, 132, 100, 'Viewer request', ['removes unknown', 'keys; checks', 'tokens'], 'edge');
  drawing.box(362, 164, 112, 100, 'Cache', ['key: transform', 'parameters'], 'plain');
  drawing.box(504, 164, 134, 100, 'Origin request', ['signed by CDN', 'or edge function'], 'edge');
  drawing.box(706, 120, 150, 76, 'Function URL', ['IAM only, streams'], 'aws');
  drawing.box(706, 232, 150, 76, 'Object Lambda', ['access point'], 'aws');
  drawing.box(
    916,
    120,
    128,
    188,
    'bootstrap',
    ['strips metadata,', 'resizes, converts,', 'shows EXIF'],
    'function',
  );
  drawing.box(1088, 164, 112, 100, 'S3', ['private bucket,', 'TLS only'], 'aws');

  drawing.arrow([
    { x: 140, y: 214 },
    { x: 197, y: 214 },
  ]);
  drawing.arrow([
    { x: 332, y: 214 },
    { x: 359, y: 214 },
  ]);
  drawing.arrow([
    { x: 474, y: 214 },
    { x: 501, y: 214 },
  ]);
  drawing.arrow([
    { x: 638, y: 196 },
    { x: 678, y: 196 },
    { x: 678, y: 158 },
    { x: 703, y: 158 },
  ]);
  drawing.arrow(
    [
      { x: 638, y: 232 },
      { x: 678, y: 232 },
      { x: 678, y: 270 },
      { x: 703, y: 270 },
    ],
    undefined,
    true,
  );
  drawing.arrow([
    { x: 856, y: 158 },
    { x: 913, y: 158 },
  ]);
  drawing.arrow(
    [
      { x: 856, y: 270 },
      { x: 913, y: 270 },
    ],
    undefined,
    true,
  );
  drawing.arrow([
    { x: 1044, y: 200 },
    { x: 1085, y: 200 },
  ]);
  drawing.arrow(
    [
      { x: 1044, y: 228 },
      { x: 1085, y: 228 },
    ],
    undefined,
    true,
  );
  drawing.text({ x: 1144, y: 284 }, 'read by its role, or', {
    size: 11.5,
    colour: '#5b6675',
    anchor: 'middle',
  });
  drawing.text({ x: 1144, y: 299 }, 'by the signed URL', {
    size: 11.5,
    colour: '#5b6675',
    anchor: 'middle',
  });
}

function frames(drawing: Drawing) {
  drawing.text({ x: 28, y: 378 }, 'Image frames', { size: 15, weight: 700 });
  drawing.box(28, 450, 112, 84, 'Viewer', ['with a token', 'of its issuer'], 'viewer');
  drawing.group(184, 394, 470, 190, 'CloudFront', 'edge', 'every request is checked, cached or not');
  drawing.box(
    200,
    440,
    132,
    108,
    'Viewer request',
    ['checks and removes', 'the token,', 'normalises'],
    'edge',
  );
  drawing.box(362, 440, 112, 108, 'Cache', ['key: ids of', 'the frame,', 'no token'], 'plain');
  drawing.box(504, 440, 134, 108, 'Origin request', ['signs GET, and', 'POST with its body'], 'edge');
  drawing.box(706, 450, 150, 84, 'Function URL', ['IAM only, streams'], 'aws');
  drawing.box(916, 440, 128, 108, 'bootstrap', ['reads frames of', 'listed data stores'], 'function');
  drawing.box(1088, 440, 112, 108, 'AWS', ['HealthImaging'], 'aws');
  drawing.arrow([
    { x: 140, y: 492 },
    { x: 197, y: 492 },
  ]);
  drawing.arrow([
    { x: 332, y: 492 },
    { x: 359, y: 492 },
  ]);
  drawing.arrow([
    { x: 474, y: 492 },
    { x: 501, y: 492 },
  ]);
  drawing.arrow([
    { x: 638, y: 492 },
    { x: 703, y: 492 },
  ]);
  drawing.arrow([
    { x: 856, y: 492 },
    { x: 913, y: 492 },
  ]);
  drawing.arrow([
    { x: 1044, y: 492 },
    { x: 1085, y: 492 },
  ]);
}
