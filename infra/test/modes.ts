import type { ConfigInput } from '../lib/config.ts';

/** A configuration to synthesise, with a name. */
export interface Mode {
  name: string;
  config: ConfigInput;
}

export const ACCOUNT = '123456789012';
/** Another account, which must have no access. */
export const STRANGER = '999999999999';
export const REGION = 'eu-west-1';
export const DATA_STORE = '0123456789abcdef0123456789abcdef';
export const OTHER_DATA_STORE = 'fedcba9876543210fedcba9876543210';
export const CERTIFICATE = `arn:aws:acm:us-east-1:${ACCOUNT}:certificate/11111111-2222-3333-4444-555555555555`;

/** Every combination of origin, signing, image frames and custom domain: sixteen. */
export const MODES: Mode[] = (['functionUrl', 'objectLambda'] as const).flatMap((photoOrigin) =>
  (['originAccessControl', 'edge'] as const).flatMap((signing) =>
    [false, true].flatMap((withFrames) =>
      [false, true].map((withDomain) => mode(photoOrigin, signing, withFrames, withDomain)),
    ),
  ),
);

function mode(
  photoOrigin: 'functionUrl' | 'objectLambda',
  signing: 'originAccessControl' | 'edge',
  withFrames: boolean,
  withDomain: boolean,
): Mode {
  const domain = (name: string) => (withDomain ? { names: [name], certificateArn: CERTIFICATE } : undefined);
  return {
    name: [photoOrigin, signing, ...(withFrames ? ['frames'] : []), ...(withDomain ? ['domain'] : [])].join(
      '-',
    ),
    config: {
      account: ACCOUNT,
      region: REGION,
      photoOrigin,
      signing,
      domain: domain('img.example.com'),
      ...(withFrames && {
        imageFrames: {
          dataStoreIds: [DATA_STORE],
          auth: {
            mode: 'cognito',
            userPoolId: 'eu-west-1_AbCdEf123',
            clientIds: ['3n4b5urk1ft4fl3mg5e62d9ado'],
          },
          domain: domain('frames.example.com'),
        },
      }),
    },
  };
}
