import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { DIAGRAMS, IMAGES } from '../diagrams/all.ts';

describe('diagrams', () => {
  test('equal the output of npm run diagrams', () => {
    assert.deepEqual(
      readdirSync(IMAGES).filter((name) => name.endsWith('.svg')),
      Object.keys(DIAGRAMS),
    );
    for (const [name, draw] of Object.entries(DIAGRAMS)) {
      assert.equal(readFileSync(new URL(name, IMAGES), 'utf8'), draw(), name);
    }
  });
});
