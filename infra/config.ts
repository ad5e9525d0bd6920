import type { ConfigInput } from './lib/config.ts';

/** The configuration that `npm run deploy` deploys. `lib/config.ts` documents every key. */
export const config: ConfigInput = {
  prefix: 'safelight',
  region: 'eu-central-1',
};
