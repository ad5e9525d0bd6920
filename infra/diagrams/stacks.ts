import { Drawing } from './svg.ts';

/** Draws the stacks, their content and their references to each other. */
export function stacks(): string {
  const drawing = new Drawing(
    1220,
    640,
    'The stacks',
    'In the configured region: storage with buckets, function and either Function URL or access points; cdn with the distribution of images; image-frames with the distribution of image frames. In us-east-1: firewall with web ACLs, and lambda-edge with functions, roles, and SSM parameters with their versions.',
  );
  drawing.group(28, 64, 770, 548, 'Your region', 'plain');
  drawing.group(846, 64, 346, 548, 'us-east-1', 'plain', 'required by CloudFront');

  drawing.group(48, 104, 330, 488, 'safelight-storage', 'aws', 'output s3bucket');
  drawing.box(68, 144, 138, 70, 'Bucket', ['images'], 'plain');
  drawing.box(220, 144, 138, 70, 'Bucket', ['access logs'], 'plain');
  drawing.box(
    68,
    236,
    290,
    88,
    'Function safelight-transform',
    ['role · log group with retention', 'alarms, and a kill switch for cost'],
    'function',
  );
  drawing.box(68, 346, 290, 70, 'Function URL', ['photoOrigin: functionUrl'], 'plain');
  drawing.box(
    68,
    438,
    290,
    92,
    'Access point, Object Lambda',
    ['access point and policy', 'photoOrigin: objectLambda'],
    'plain',
  );
  drawing.text({ x: 213, y: 566 }, 'One of these two is deployed.', {
    colour: '#5b6675',
    anchor: 'middle',
  });

  drawing.group(448, 104, 330, 218, 'safelight-cdn', 'edge', 'output cf-domain');
  drawing.box(
    468,
    144,
    290,
    74,
    'Distribution of images',
    ['cache policy from params.json', 'signed by CloudFront or at the edge'],
    'edge',
  );
  drawing.box(
    468,
    234,
    290,
    70,
    'CloudFront Function, keys of signed URLs',
    ['or edge versions, read from SSM'],
    'plain',
  );

  drawing.group(448, 346, 330, 246, 'safelight-image-frames', 'function', 'with imageFrames');
  drawing.box(468, 386, 290, 58, 'Distribution of frames', ['caches GET, forwards POST'], 'edge');
  drawing.box(
    468,
    456,
    290,
    58,
    'Function safelight-image-frames',
    ['role for listed data stores'],
    'function',
  );
  drawing.box(468, 526, 290, 50, 'Edge versions', ['read from SSM'], 'plain');

  drawing.group(866, 104, 306, 428, 'safelight-lambda-edge', 'edge');
  drawing.box(866, 544, 306, 56, 'safelight-firewall', ['a web ACL for each distribution'], 'edge');
  drawing.box(886, 150, 266, 70, 'photos-viewer, photos-origin', ['for signing: edge, or photoAuth'], 'edge');
  drawing.box(886, 410, 266, 70, 'frames-viewer, frames-origin', ['with imageFrames'], 'edge');
  drawing.box(886, 280, 266, 70, 'SSM parameters', ['versions of the functions'], 'plain');
  drawing.text({ x: 1019, y: 502 }, 'Each has its own role. Replicas delay the', {
    colour: '#5b6675',
    anchor: 'middle',
  });
  drawing.text({ x: 1019, y: 519 }, 'deletion by hours: npm run destroy waits.', {
    colour: '#5b6675',
    anchor: 'middle',
  });

  drawing.arrow([
    { x: 468, y: 181 },
    { x: 414, y: 181 },
    { x: 414, y: 372 },
    { x: 361, y: 372 },
  ]);
  drawing.arrow(
    [
      { x: 414, y: 372 },
      { x: 414, y: 484 },
      { x: 361, y: 484 },
    ],
    undefined,
    true,
  );
  drawing.arrow([
    { x: 1019, y: 220 },
    { x: 1019, y: 277 },
  ]);
  drawing.arrow([
    { x: 1019, y: 410 },
    { x: 1019, y: 353 },
  ]);
  drawing.arrow([
    { x: 886, y: 300 },
    { x: 822, y: 300 },
    { x: 822, y: 269 },
    { x: 761, y: 269 },
  ]);
  drawing.arrow(
    [
      { x: 886, y: 330 },
      { x: 822, y: 330 },
      { x: 822, y: 551 },
      { x: 761, y: 551 },
    ],
    undefined,
  );
  return drawing.toString();
}
