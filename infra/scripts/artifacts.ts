import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BUILT } from '../lib/artifacts.ts';
import type { Config } from '../lib/config.ts';
import { type EdgeConfig, framesEdgeConfig, photosEdgeConfig, photosNeedEdge } from '../lib/edge-config.ts';
import { PROJECT, run } from './command-line.ts';

/** Builds the artifacts that `config` deploys: `bootstrap` and the required edge functions. */
export function buildArtifacts(config: Config): void {
  const lambda = [
    'lambda',
    'build',
    '--release',
    '--skip-target-check',
    // cargo-lambda would set `panic = "abort"`, and a panic would then end the function.
    '--disable-optimizations',
    '--output-format',
    'zip',
    '--locked',
  ];
  const program = ['-p', 'safelight-lambda', '--bin', 'bootstrap'];
  const target = config.architecture === 'arm64' ? '--arm64' : '--x86-64';
  // cargo-lambda creates a folder named after the program inside this one.
  const out = dirname(dirname(BUILT.bootstrap));
  run('cargo', [...lambda, target, ...program, '--lambda-dir', out], PROJECT);

  if (photosNeedEdge(config)) buildEdge(photosEdgeConfig(config), BUILT.photosEdge);
  if (config.imageFrames) buildEdge(framesEdgeConfig(config.imageFrames), BUILT.framesEdge);
}

function buildEdge(config: EdgeConfig, out: string) {
  const path = `${out}.json`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(config, undefined, 2)}\n`);
  run('node', [join('edge', 'node', 'build', 'build.mjs'), '--config', path, '--out', out], PROJECT);
}
