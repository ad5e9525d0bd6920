// A CloudFront Function for viewer requests: checks signed URLs, rejects unknown keys, and makes queries canonical, as the
// crate safelight-edge does. Colours by name and in functional notation keep their spelling, and so do
// `best-avif` and the like.
//
// The runtime is JavaScript 2.0: ECMAScript 5.1 with a part of later versions, without I/O. What deploys the function
// inserts `CONFIG`, and before it, if the keys of signatures are in a store, the import of `cf`.
const crypto = require('crypto');

// The parameters, which the configuration has as lists to save space.
const PARAMS = CONFIG.params.map((entry) => ({
  names: entry[0].split(','),
  omitted: entry[1],
  type: entry[2],
  range: entry[3],
  synonyms: entry[4] || {},
  auto: entry[5],
  others: entry[6],
}));

async function handler(event) {
  const request = event.request;
  let pairs = pairsOf(request.querystring);
  if (CONFIG.signature) {
    const checked = await verified(request.uri, pairs);
    if (checked.problem) return problem(403, 'forbidden', checked.problem);
    pairs = checked.pairs;
  }
  const unknown = pairs.find((pair) => !isKnown(pair.key));
  if (unknown && !CONFIG.lenient) {
    const keys = PARAMS.map((param) => param.names[0]).join(', ');
    return problem(
      400,
      'invalid-param',
      'unsupported key ' + JSON.stringify(unknown.key) + ': expected ' + keys,
    );
  }
  const accept = request.headers.accept ? request.headers.accept.value : '';
  request.querystring = {};
  PARAMS.forEach((param) => add(request.querystring, param, pairs, accept));
  // `auto` is resolved, and nothing else depends on it.
  delete request.headers.accept;
  return request;
}

// Returns the secret of a key; undefined if it is not in use.
async function secretOf(id) {
  if (CONFIG.signature.keys) return (CONFIG.signature.keys.find((key) => key[0] === id) || [])[1];
  try {
    return await cf.kvs().get('key:' + id);
  } catch (missing) {
    return undefined;
  }
}

// Returns the pairs of a query as they are and, where they are UTF-8, decoded.
function pairsOf(query) {
  const pairs = [];
  Object.keys(query).forEach((name) => {
    (query[name].multiValue || [query[name]]).forEach((item) => {
      const key = decoded(name.replace(/\+/g, ' '));
      const value = decoded(item.value.replace(/\+/g, ' '));
      const isText = key !== undefined && value !== undefined;
      if (name || item.value)
        pairs.push({ name: name, raw: item.value, key: key || name, value: value, isText: isText });
    });
  });
  return pairs;
}

// Returns text without percent-encoding; undefined if it is not UTF-8.
function decoded(text) {
  try {
    return text.replace(/(%[0-9a-f]{2})+/gi, decodeURIComponent);
  } catch (invalid) {
    return undefined;
  }
}

function encoded(text) {
  return encodeURIComponent(text).replace(
    /[!\x27()*]/g,
    (letter) => '%' + letter.charCodeAt(0).toString(16).toUpperCase(),
  );
}

