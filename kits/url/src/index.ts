import { KEYS, type Params } from './params.ts';

export { KEYS, type Params } from './params.ts';
export { sign, type Key } from './sign.ts';

/** Where images are, and what every URL has. */
export interface Options {
  /** The address of Safelight, such as `https://img.example`. Defaults to the address of the page. */
  base?: string | undefined;
  /** Parameters of every URL; those of a call override them. */
  defaults?: Params | undefined;
}

/** Widths that suit most pages. */
export const WIDTHS = [320, 480, 640, 960, 1280, 1920, 2560] as const;

const encoded = (text: string): string => encodeURIComponent(text).replace(/%2C/g, ',');

/** The query of `params` in canonical order, without the question mark; empty without parameters. */
export function query(params: Params): string {
  const known: readonly string[] = KEYS;
  for (const key of Object.keys(params)) {
    if (!known.includes(key)) throw new TypeError(`unknown parameter ${key}`);
  }
  const pairs = KEYS.flatMap((key) => {
    const value = params[key];
    return value === undefined || value === false ? [] : [`${key}=${encoded(String(value))}`];
  });
  return pairs.join('&');
}

/** The path of a key, each segment encoded. */
export function path(key: string): string {
  return `/${key.replace(/^\/+/, '').split('/').map(encodeURIComponent).join('/')}`;
}

/** The URL of the image `key`. */
export function url(key: string, params: Params = {}, { base = '', defaults }: Options = {}): string {
  const text = query({ ...defaults, ...params });
  return base.replace(/\/+$/, '') + path(key) + (text === '' ? '' : `?${text}`);
}

/** The value of `srcset` for these widths in pixels. */
export function srcset(key: string, params: Params = {}, options: Options = {}, widths: readonly number[] = WIDTHS): string {
  return widths.map((width) => `${url(key, { ...params, width }, options)} ${width}w`).join(', ');
}

/** What a `<picture>` needs: its sources, and the attributes of its `<img>`. */
export interface Picture {
  sources: { type: string; srcset: string; sizes: string }[];
  img: { src: string; srcset: string; sizes: string };
}

/** A `<picture>` in AVIF and WebP, and in JPEG for everything else. */
export function picture(
  key: string,
  params: Params = {},
  { sizes = '100vw', widths = WIDTHS, ...options }: Options & { sizes?: string; widths?: readonly number[] } = {},
): Picture {
  const set = (format: 'avif' | 'webp' | 'jpeg') => srcset(key, { ...params, format }, options, widths);
  const largest = widths[widths.length - 1];
  return {
    sources: (['avif', 'webp'] as const).map((format) => ({ type: `image/${format}`, srcset: set(format), sizes })),
    img: { src: url(key, { ...params, format: 'jpeg', width: largest }, options), srcset: set('jpeg'), sizes },
  };
}
