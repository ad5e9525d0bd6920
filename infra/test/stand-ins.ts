import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Artifacts } from '../lib/artifacts.ts';

/** Writes files that stand in for what `npm run build` makes, where only templates are looked at. */
export function standIns(folder: string): Artifacts {
  const edge = (name: string) => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'index.mjs'), `// ${name}\n`);
    return path;
  };
  const bootstrap = join(folder, 'bootstrap.zip');
  mkdirSync(folder, { recursive: true });
  // The end record of a zip without entries.
  writeFileSync(bootstrap, Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]));
  return { bootstrap, photosEdge: edge('photos-edge'), framesEdge: edge('frames-edge') };
}
