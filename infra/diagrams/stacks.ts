import { Drawing } from './svg.ts';

/** The stacks, what is in them, and what one knows of another. */
export function stacks(): string {
  const drawing = new Drawing(
    1220,
    640,
    'The stacks',
    'In the region that is configured: storage with bucket, function and door, cdn with the distribution of pictures, image-frames with the distribution of frames. In us-east-1: lambda-edge with functions, roles and their versions as SSM parameters.',
  );
  drawing.group(28, 64, 770, 548, 'Your region', 'plain');
  drawing.group(846, 64, 346, 548, 'us-east-1', 'plain', 'where CloudFront takes them from');

  drawing.group(48, 104, 330, 488, 'safelight-storage', 'aws', 'output s3bucket');
  drawing.box(68, 144, 138, 70, 'Bucket', ['of the pictures'], 'plain');
  drawing.box(220, 144, 138, 70, 'Bucket', ['of access logs'], 'plain');
  drawing.box(
    68,
    236,
    290,
    88,
    'Function safelight-transform',
    ['role · log group with retention', 'alarms on errors and throttles'],
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
  drawing.text({ x: 213, y: 566 }, 'One of the two doors is deployed.', {
    colour: '#5b6675',
    anchor: 'middle',
  });

  drawing.group(448, 104, 330, 218, 'safelight-cdn', 'edge', 'output cf-domain');
  drawing.box(
    468,
    144,
    290,
    74,
    'Distribution of pictures',
    ['cache policy from params.json', 'origin access control, or the edge signs'],
    'edge',
  );
  drawing.box(
    468,
    234,
    290,
    70,
    'Query filter, or versions',
    ['CloudFront Function, or what SSM says'],
    'plain',
  );

  drawing.group(448, 346, 330, 246, 'safelight-image-frames', 'function', 'with imageFrames');
  drawing.box(468, 386, 290, 58, 'Distribution of frames', ['GET cached, POST passed'], 'edge');
  drawing.box(
    468,
    456,
    290,
    58,
    'Function safelight-image-frames',
    ['role for named data stores'],
    'function',
  );
  drawing.box(468, 526, 290, 50, 'Versions', ['what SSM says'], 'plain');

  drawing.group(866, 104, 306, 488, 'safelight-lambda-edge', 'edge');
  drawing.box(
    886,
    150,
    266,
    70,
    'photos-viewer, photos-origin',
    ['if signing is edge, or photoAuth asks'],
    'edge',
  );
  drawing.box(886, 410, 266, 70, 'frames-viewer, frames-origin', ['with imageFrames'], 'edge');
  drawing.box(886, 280, 266, 70, 'SSM parameters', ['versions of the functions'], 'plain');
  drawing.text({ x: 1019, y: 530 }, 'Each has a role of its own, and outlives the', {
    colour: '#5b6675',
    anchor: 'middle',
  });
  drawing.text({ x: 1019, y: 547 }, 'stack for some hours: npm run destroy waits.', {
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
