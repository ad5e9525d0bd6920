import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEYS, path, picture, query, sign, srcset, url, type Params } from '../src/index.ts';
import { nextLoader, nuxtProvider, unpicTransformer } from '../src/loaders.ts';
import { sign as reference } from '../../../docs/signed-urls/sign.mjs';

test('a query is in canonical order and encoded', () => {
  assert.equal(query({ format: 'webp', width: 300, crop: '1,2,30,40' }), 'crop=1,2,30,40&width=300&format=webp');
  assert.equal(query({ background: '#fff', progressive: true, width: undefined }), 'background=%23fff&progressive=true');
  assert.equal(query({ progressive: false }), '');
  assert.throws(() => query({ breadth: 3 } as Params), /unknown parameter breadth/);
  assert.ok(KEYS.length > 10);
});

test('keys become paths', () => {
  assert.equal(path('/a b/ü#.jpg'), '/a%20b/%C3%BC%23.jpg');
  assert.equal(url('a.jpg', { width: 3 }, { base: 'https://img.example/', defaults: { width: 9, format: 'auto' } }), 'https://img.example/a.jpg?width=3&format=auto');
});

test('responsive images have every width', () => {
  assert.equal(srcset('a.jpg', { height: 5 }, {}, [10, 20]), '/a.jpg?width=10&height=5 10w, /a.jpg?width=20&height=5 20w');
  const { sources, img } = picture('a.jpg', {}, { widths: [10, 20], sizes: '50vw' });
  assert.deepEqual(sources.map(({ type }) => type), ['image/avif', 'image/webp']);
  assert.deepEqual(img, { src: '/a.jpg?width=20&format=jpeg', srcset: '/a.jpg?width=10&format=jpeg 10w, /a.jpg?width=20&format=jpeg 20w', sizes: '50vw' });
});

test('signatures are those of the reference', async () => {
  const key = { id: 'a', secret: '0123456789abcdef0123456789abcdef' };
  for (const [target, expires] of [
    ['/photo.jpg?width=300&format=webp', 1_900_000_000],
    ['/photo.jpg', undefined],
    ['/a%20b/%C3%BC.jpg?crop=1,2,3,4&w=1&a=%F0%9F%98%80&a=%EF%BD%81', undefined],
  ] as const) {
    const [path = '', query = ''] = target.split('?');
    const expected = `${path}?${reference(path, query, key.id, key.secret, expires)}`;
    assert.equal(await sign(target, key, expires), expected);
    assert.equal(await sign(`https://img.example${target}`, key, expires), `https://img.example${expected}`);
  }
});

test('frameworks get URLs', () => {
  const options = { base: 'https://img.example' };
  assert.equal(nextLoader(options)({ src: '/a.jpg', width: 64 }), 'https://img.example/a.jpg?width=64&format=auto');
  assert.deepEqual(nuxtProvider(options)('/a.jpg', { modifiers: { width: 64, quality: 50 } }), { url: 'https://img.example/a.jpg?width=64&format=auto&quality=50' });
  assert.equal(unpicTransformer(options)({ url: 'a.jpg', width: 64, height: 32 }), 'https://img.example/a.jpg?width=64&height=32&fit=cover&format=auto');
});
