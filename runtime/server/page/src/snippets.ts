// Code that uses a URL, to copy.

const WIDTHS = [320, 640, 960, 1280, 1920];

/** The URL with `key=value` in place of another value of the key. */
export function withParam(url: string, key: string, value: string): string {
  const [path = '', query = ''] = url.split('?', 2);
  const pairs = query.split('&').filter((pair) => pair !== '' && !pair.startsWith(`${key}=`));
  return `${path}?${[...pairs, `${key}=${value}`].join('&')}`;
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');

function srcset(url: string): string {
  return WIDTHS.map((width) => `${escaped(withParam(url, 'width', String(width)))} ${width}w`).join(',\n    ');
}

/** Snippets by their titles. */
export function snippets(origin: string, url: string): [string, string][] {
  const full = origin + url;
  const auto = withParam(full, 'format', 'auto');
  const source = (format: string) =>
    `  <source type="image/${format}" srcset="\n    ${srcset(withParam(full, 'format', format))}" sizes="100vw">`;
  return [
    ['URL', full],
    ['<img srcset>', `<img src="${escaped(auto)}" sizes="100vw" alt=""\n  srcset="\n    ${srcset(auto)}">`],
    [
      '<picture>',
      `<picture>\n${source('avif')}\n${source('webp')}\n  <img src="${escaped(withParam(full, 'format', 'jpeg'))}" alt="">\n</picture>`,
    ],
    ['curl', `curl -o image '${full}'`],
    [
      'Next.js',
      `// next.config.js: images: { loader: 'custom', loaderFile: './loader.js' }\n` +
        `export default ({ src, width, quality }) =>\n` +
        `  \`${origin}\${src}?width=\${width}&quality=\${quality ?? 80}&format=auto\`;`,
    ],
  ];
}
