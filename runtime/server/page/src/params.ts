// The parameters that the server declares, and queries of them.

export interface Value {
  type: 'flag' | 'integer' | 'number' | 'angle' | 'color' | 'string';
  or?: string[];
  minimum?: number;
  maximum?: number;
  unit?: string;
  enum?: string[];
  auto?: { accept: string; value: string }[];
  form?: string;
  example?: string;
}

export interface Param {
  key: string;
  aliases: string[];
  transform: string | null;
  value: Value;
  default: string | null;
  doc: string;
}

/** The parameters by their transforms, in the order of the server, without those that answer with something else. */
export function groups(params: Param[]): Map<string, Param[]> {
  const found = new Map<string, Param[]>();
  for (const param of params) {
    if (param.transform === null) continue;
    const group = found.get(param.transform) ?? [];
    group.push(param);
    found.set(param.transform, group);
  }
  return found;
}

/** The path with the query of all values that are not empty, in the order of the parameters. */
export function urlOf(path: string, params: Param[], values: ReadonlyMap<string, string>): string {
  const query = params
    .map(({ key }) => [key, values.get(key) ?? ''] as const)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}=${encodeURIComponent(value).replace(/%2C/g, ',').replace(/%3A/g, ':')}`)
    .join('&');
  return query === '' ? path : `${path}?${query}`;
}

/** The words of a select; undefined for a free field. */
export function wordsOf({ type, or, enum: words, auto }: Value): string[] | undefined {
  if (type === 'flag') return ['true', ...(or ?? [])];
  if (words === undefined) return undefined;
  return auto === undefined || auto.length === 0 ? words : ['auto', ...words];
}

/** What a free field expects. */
export function placeholderOf({ type, minimum, maximum, unit, example }: Value): string {
  switch (type) {
    case 'integer':
    case 'number':
      return `${minimum}–${maximum} ${unit ?? ''}`.trim();
    case 'angle':
      return 'degrees';
    case 'color':
      return 'ff8800 or orange';
    default:
      return example ?? '';
  }
}
