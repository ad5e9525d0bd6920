// Does every relative link in a Markdown file of the checkout lead to a file, and every anchor to a heading?
// Links to other hosts are not followed: a check without network gives the same result everywhere.
//
//   node links.mjs    in the root of the checkout

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], { encoding: 'utf8' })
  .split('\n')
  .filter((name) => name && existsSync(name));

/** The text without code, in which brackets are no links. */
const prose = (text) =>
  text.replace(/^(```|~~~)[\s\S]*?^\1.*$/gm, '').replace(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, (code) => code.replace(/[[\]]/g, '_'));

/** The anchors of a file's headings, as GitHub makes them. */
function anchors(file) {
  const seen = new Map();
  const found = new Set();
  const text = readFileSync(file, 'utf8').replace(/^(```|~~~)[\s\S]*?^\1.*$/gm, '');
  for (const [, heading] of text.matchAll(/^#{1,6}\s+(.*?)\s*#*$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    found.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return found;
}

const broken = [];
let count = 0;
for (const file of files) {
  const text = prose(readFileSync(file, 'utf8'));
  const inline = text.matchAll(/\]\(\s*<?([^\s)>]+)>?(?:\s+["'][^)]*)?\s*\)/g);
  const definitions = text.matchAll(/^\s{0,3}\[[^\]]+\]:\s+<?([^\s>]+)>?/gm);
  for (const [, target] of [...inline, ...definitions]) {
    // A scheme, a host, or a Rust item that rustdoc resolves and checks itself.
    if (/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(target) || target.includes('::')) continue;
    const [path, anchor] = target.split('#');
    const resolved = path ? normalize(join(path.startsWith('/') ? '.' : dirname(file), decodeURI(path))) : file;
    count += 1;
    if (!existsSync(resolved)) broken.push(`${file}: "${target}": no such file`);
    else if (anchor && resolved.endsWith('.md') && !anchors(resolved).has(decodeURI(anchor).toLowerCase()))
      broken.push(`${file}: "${target}": no such heading`);
  }
}
if (broken.length > 0) {
  console.error(broken.join('\n'));
  process.exit(1);
}
console.log(`${count} links in ${files.length} files lead somewhere`);
