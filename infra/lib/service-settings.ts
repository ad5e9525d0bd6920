import { readFileSync } from 'node:fs';
import { stringify } from 'smol-toml';

/** Settings of Safelight's configuration file, by the names that they have there. */
export type ServiceSettings = Record<string, unknown>;

interface Schema {
  properties: Record<string, { type: string | string[]; enum?: string[] }>;
}

const SCHEMA = new URL('../../runtime/service/config.schema.json', import.meta.url);

/** Every setting of the configuration file. A test of the service compares this file with its code. */
const SETTINGS = (JSON.parse(readFileSync(SCHEMA, 'utf8')) as Schema).properties;

/** Settings that the stacks derive from other keys, with those keys. */
const DERIVED: Record<string, string> = {
  authorize: 'photoAuth',
  bucket: 'bucket.name',
  'checked-by-cdn': 'photoAuth',
  'data-stores': 'imageFrames.dataStoreIds',
  exif: 'exif',
  'healthimaging-endpoint': 'imageFrames.region',
  'healthimaging-region': 'imageFrames.region',
  prefix: 'bucket.folder',
  redact: 'exif',
  'require-signature': 'signedUrls',
  'signature-keys': 'signedUrls, which generates one',
};

/** Variables of a function take 4 KB together (Lambda quotas); some of it is for the stacks' own. */
const MAX_BYTES = 3_500;

/** Returns what is wrong with settings; an empty list if they are valid. */
export function problems(settings: ServiceSettings): string[] {
  const invalid = Object.entries(settings).flatMap(([name, value]) => {
    const known = SETTINGS[name];
    if (!known) return [`${name}: unknown setting: did you mean ${nearest(name)}?`];
    if (DERIVED[name]) return [`${name}: must not be set here: set ${DERIVED[name]}`];
    const types = [known.type].flat();
    const type = Array.isArray(value) ? 'array' : typeof value === 'number' ? 'integer' : typeof value;
    if (!types.includes(type))
      return [`${name}: must be of type ${types.join(' or ')}, not ${JSON.stringify(value)}`];
    if (known.enum && !known.enum.includes(value as string))
      return [`${name}: must be one of ${known.enum.join(', ')}, not ${JSON.stringify(value)}`];
    return [];
  });
  const bytes = Buffer.byteLength(configurationFile(settings));
  return bytes <= MAX_BYTES
    ? invalid
    : [...invalid, `must have at most ${MAX_BYTES} bytes as TOML, not ${bytes}`];
}

/** Returns the content of the function's configuration file. It skips the settings of other programs itself. */
export function configurationFile(settings: ServiceSettings): string {
  return stringify(settings);
}

/** Returns the part of settings that the function at CloudFront applies. */
export function viewerSettings(settings: ServiceSettings): {
  keys: string[] | undefined;
  ignoreKeys: string[];
  lenient: boolean;
} {
  const { allow, 'ignore-keys': ignored = [], lenient } = settings;
  return {
    keys: (allow as { keys?: string[] } | undefined)?.keys,
    ignoreKeys:
      typeof ignored === 'string' ? ignored.split(',').map((key) => key.trim()) : (ignored as string[]),
    lenient: lenient === true,
  };
}

function nearest(name: string): string {
  const [first] = Object.keys(SETTINGS).sort((one, two) => distance(name, one) - distance(name, two));
  return first ?? '';
}

/** Returns the number of single-character edits between two texts (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let at = 0; at < from.length; at += 1) {
    const next = [at + 1];
    for (let index = 0; index < to.length; index += 1) {
      const replaced = (row[index] ?? 0) + (from[at] === to[index] ? 0 : 1);
      next.push(Math.min(replaced, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
