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
  const params = declared.filter(({ key }) => keys?.includes(key) ?? true).map(withoutDescriptions);
  const secrets = signature?.keys && Object.entries(signature.keys);
  const check = signature && { required: signature.required, keys: secrets };
  const config = { params, ignored: [...trackers, ...ignoreKeys], reserved, lenient, signature: check };
  const head = signature && !signature.keys ? "import cf from 'cloudfront';\n" : '';
  // Names of members need no quotes where they are words.
  const literal = JSON.stringify(config, withoutEmpty).replace(/"([A-Za-z]+)":/g, '$1:');
  const source = `${head}const CONFIG=${literal};\n${compact(read('viewer-request.js'))}`;
  const bytes = Buffer.byteLength(source);
  if (bytes > MAX_BYTES) throw new Error(`the function has ${bytes} bytes: expected at most ${MAX_BYTES}`);
  return source;
}

function withoutDescriptions({ key, aliases, value, default: omitted }) {
  const { unit: _unit, form: _form, example: _example, ...type } = value;
  return { key, aliases, value: type, default: omitted };
}

/** Leaves out what is empty, other than the list of parameters. The function does without it. */
function withoutEmpty(name, value) {
  const isEmpty = typeof value === 'object' && (value === null || Object.keys(value).length === 0);
  return isEmpty && name !== 'params' ? undefined : value;
}

/** Removes comments, indentation and the spaces around operators. The strings of the source have no such spaces. */
function compact(source) {
  const lines = source.split('\n').map((line) => line.trim());
  const code = lines.filter((line) => line !== '' && !line.startsWith('//'));
  return code.join('\n').replace(/ (=>|[=!]==|&&|\|\||\|=|<=|[-=<>?:+*/%^]) /g, '$1');
}
