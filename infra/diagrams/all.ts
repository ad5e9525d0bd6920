import { architecture } from './architecture.ts';
import { stacks } from './stacks.ts';

/** Every diagram, keyed by its file name in `images/`. */
export const DIAGRAMS: Record<string, () => string> = {
  'architecture.svg': architecture,
  'stacks.svg': stacks,
};

export const IMAGES = new URL('../../images/', import.meta.url);
