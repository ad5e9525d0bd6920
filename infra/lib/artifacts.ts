import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Node } from 'constructs';

/** The artifacts that `npm run build` creates and the stacks deploy. */
export interface Artifacts {
  /** Zip with the program `bootstrap`. */
  bootstrap: string;
  /** Folder or zip with `index.mjs` for the distribution of images. */
  photosEdge: string;
  /** Folder or zip with `index.mjs` for image frames. */
  framesEdge: string;
}

const inBuild = (path: string) => fileURLToPath(new URL(`../build/${path}`, import.meta.url));

/** The default paths; the CDK context can replace them. */
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
 * Returns the path of a required artifact.
 *
 * @throws Error if the artifact is missing, with the command that builds it.
 */
export function requireArtifact(path: string): string {
  if (!existsSync(path)) throw new Error(`missing artifact ${path}: run \`npm run build\` first`);
  return path;
}
