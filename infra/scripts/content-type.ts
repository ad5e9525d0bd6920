import { readFileSync } from 'node:fs';
import { extname } from 'node:path';

/** The part of an entry of the table of formats that this module uses. */
interface Format {
  mime: string;
  extensions: string[];
}

const FORMATS = new URL('../../engine/formats/formats.json', import.meta.url);

const TYPES = new Map(
  (JSON.parse(readFileSync(FORMATS, 'utf8')) as Format[]).flatMap(({ mime, extensions }) =>
    extensions.map((extension) => [`.${extension}`, mime]),
  ),
);

/** Returns the media type of an image by its file extension; `undefined` for other files. */
export function contentType(name: string): string | undefined {
  return TYPES.get(extname(name).toLowerCase());
}
