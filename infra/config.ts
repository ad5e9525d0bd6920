import type { OperatorConfig } from './lib/config.ts';

/** The configuration that `npm run deploy` deploys. `lib/config.ts` documents every key. */
export const config: OperatorConfig = {
  prefix: 'safelight',
  region: 'eu-central-1',
};
