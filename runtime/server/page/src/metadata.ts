// What an image and its stripped copy hold, as rows of a table.

export interface Info {
  file: Record<string, unknown>;
  removed: Record<string, number>;
  withheld?: string[];
  c2pa: { present: boolean };
  extras: Record<string, boolean | number>;
  [block: string]: unknown;
}

export interface Row {
  name: string;
  before: string;
  after: string;
}

const BLOCKS = ['exif', 'gps', 'xmp', 'iptc', 'icc', 'text'];

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'object') return String(value);
  const json = JSON.stringify(value);
  return json.length > 300 ? `${json.slice(0, 300)}…` : json;
}

/** The values of nested objects by their paths. */
function flat(prefix: string, value: unknown, found: Map<string, string>): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value)) flat(`${prefix}.${key}`, inner, found);
  } else {
    found.set(prefix, text(value));
  }
}

function valuesOf(info: Info): Map<string, string> {
  const found = new Map<string, string>();
  for (const block of BLOCKS) if (info[block] !== undefined) flat(block, info[block], found);
  for (const name of info.withheld ?? []) found.set(name, 'present, not shown');
  const exif = info.exif as { withheld?: string[] } | undefined;
  found.delete('exif.withheld');
  for (const name of exif?.withheld ?? []) found.set(`exif.${name}`, 'present, not shown');
  for (const [kind, bytes] of Object.entries(info.removed)) found.set(`bytes: ${kind}`, `${bytes}`);
  if (info.c2pa.present) found.set('content credentials', 'present');
  for (const [name, value] of Object.entries(info.extras)) if (value) found.set(name, String(value));
  return found;
}

/** A row for each value of the image before and after a strip. */
export function rows(before: Info, after: Info | undefined): Row[] {
  const [old, now] = [valuesOf(before), after === undefined ? new Map<string, string>() : valuesOf(after)];
  const names = [...new Set([...old.keys(), ...now.keys()])];
  return names.map((name) => ({ name, before: old.get(name) ?? '', after: now.get(name) ?? '' }));
}
