import { type Auth, type Config, allowedParameters } from './config.ts';
import { AllowedParameters } from './parameters.ts';

/**
 * The configuration embedded in the zip of the edge functions, which have no environment variables. `edge/node/README.md`
 * documents it.
 */
export interface EdgeConfig {
  authorize:
    | { mode: 'none' }
    | {
        mode: 'token';
        issuers: ({ cognito: CognitoIssuer } | { oidc: OidcIssuer })[];
        graceSeconds: number;
        tokenFrom: { authorization: boolean; headers: string[]; cookies: string[]; queries: string[] };
      };
  /** `keys` lists the allowed parameters, by default all; `passOn` lists keys that are forwarded unchanged. */
  normalize: { keys?: string[]; passOn: string[] };
  /** `auto` takes the service and the region from the origin's domain. */
  sign: { target: 'auto' } | null;
}

interface CognitoIssuer {
  userPoolId: string;
  clientIds: string[];
  tokenUse: 'access' | 'id';
  groups?: string[];
  scopes?: string[];
  exifScopes?: string[];
}

interface OidcIssuer {
  issuer: string;
  audiences: string[];
  jwksUri?: string;
  scopes?: string[];
  exifScopes?: string[];
}

/** Query keys of requests for image frames, DICOMweb frames and metadata, besides the parameters of transforms. */
export const FRAME_KEYS = ['imageFrameId', 'imageSetId', 'version'];

/** Returns whether the distribution of images needs functions at the edge. */
export function photosNeedEdge(config: Config): boolean {
  return config.signing === 'edge' || config.photoAuth.mode !== 'none';
}

export function photosEdgeConfig(config: Config): EdgeConfig {
  return {
    authorize: authorize(config.photoAuth),
    normalize: { ...keys(allowedParameters(config), 'parameters'), passOn: [] },
    sign: config.signing === 'edge' ? { target: 'auto' } : null,
  };
}

export function framesEdgeConfig({ auth, parameters }: NonNullable<Config['imageFrames']>): EdgeConfig {
  return {
    authorize: authorize(auth),
    normalize: { ...keys(parameters, 'imageFrames.parameters'), passOn: FRAME_KEYS },
    sign: { target: 'auto' },
  };
}

function keys(allowed: string[] | undefined, setting: string): { keys?: string[] } {
  return allowed ? { keys: new AllowedParameters(allowed, setting).keys } : {};
}

function authorize(auth: Auth): EdgeConfig['authorize'] {
  if (auth.mode === 'none') return { mode: 'none' };
  const { graceSeconds, token } = auth;
  const { bearer: authorization, headers, cookies, query: queries } = token;
  return {
    mode: 'token',
    issuers: [auth.mode === 'cognito' ? { cognito: cognito(auth) } : { oidc: oidc(auth) }],
    graceSeconds,
    tokenFrom: { authorization, headers, cookies, queries },
  };
}

function cognito(auth: Extract<Auth, { mode: 'cognito' }>): CognitoIssuer {
  const { userPoolId, clientIds, tokenUse, groups } = auth;
  return { userPoolId, clientIds, tokenUse, ...(groups ? { groups } : {}), ...scopesOf(auth) };
}

function oidc(auth: Extract<Auth, { mode: 'oidc' }>): OidcIssuer {
  const { issuer, audiences, jwksUri } = auth;
  return { issuer, audiences, ...(jwksUri ? { jwksUri } : {}), ...scopesOf(auth) };
}

function scopesOf({ scopes, exifScopes }: Exclude<Auth, { mode: 'none' }>) {
  return { ...(scopes ? { scopes } : {}), ...(exifScopes ? { exifScopes } : {}) };
}
