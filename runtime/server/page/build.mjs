// Bundles the page into one HTML file without external requests, which the server embeds.
import { build } from 'esbuild';
import { readFile, writeFile } from 'node:fs/promises';

const read = (name) => readFile(new URL(name, import.meta.url), 'utf8');
const out = new URL('../src/dev/page.html', import.meta.url);

const bundle = async (entry) => {
  const { outputFiles } = await build({
    entryPoints: [new URL(entry, import.meta.url).pathname],
    bundle: true,
    minify: true,
    write: false,
    target: 'es2022',
    legalComments: 'none',
  });
  return outputFiles[0].text.trim();
};

const [html, css, script] = [await read('index.html'), await bundle('style.css'), await bundle('src/main.ts')];
// Functions, since `$` in a replacement has a meaning.
const page = html
  .replace('/* style */', () => css)
  .replace('/* script */', () => script.replaceAll('</script', '<\\/script'));
const current = await readFile(out, 'utf8').catch(() => '');
if (process.argv.includes('--check')) {
  if (current !== page) throw new Error('page.html is stale: run npm run build in runtime/server/page');
} else {
  await writeFile(out, page);
}
