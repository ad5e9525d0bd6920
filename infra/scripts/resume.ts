// Lets functions that the kill switch has stopped run again: `npm run resume [-- --config FILE]`.
import { LambdaClient } from '@aws-sdk/client-lambda';
import { commandLine } from './command-line.ts';
import { functionNames, resume } from './concurrency.ts';

const { config } = commandLine();
await resume(new LambdaClient({ region: config.region }), config);
console.log(`running again: ${functionNames(config).join(', ')}`);
