// Builds and deploys everything: `npm run deploy [-- --config FILE] [-- ARGUMENTS OF cdk deploy]`.
import { DEPLOYMENT } from '../lib/edge-versions.ts';
import { buildArtifacts } from './artifacts.ts';
import { commandLine, run } from './command-line.ts';

const { config, context, rest } = commandLine();
buildArtifacts(config);
// So that versions of edge functions are read again, whatever else has changed.
const deployment = ['--context', `${DEPLOYMENT}=${new Date().toISOString()}`];
run('npx', ['cdk', 'deploy', '--all', ...context, ...deployment, ...rest]);
