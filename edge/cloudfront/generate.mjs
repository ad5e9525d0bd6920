// Generates the source of the CloudFront Function from viewer-request.js and its configuration.
import { readFileSync } from 'node:fs';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');

/** The longest source that CloudFront accepts, in bytes. */
export const MAX_BYTES = 10_240;

/**
 * Returns the source of the function.
 *
 * @param keys long names of the parameters that viewers may use; all if undefined
 * @param ignoreKeys keys that are dropped besides those of trackers; a star matches any end
 * @param lenient whether all other keys are dropped instead of rejected
 * @param signature whether signatures are required, and the secrets by their identifiers; without `keys`, they are in
 * the function's key-value store, as `key:ID`
 * @throws Error if it is longer than CloudFront accepts.
 */
export function viewerFunction({ keys, ignoreKeys = [], lenient = false, signature } = {}) {
  const declared = JSON.parse(read('../params.json'));
  const { trackers, reserved } = JSON.parse(read('../keys.json'));
  const params = declared.filter(({ key }) => keys?.includes(key) ?? true).map(shortened);
  const secrets = signature?.keys && Object.entries(signature.keys);
  const check = signature && { required: signature.required, keys: secrets };
  const config = { params, ignored: [...trackers, ...ignoreKeys], reserved, lenient, signature: check };
  const head = signature && !signature.keys ? "import cf from 'cloudfront';\n" : '';
  // Names of members need no quotes where they are words.
  const literal = JSON.stringify(config, withoutEmpty).replace(/"([A-Za-z]+)":/g, '$1:');
  const source = `${head}const CONFIG=${literal};\n${shortNames(compact(read('viewer-request.js')))}`;
  const bytes = Buffer.byteLength(source);
  if (bytes > MAX_BYTES) throw new Error(`the function has ${bytes} bytes: expected at most ${MAX_BYTES}`);
  return source;
}

/**
 * Returns a parameter in the short form that viewer-request.js reads: names, default, letter of the type, and what
 * belongs to the type. All parameters in their own form would take half of the bytes that CloudFront accepts.
 */
function shortened({ key, aliases, value, default: omitted }) {
  const entry = [[key, ...aliases].join(), omitted ?? 0, ...typeOf(value)];
  // A missing entry is undefined, which has the same meaning.
  while (entry.at(-1) === 0 || isEmpty(entry.at(-1))) entry.pop();
  return entry;
}

function typeOf({ type, or, minimum, maximum, step, enum: words, synonyms, auto, others }) {
  switch (type) {
    case 'flag':
      return ['f', or];
    case 'integer':
      return ['i', [minimum, maximum], or && Object.fromEntries(or.map((word) => [word, word]))];
    case 'number':
      return ['n', [minimum, maximum]];
    case 'angle':
      return ['a', step];
    case 'color':
      return ['c'];
    default:
      return words ? ['w', words, synonyms, auto?.map(({ accept, value }) => [accept, value]), others] : [];
  }
}

/** Leaves out what is empty, other than the list of parameters. The function does without it. */
function withoutEmpty(name, value) {
  return isEmpty(value) && name !== 'params' ? undefined : value;
}

function isEmpty(value) {
  return value === undefined || (typeof value === 'object' && Object.keys(value ?? {}).length === 0);
}

/**
 * Removes comments, indentation, the spaces around operators and braces, and line breaks that end no statement, and makes
 * constants variables, which takes fewer letters. No string of the source may have such spaces, line breaks or words, and
 * nothing else single quotes.
 */
function compact(source) {
  const lines = source.split('\n').map((line) => line.trim());
  const code = lines.filter((line) => line !== '' && !line.startsWith('//'));
  return code
    .join('\n')
    .replace(/\bconst /g, 'let ')
    .replace(/ (=>|[=!]==|&&|\|\||\|=|<=|[-=<>?:+*/%^]) /g, '$1')
    .replace(/([;{(,[])\n/g, '$1')
    .replace(/\n([})\]])/g, '$1')
    .replace(/ ?\{ ?/g, '{')
    .replace(/, (?=[\w({[])/g, ',')
    .replace(/([{,]\w+): /g, '$1:')
    .replace(/,(?=[}\])])/g, '')
    .replace(/\b(if|return|catch) (?=[({[])/g, '$1');
}

/**
 * Gives functions, variables and parameters names of two characters, the ones that take most bytes first. Names that are
 * also those of members, or words of strings, stay.
 */
function shortNames(code) {
  const declared = [...code.matchAll(/\b(?:function|let) (\w+)/g)].map((match) => match[1]);
  const lists = [...code.matchAll(/\(([\w,]+)\)(?:=>|\{)/g)].flatMap((match) => match[1].split(','));
  const strings = code.match(/'[^'\n]*'/g).join();
  const isElsewhere = (name) =>
    new RegExp(`\\.${name}\\b|\\b${name}:`).test(code) || new RegExp(`\\b${name}\\b`).test(strings);
  const occurrences = (name) => code.split(new RegExp(`\\b${name}\\b`)).length - 1;
  const saving = (name) => occurrences(name) * (name.length - 2);
  const names = [...new Set([...declared, ...lists])]
    .filter((name) => /^[A-Za-z]+$/.test(name) && name !== 'handler' && saving(name) > 0 && !isElsewhere(name))
    .sort((one, two) => saving(two) - saving(one));
  const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  return letters.reduce(
    (short, letter, at) =>
      at < names.length ? short.replace(new RegExp(`\\b${names[at]}\\b`, 'g'), () => `$${letter}`) : short,
    code,
  );
}
