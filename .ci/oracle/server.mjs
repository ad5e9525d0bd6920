// Runs `safelight serve` on a free port.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * Serves `folder` with the program at `binary`. Returns `get`, which fetches the bytes for a path and query, and
 * `stop`, which ends the program.
 */
export async function serve(binary, folder) {
  // Random sizes enlarge small images by more than the default allows.
  const limits = ['--max-enlargement', '1000000', '--max-work', '60000'];
  const server = spawn(binary, ['serve', folder, '--listen', '127.0.0.1:0', '--log', 'info', ...limits], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const address = await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`${binary} ended with ${code}`)));
    createInterface({ input: server.stderr }).on('line', (line) => {
      const entry = JSON.parse(line);
      if (entry.message === 'listening') resolve(entry.address);
    });
  });
  const get = async (target) => {
    const response = await fetch(`http://${address}/${target}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    if (!response.ok) throw new Error(`${target}: ${response.status} ${bytes}`);
    return bytes;
  };
  return { get, stop: () => server.kill() };
}
