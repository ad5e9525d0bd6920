import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cropOf } from '../src/crop.ts';
import { rows, type Info } from '../src/metadata.ts';
import { groups, placeholderOf, urlOf, wordsOf, type Param } from '../src/params.ts';
import { snippets, withParam } from '../src/snippets.ts';

const param = (key: string, transform: string | null, value: Param['value']): Param => ({
  key,
  aliases: [],
  transform,
  value,
  default: null,
  doc: '',
});
const params = [
  param('crop', 'crop', { type: 'string', example: '1,2,3,4' }),
  param('width', 'resize', { type: 'integer', minimum: 1, maximum: 9, unit: 'px' }),
  param('height', 'resize', { type: 'integer', minimum: 1, maximum: 9, unit: 'px' }),
  param('download', null, { type: 'string' }),
];

test('a URL has the values in the order of the parameters', () => {
  const values = new Map([['height', '2'], ['width', ''], ['crop', '0.1,0.2,0.3,0.4']]);
  assert.equal(urlOf('/a.jpg', params, values), '/a.jpg?crop=0.1,0.2,0.3,0.4&height=2');
  assert.equal(urlOf('/a.jpg', params, new Map()), '/a.jpg');
  assert.equal(urlOf('/a.jpg', params, new Map([['crop', 'a&b']])), '/a.jpg?crop=a%26b');
});

test('parameters are grouped by transform and described', () => {
  assert.deepEqual([...groups(params).keys()], ['crop', 'resize']);
  assert.equal(placeholderOf(params[1]!.value), '1–9 px');
  assert.deepEqual(wordsOf({ type: 'flag', or: ['data'] }), ['true', 'data']);
  assert.deepEqual(wordsOf({ type: 'string', enum: ['jpeg'], auto: [{ accept: 'image/avif', value: 'avif' }] }), ['auto', 'jpeg']);
  assert.equal(wordsOf(params[1]!.value), undefined);
});

test('a drawn rectangle becomes fractions within the image', () => {
  const size = { width: 200, height: 100 };
  assert.equal(cropOf({ x: 150, y: 75 }, { x: 50, y: 25 }, size), '0.250,0.250,0.500,0.500');
  assert.equal(cropOf({ x: -50, y: -9 }, { x: 500, y: 500 }, size), '0.000,0.000,1.000,1.000');
  assert.equal(cropOf({ x: 5, y: 5 }, { x: 6, y: 50 }, size), undefined);
});

test('snippets replace a parameter and escape HTML', () => {
  assert.equal(withParam('/a.jpg?width=1&fit=cover', 'width', '2'), '/a.jpg?fit=cover&width=2');
  const all = new Map(snippets('http://h', '/a.jpg?fit=cover'));
  assert.match(all.get('<img srcset>')!, /http:\/\/h\/a\.jpg\?fit=cover&amp;format=auto&amp;width=320 320w/);
  assert.equal(all.get('URL'), 'http://h/a.jpg?fit=cover');
});

test('the table shows what a strip removes', () => {
  const info = (rest: object): Info => ({ file: {}, removed: {}, c2pa: { present: false }, extras: {}, ...rest });
  const before = info({
    exif: { Image: { Make: 'C', Orientation: 6 }, withheld: ['Image.Artist'] },
    withheld: ['gps'],
    removed: { exif: 100 },
  });
  const after = info({ exif: { Image: { Orientation: 6 } } });
  assert.deepEqual(rows(before, after), [
    { name: 'exif.Image.Make', before: 'C', after: '' },
    { name: 'exif.Image.Orientation', before: '6', after: '6' },
    { name: 'gps', before: 'present, not shown', after: '' },
    { name: 'exif.Image.Artist', before: 'present, not shown', after: '' },
    { name: 'bytes: exif', before: '100', after: '' },
  ]);
});
