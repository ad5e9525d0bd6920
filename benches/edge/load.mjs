// Loads the addon, the handlers or the peers and prints the duration: node load.mjs addon|handlers|peers BUILT

import { createRequire } from 'node:module';

const [, , what, built] = process.argv;
const require = createRequire(import.meta.url);

const cpu = process.cpuUsage();
const start = performance.now();
if (what === 'addon') require(`${built}/safelight-edge.node`);
else if (what === 'handlers') await import(`${built}/index.mjs`);
else for (const name of ['aws4', 'aws-jwt-verify']) require(name);
const wall = performance.now() - start;
const { user, system } = process.cpuUsage(cpu);

console.log(JSON.stringify({ wall_us: wall * 1000, cpu_us: user + system }));
