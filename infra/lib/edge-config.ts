import type { Auth, Config } from './config.ts';
import { AllowedParameters } from './parameters.ts';

/** What is baked into a zip of edge functions: they have no environment. */
export interface EdgeConfig {
  authorize:
    | { mode: 'none' }
    | {
        mode: 'tokens';
        issuers: (CognitoIssuer | OidcIssuer)[];
        graceSeconds: number;
        token: { bearer: boolean; headers: string[]; cookies: string[]; query: string[] };
      };
  /** `keys` are parameters of transforms, all if there are none; `extra` are let through as they are. */
  normalize: { keys?: string[]; extra: string[] };
  /** `auto` takes service and region from the origin's domain. */
  sign: { target: 'auto' } | null;
}

interface CognitoIssuer {
  type: 'cognito';
  userPoolId: string;
  clientIds: string[];
  tokenUse: 'access' | 'id';
  groups?: string[];
  scopes?: string[];
}

interface OidcIssuer {
  type: 'oidc';
  issuer: string;
  audiences: string[];
  jwksUri: string;
  scopes?: string[];
}

/** What a question for an image frame, a DICOMweb frame or metadata may hold besides parameters of transforms. */
export const FRAME_KEYS = ['imageFrameId', 'imageSetId', 'version', 'resolution', 'window'];

/** Whether pictures need functions at the edge at all. */
export function photosNeedEdge(config: Config): boolean {
  return config.signing === 'edge' || config.photoAuth.mode !== 'none';
}

export function photosEdgeConfig(config: Config): EdgeConfig {
  return {
    authorize: authorize(config.photoAuth),
    normalize: { ...keys(config.parameters, 'parameters'), extra: [] },
    sign: config.signing === 'edge' ? { target: 'auto' } : null,
  };
}

export function framesEdgeConfig({ auth, parameters }: NonNullable<Config['imageFrames']>): EdgeConfig {
  return {
    authorize: authorize(auth),
    normalize: { ...keys(parameters, 'imageFrames.parameters'), extra: FRAME_KEYS },
    sign: { target: 'auto' },
  };
}

function keys(allowed: string[] | undefined, setting: string): { keys?: string[] } {
  return allowed ? { keys: new AllowedParameters(allowed, setting).keys } : {};
}

function authorize(auth: Auth): EdgeConfig['authorize'] {
  if (auth.mode === 'none') return { mode: 'none' };
  return { mode: 'tokens', issuers: [issuer(auth)], graceSeconds: auth.graceSeconds, token: auth.token };
}

function issuer(auth: Exclude<Auth, { mode: 'none' }>): CognitoIssuer | OidcIssuer {
  const scopes = auth.scopes ? { scopes: auth.scopes } : {};
  if (auth.mode === 'cognito') {
    const { userPoolId, clientIds, tokenUse, groups } = auth;
    return { type: 'cognito', userPoolId, clientIds, tokenUse, ...(groups ? { groups } : {}), ...scopes };
  }
  const jwksUri = auth.jwksUri ?? `${auth.issuer.replace(/\/$/, '')}/.well-known/jwks.json`;
  return { type: 'oidc', issuer: auth.issuer, audiences: auth.audiences, jwksUri, ...scopes };
}
