// Builds the artifacts that the stacks deploy: `npm run build [-- --config FILE]`.
import { buildArtifacts } from './artifacts.ts';
import { commandLine } from './command-line.ts';

buildArtifacts(commandLine().config);
