import { url, type Options } from './index.ts';

/** A `loader` for `next/image`. */
export function nextLoader(options: Options = {}) {
  return ({ src, width, quality }: { src: string; width: number; quality?: number | undefined }): string =>
    url(src, { width, quality, format: 'auto' }, options);
}

/** A provider for Nuxt Image: `getImage` of a provider's file. */
export function nuxtProvider(options: Options = {}) {
  return (src: string, { modifiers = {} }: { modifiers?: { width?: number; height?: number; quality?: number } } = {}): { url: string } => {
    const { width, height, quality } = modifiers;
    return { url: url(src, { width, height, quality, format: 'auto' }, options) };
  };
}

/** A transformer for unpic: `transform`. */
export function unpicTransformer(options: Options = {}) {
  return ({ url: src, width, height }: { url: string; width?: number; height?: number }): string => {
    const fit = width !== undefined && height !== undefined ? 'cover' : undefined;
    return url(src, { width, height, fit, format: 'auto' }, options);
  };
}
