// Draws every diagram into `images/`: `npm run diagrams`.
import { writeFileSync } from 'node:fs';
import { DIAGRAMS, IMAGES } from './all.ts';

for (const [name, draw] of Object.entries(DIAGRAMS)) writeFileSync(new URL(name, IMAGES), draw());
