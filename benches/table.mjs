// Shared code of the reports of lambda, frames and edge.

import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';

export const quantile = (values, at) =>
  values.toSorted((a, b) => a - b)[Math.round((values.length - 1) * at)];
export const shown = (number) => number.toLocaleString('en', { maximumSignificantDigits: 3 });

/** Returns the median with quartiles. */
export const spread = (values) =>
  `${shown(quantile(values, 0.5))} (${shown(quantile(values, 0.25))}–${shown(quantile(values, 0.75))})`;

/** Returns date, commit and machine of this run. */
export function circumstances() {
  const git = (...words) =>
    execFileSync('git', ['-C', import.meta.dirname, ...words], { encoding: 'utf8' }).trim();
  // The folder already contains the new measurements.
  const changed = git('status', '--porcelain', '--', ':(top)', ':(top,exclude)benches/runs');
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: git('rev-parse', '--short', 'HEAD') + (changed && ' with changes'),
    processor: `${cpus()[0].model}, ${cpus().length} cores`,
    'load at the end': loadavg()[0].toFixed(1),
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
 * Prints a table. A row is a label and a function that selects its value from a run. Columns are the medians of both
 * programs, which were measured alternately, and the median of the rounds' ratios with quartiles.
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
