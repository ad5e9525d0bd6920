//! Rejected requests: the response to the viewer, and the reason for the log.

/// A rejected request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason, for the log only. The viewer sees only [`Refusal::www_authenticate`].
    pub reason: Reason,
}

/// The reason why a token was rejected. It contains no part of the token, so it is safe to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// No token in any of the configured places.
    #[error("missing token")]
    NoToken,
    /// The request contains different tokens.
    #[error("several different tokens in one request")]
    SeveralTokens,
    /// Longer than [`MAX_TOKEN_BYTES`](super::MAX_TOKEN_BYTES).
    #[error("token too long")]
    TooLong,
    /// The token has not three parts of strict base64url without padding, or their JSON is invalid.
    #[error("malformed token: not a signed JWT in compact form")]
    Malformed,
    /// A JSON object contains the same name twice.
    #[error("duplicate name in a JSON object")]
    DuplicateName,
    /// JSON nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    #[error("JSON nested too deeply")]
    TooDeep,
    /// The header contains `crit` or `b64`: mandatory extensions, all of which are unsupported.
    #[error("unsupported critical header extension")]
    CriticalHeader,
    /// `typ` is something other than `JWT` or `at+jwt`.
    #[error("token type not accepted")]
    Type,
    /// `alg` is missing, `none`, a shared-secret algorithm or unknown.
    #[error("unsupported algorithm")]
    Algorithm,
    /// `kid` is missing, empty, too long or not a string.
    #[error("missing key id")]
    NoKeyId,
    /// A claim that RFC 7519 or RFC 9068 defines has a value of another type.
    #[error("claim of the wrong type")]
    ClaimType,
    /// `exp` is missing.
    #[error("missing expiry")]
    NoExpiry,
    /// `iss` is missing or not a configured issuer.
    #[error("issuer not configured")]
    Issuer,
    /// The algorithm is not configured for this issuer.
    #[error("algorithm not allowed for this issuer")]
    AlgorithmNotAllowed,
    /// The issuer's key set contains no signing key with this id.
    #[error("key not in the issuer's key set")]
    UnknownKey,
    /// The key does not support the algorithm in the header.
    #[error("key does not match the algorithm")]
    KeyMismatch,
    /// The signature is invalid for this key and token.
    #[error("invalid signature")]
    Signature,
    /// `exp` is in the past.
    #[error("expired")]
    Expired,
    /// `nbf` is in the future.
    #[error("not yet valid")]
    NotYetValid,
    /// `aud` contains no accepted audience.
    #[error("audience not accepted")]
    Audience,
    /// `token_use` differs from the configured one.
    #[error("token use not accepted")]
    TokenUse,
    /// `client_id`, or `aud` of an id token, is not an accepted client.
    #[error("client not accepted")]
    Client,
    /// `cognito:groups` contains no accepted group.
    #[error("group not accepted")]
    Group,
    /// `scope` contains no accepted scope.
    #[error("scope not accepted")]
    Scope,
    /// No right of the token permits the request.
    #[error("no right permits the request")]
    Right,
}

impl Refusal {
    /// Returns the status of the response: 403 for a valid token without the required group, scope or right, else 401.
    pub fn status(&self) -> u16 {
        match self.reason {
            Reason::Group | Reason::Scope | Reason::Right => 403,
            _ => 401,
        }
    }

    /// Returns the `WWW-Authenticate` header of the response (RFC 6750 section 3).
    ///
    /// Several tokens are an `invalid_request`. The RFC proposes status 400 for it; 401 is used because it
    /// tells every client to try another token.
    pub fn www_authenticate(&self) -> &'static str {
        match self.reason {
            Reason::NoToken => r#"Bearer realm="safelight""#,
            Reason::SeveralTokens => r#"Bearer realm="safelight", error="invalid_request""#,
            Reason::Group | Reason::Scope | Reason::Right => {
                r#"Bearer realm="safelight", error="insufficient_scope""#
            }
            _ => r#"Bearer realm="safelight", error="invalid_token""#,
        }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason }
    }
}
