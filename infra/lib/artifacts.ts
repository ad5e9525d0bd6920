import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Node } from 'constructs';

/** What `npm run build` makes, and the stacks deploy. */
export interface Artifacts {
  /** Zip with the program `bootstrap`. */
  bootstrap: string;
  /** Folder or zip with `index.mjs` for the distribution of pictures. */
  photosEdge: string;
  /** The same for image frames. */
  framesEdge: string;
}

const inBuild = (path: string) => fileURLToPath(new URL(`../build/${path}`, import.meta.url));

/** Where they are unless the CDK context says otherwise. */
export const BUILT: Artifacts = {
  bootstrap: inBuild('lambda/bootstrap/bootstrap.zip'),
  photosEdge: inBuild('photos-edge'),
  framesEdge: inBuild('frames-edge'),
};

/** Reads the paths from the CDK context: `-c bootstrap=…`, `-c photosEdge=…`, `-c framesEdge=…`. */
export function artifacts(node: Node): Artifacts {
  const path = (name: keyof Artifacts) => (node.tryGetContext(name) as string | undefined) ?? BUILT[name];
  return { bootstrap: path('bootstrap'), photosEdge: path('photosEdge'), framesEdge: path('framesEdge') };
}

/**
 * The path of an artifact that is needed.
 *
 * @throws Error that says how to make it, if it is not there.
 */
export function present(path: string): string {
  if (!existsSync(path)) throw new Error(`${path} is missing: \`npm run build\` makes it`);
  return path;
}