// Checks the signature of a path and pairs. Returns the pairs without it, or a problem.
async function verified(path, pairs) {
  const sigs = pairs.filter((pair) => pair.key === 'sig');
  const others = pairs.filter((pair) => pair.key !== 'sig');
  const exps = pairs.filter((pair) => pair.key === 'exp');
  const problem = (text) => ({ problem: text });
  if (!pairs.every((pair) => pair.isText)) return problem('the URL is not UTF-8');
  if (sigs.length === 0 && !CONFIG.signature.required) return { pairs: others };
  if (sigs.length === 0) return problem('the URL is not signed: it needs the key sig');
  if (sigs.length > 1 || exps.length > 1) return problem('sig and exp may occur only once');
  const text = decoded(path);
  if (text === undefined) return problem('the path is not UTF-8');
  const parts = /^([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{43})$/.exec(sigs[0].value || '');
  if (!parts) return problem('sig is not KEY.SIGNATURE');
  const secret = await secretOf(parts[1]);
  if (secret === undefined) return problem('the URL is signed with a key that is not in use');
  const lines = ['safelight-url-1', encoded(text).replace(/%2F/g, '/'), message(others)];
  const expected = crypto.createHmac('sha256', secret).update(lines.join('\n')).digest('base64url');
  if (!isEqual(expected, parts[2])) return problem('the signature does not match the path and the query');
  const exp = exps[0];
  if (exp && !/^[0-9]{1,15}$/.test(exp.value)) return problem('exp is not a number of seconds since 1970');
  if (exp && Number(exp.value) < Math.floor(Date.now() / 1000)) return problem('the URL has expired');
  return { pairs: others.filter((pair) => pair !== exp) };
}

// Returns the pairs as they are signed: sorted by the bytes of keys and of values.
function message(pairs) {
  const hex = (text) => Buffer.from(text).toString('hex');
  return pairs
    .map((pair) => ({
      order: hex(pair.key) + ' ' + hex(pair.value),
      text: encoded(pair.key) + '=' + encoded(pair.value),
    }))
    .sort((one, two) => (one.order < two.order ? -1 : one.order > two.order ? 1 : 0))
    .map((pair) => pair.text)
    .join('&');
}

// Takes the same time wherever texts of one length differ.
function isEqual(one, two) {
  let difference = one.length ^ two.length;
  for (let index = 0; index < one.length; index += 1) {
    difference |= one.charCodeAt(index) ^ two.charCodeAt(index);
  }
  return difference === 0;
}

function isKnown(key) {
  const lower = key.toLowerCase();
  return (
    PARAMS.some((param) => isNamed(param, key)) ||
    CONFIG.ignored.some((pattern) => isMatch(pattern, key)) ||
    CONFIG.reserved.some((pattern) => isMatch(pattern, lower))
  );
}

function isNamed(param, key) {
  return param.names.indexOf(key) >= 0;
}

function isMatch(pattern, key) {
  return pattern.endsWith('*') ? key.startsWith(pattern.slice(0, -1)) : key === pattern;
}

// Adds the canonical pair of a parameter to a query, or the pairs as they are if they are invalid.
function add(query, param, pairs, accept) {
  const own = pairs.filter((pair) => isNamed(param, pair.key));
  const values = own.filter((pair) => pair.raw !== '');
  if (values.length === 0) return;
  const isSame = values.every((pair) => pair.value !== undefined && pair.value === values[0].value);
  const value = isSame ? canonical(param, values[0].value, accept) : undefined;
  if (value === undefined) {
    own.forEach((pair) => {
      const known = query[pair.name];
      if (!known) query[pair.name] = { value: pair.raw };
      else (known.multiValue = known.multiValue || [{ value: known.value }]).push({ value: pair.raw });
    });
  } else if (value !== null && value !== param.omitted) {
    query[param.names[0]] = {
      value: encoded(value).replace(/%20/g, '+').replace(/%2A/g, '*').replace(/~/g, '%7E'),
    };
  }
}

// Returns the canonical spelling of a value, null if it is equivalent to none, undefined if it is invalid.
function canonical(param, value, accept) {
  const range = param.range;
  switch (param.type) {
    case 'f':
      return wordOf(range || [], {}, value) || (/^(true|1|yes|on)$/i.test(value) ? 'true' : null);
    case 'i':
      return wordOf([], param.synonyms, value) || inRange(range, Math.round(decimal(value)));
    case 'n':
      return inRange(range, Math.round((range[0] < 0 ? signed(value) : decimal(value)) * 1000) / 1000);
    case 'a': {
      const degrees = signed(value);
      const turned = (((Math.round(Math.abs(degrees)) * (degrees < 0 ? -1 : 1)) % 360) + 360) % 360;
      return Math.abs(degrees) <= 1e9 && turned % range === 0 ? String(turned) : undefined;
    }
    case 'c':
      return color(value);
    case 'w':
      if (!param.auto) return wordOf(range, param.synonyms, value);
      if (/^(auto|best)$/i.test(value)) return preferred(param, accept.toLowerCase(), value.toLowerCase());
      return wordOf(range, param.synonyms, value) || hidden(param, value);
    default:
      return Buffer.from(value).length <= 1000 ? value : undefined;
  }
}

function signed(text) {
  return text[0] === '-' ? -decimal(text.slice(1)) : decimal(text);
}

function decimal(text) {
  return /^[0-9.]+$/.test(text) ? Number(text) : NaN;
}

function inRange(range, number) {
  return range[0] <= number && number <= range[1] ? String(number) : undefined;
}

function wordOf(words, synonyms, value) {
  const isSame = (word) => word.toLowerCase() === value.toLowerCase();
  return words.find(isSame) || synonyms[Object.keys(synonyms).find(isSame)];
}

function hidden(param, value) {
  const choice = param.auto.find((choice) => choice[1] === value.toLowerCase());
  return choice && choice[1];
}

function color(value) {
  const hex = value.toLowerCase().replace(/^#/, '');
  if (!/^([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/.test(hex)) return undefined;
  const long = hex.length < 6 ? hex.replace(/./g, '$&$&') : hex;
  return long.length === 8 && long.endsWith('ff') ? long.slice(0, 6) : long;
}

// Returns what `auto` or `best` is for a client.
function preferred(param, accept, word) {
  const weights = param.auto.map((choice) => weightOf(accept, choice[0]));
  const isLiked = (weight) => weight > 0 && !param.others.some((other) => weightOf(accept, other) > weight);
  if (word === 'best')
    return param.auto.reduce((all, choice, at) => (isLiked(weights[at]) ? all + '-' + choice[0].slice(6) : all), word);
  const highest = Math.max.apply(null, weights);
  return isLiked(highest) ? param.auto[weights.indexOf(highest)][1] : word;
}

function weightOf(accept, name) {
  return accept.split(',').reduce((highest, range) => {
    const parts = range.split(';').map((part) => part.trim());
    if (parts[0] !== name) return highest;
    const stated = parts.filter((part) => /^q\s*=/.test(part))[0];
    const text = stated ? stated.slice(stated.indexOf('=') + 1).trim() : '';
    const weight = text === '' || isNaN(text) ? 1 : Math.min(Math.max(Number(text), 0), 1);
    return Math.max(highest, weight);
  }, 0);
}

function problem(status, kind, detail) {
  return {
    statusCode: status,
    headers: {
      'content-type': { value: 'application/problem+json' },
      'cache-control': { value: 'no-store' },
    },
    body: JSON.stringify({ status: status, kind: kind, detail: detail }),
  };
}
