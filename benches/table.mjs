// What the reports of lambda, frames and edge share.

import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';

export const quantile = (values, at) =>
  values.toSorted((a, b) => a - b)[Math.round((values.length - 1) * at)];
export const shown = (number) => number.toLocaleString('en', { maximumSignificantDigits: 3 });

/** The median, with quartiles. */
export const spread = (values) =>
  `${shown(quantile(values, 0.5))} (${shown(quantile(values, 0.25))}–${shown(quantile(values, 0.75))})`;

/** When and where this is run, and of what. */
export function circumstances() {
  const git = (...words) =>
    execFileSync('git', ['-C', import.meta.dirname, ...words], { encoding: 'utf8' }).trim();
  // What is measured lies there already.
  const changed = git('status', '--porcelain', '--', ':(top)', ':(top,exclude)benches/runs');
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: git('rev-parse', '--short', 'HEAD') + (changed && ' with changes'),
    processor: `${cpus()[0].model}, ${cpus().length} cores`,
    'load when it ended': loadavg()[0].toFixed(1),
    'Node.js': process.version,
  };
}

/** Prints a title and a list of settings. */
export function printHead(title, settings) {
  console.log(`# ${title}\n`);
  for (const [name, value] of Object.entries(settings)) console.log(`- ${name}: ${value}`);
  console.log('');
}

/**
 * Prints rows of a label and what it takes of a run: medians of ours and theirs, which were measured in turn, and the
 * median of each round's ratio with its quartiles.
 */
export function printSideBySide(rows, ours, theirs) {
  console.log('| | Safelight | Node.js | Node.js / Safelight |\n|---|---:|---:|---:|');
  for (const [label, value] of rows) {
    const [mine, other] = [ours.map(value), theirs.map(value)];
    const ratios = other.map((number, round) => number / mine[round]);
    console.log(
      `| ${label} | ${shown(quantile(mine, 0.5))} | ${shown(quantile(other, 0.5))} | ${spread(ratios)} |`,
    );
  }
}
