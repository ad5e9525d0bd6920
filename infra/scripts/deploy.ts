// Builds and deploys everything: `npm run deploy [-- --config FILE] [-- ARGUMENTS OF cdk deploy]`.
import { DEPLOYMENT } from '../lib/edge-versions.ts';
import { buildArtifacts } from './artifacts.ts';
import { commandLine, run } from './command-line.ts';

const { config, context, rest } = commandLine();
buildArtifacts(config);
// A new value makes the custom resource read the versions of edge functions again.
const deployment = ['--context', `${DEPLOYMENT}=${new Date().toISOString()}`];
run('npx', ['cdk', 'deploy', '--all', ...context, ...deployment, ...rest]);
