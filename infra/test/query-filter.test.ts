import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { AllowedParameters } from '../lib/parameters.ts';
import { queryFilter } from '../lib/query-filter.ts';

interface Viewer {
  querystring: Record<string, { value: string; multiValue?: { value: string }[] }>;
  headers: Record<string, { value: string }>;
}

const registry = JSON.parse(
  readFileSync(new URL('../../transforms/registry/params.json', import.meta.url), 'utf8'),
) as { key: string; aliases: string[] }[];

/** Runs the filter on a query and an `Accept` header. Returns the remaining keys and the remaining header. */
function filtered(parameters: string[] | undefined, query: Record<string, string>, accept?: string) {
  const source = queryFilter(new AllowedParameters(parameters, 'parameters'));
  const event = {
    request: {
      querystring: Object.fromEntries(Object.entries(query).map(([key, value]) => [key, { value }])),
      headers: accept === undefined ? {} : { accept: { value: accept } },
    },
  };
  const { querystring, headers } = runInNewContext(`${source}; handler(event)`, { event }) as Viewer;
  return { keys: Object.keys(querystring), accept: headers.accept?.value };
}

describe('the query filter', () => {
  test('keeps only the parameters of the registry', () => {
    const declared = registry.flatMap(({ key, aliases }) => [key, ...aliases]);
    const all = Object.fromEntries(declared.map((name) => [name, '1']));
    const noise = {
      utm_source: 'a',
      signature: 'b',
      'x-amz-meta': 'c',
      constructor: 'd',
      versionId: 'e',
      Width: '1',
    };
    assert.deepEqual(filtered(undefined, { ...noise, ...all }).keys, declared);
  });

  test('keeps only the parameters that the operator allows', () => {
    assert.deepEqual(filtered(['width', 'showExif'], { w: '1', h: '1', showExif: 'true', width: '1' }).keys, [
      'w',
      'showExif',
      'width',
    ]);
    assert.throws(
      () => new AllowedParameters(['widht'], 'parameters'),
      /parameters: unknown parameter widht: expected .*showExif, /,
    );
  });

  for (const [query, accept, expected] of [
    [{ format: 'auto' }, 'text/html,image/webp;q=0.8, image/avif,*/*', 'image/avif'],
    [{ format: 'auto' }, 'image/avif; q = 0.5, image/webp;q=0.9', 'image/webp'],
    [{ format: 'auto' }, 'image/webp,image/avif', 'image/avif'],
    [{ format: 'auto' }, 'image/webp;q=0.1,image/jpeg', undefined],
    [{ format: 'auto' }, 'image/webp;q=x,image/jpeg', 'image/webp'],
    [{ f: 'AUTO' }, 'IMAGE/WEBP', 'image/webp'],
    [{ format: 'auto' }, 'image/avif;q=0, image/webp; q=0.000, image/png', undefined],
    [{ format: 'auto' }, 'image/*,*/*;q=0.8', undefined],
    [{ format: 'auto' }, undefined, undefined],
    [{ format: 'webp' }, 'image/avif', undefined],
    [{}, 'image/avif', undefined],
  ] as const) {
    test(`reduces Accept ${accept} to ${expected} for ${JSON.stringify(query)}`, () => {
      assert.equal(filtered(undefined, query, accept).accept, expected);
    });
  }

  test('is small enough for CloudFront Functions', () => {
    assert.ok(Buffer.byteLength(queryFilter(new AllowedParameters(undefined, 'parameters'))) < 10_240);
  });
});
