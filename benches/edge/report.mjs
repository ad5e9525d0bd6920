// Prints a table of the measurements: node report.mjs edge.json

import { readFileSync } from 'node:fs';
import { printHead, spread } from '../table.mjs';

const { settings, runs } = JSON.parse(readFileSync(process.argv[2]));

const of = (name, unit) => runs.map((run) => run[name][unit]);

const ROWS = [
  ['sign an origin request, addon', 'sign: addon', 'sign: aws4'],
  ['the same, including JSON parsing and writing', 'sign: handler', 'sign: aws4'],
  ['check an RS256 token for the first time', 'verify first: addon', 'verify first: aws-jwt-verify'],
  ['check the same token again', 'verify again: addon', 'verify again: aws-jwt-verify'],
  ['load the addon', 'load: addon', 'load: peers'],
  ['load the handlers, configuration included', 'load: handlers', 'load: peers'],
];

printHead('The edge in Node.js', settings);
console.log(
  'µs per call: the median of all rounds, with quartiles. `×` is the peer’s CPU time divided by Safelight’s, per round.\n',
);
console.log('| | CPU | wall | peer, CPU | peer, wall | × |\n|---|---:|---:|---:|---:|---:|');
for (const [label, ours, theirs] of ROWS) {
  const [mine, other] = [of(ours, 'cpu_us'), of(theirs, 'cpu_us')];
  const ratios = other.map((value, round) => value / mine[round]);
  const wall = [ours, theirs].map((name) => spread(of(name, 'wall_us')));
  console.log(
    `| ${label} | ${spread(mine)} | ${wall[0]} | ${spread(other)} | ${wall[1]} | **${spread(ratios)}** |`,
  );
}
const none = of('no token asked for: addon', 'cpu_us');
for (const [label, name] of [
  ['first', 'verify first: addon'],
  ['again', 'verify again: addon'],
]) {
  const own = of(name, 'cpu_us').map((value, round) => value - none[round]);
  console.log(
    `${label === 'first' ? '\n' : ''}- The check alone, ${label}: ${spread(own)} µs of CPU, computed as the difference to the mode \`none\`.`,
  );
}
