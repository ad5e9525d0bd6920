import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Artifacts } from '../lib/artifacts.ts';

/** Writes placeholders for the artifacts of `npm run build`, for synthesising templates without a build. */
export function placeholderArtifacts(folder: string): Artifacts {
  const edge = (name: string) => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'index.mjs'), `// ${name}\n`);
    return path;
  };
  const bootstrap = join(folder, 'bootstrap.zip');
  mkdirSync(folder, { recursive: true });
  // The end record of an empty zip.
  writeFileSync(bootstrap, Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]));
  return { bootstrap, photosEdge: edge('photos-edge'), framesEdge: edge('frames-edge') };
}
