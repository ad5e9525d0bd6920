import type { ConfigInput } from './lib/config.ts';

/** What `npm run deploy` deploys. Every key is documented in `lib/config.ts`. */
export const config: ConfigInput = {
  prefix: 'safelight',
  region: 'eu-central-1',
};
