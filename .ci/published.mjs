// Prints the crates that are meant for others, and fails if one lacks what crates.io and docs.rs show.
//
//   cargo metadata --no-deps --format-version 1 | node published.mjs

import { readFileSync } from 'node:fs';

const { packages } = JSON.parse(readFileSync(0, 'utf8'));
const published = packages.filter(({ publish }) => publish === null);
const missing = published.flatMap((crate) => {
  const required = {
    description: crate.description,
    license: crate.license,
    repository: crate.repository,
    'rust-version': crate.rust_version,
    keywords: crate.keywords.length > 0,
    categories: crate.categories.length > 0,
    readme: crate.readme,
    'metadata.docs.rs': crate.metadata?.docs?.rs,
  };
  return Object.keys(required)
    .filter((key) => !required[key])
    .map((key) => `${crate.name}: package.${key} is missing`);
});
if (published.length === 0) missing.push('no crate of the workspace sets publish = true');
if (missing.length > 0) {
  console.error(missing.join('\n'));
  process.exit(1);
}
for (const { name } of published) console.log(name);
