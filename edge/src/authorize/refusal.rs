//! What a viewer is told who may not see, and what the log is told.

/// A request that may not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why, for the log. The viewer learns no more than [`Refusal::www_authenticate`] says.
    pub reason: Reason,
}

/// Why a token was refused. It holds no text of the token, so it may be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Nothing stands where a token may be.
    #[error("no token")]
    NoToken,
    /// The places where a token may be hold different ones.
    #[error("several different tokens in one request")]
    SeveralTokens,
    /// Longer than [`MAX_TOKEN_BYTES`](super::MAX_TOKEN_BYTES).
    #[error("token too long")]
    TooLong,
    /// Not three parts, not strict base64url without padding, or not JSON.
    #[error("not a signed JWT in compact form")]
    Malformed,
    /// A name stands twice in one JSON object.
    #[error("a name stands twice in one object")]
    DuplicateName,
    /// Nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    #[error("nested too deeply")]
    TooDeep,
    /// The header has `crit` or `b64`: extensions that must be understood, and none is.
    #[error("critical header extension")]
    CriticalHeader,
    /// `typ` is something other than `JWT` or `at+jwt`.
    #[error("token type not accepted")]
    Type,
    /// `alg` is missing, none, a shared secret's or unknown.
    #[error("algorithm not supported")]
    Algorithm,
    /// `kid` is missing, empty or no text.
    #[error("no key id")]
    NoKeyId,
    /// A claim that RFC 7519 or RFC 9068 defines has a value of another type.
    #[error("claim of the wrong type")]
    ClaimType,
    /// There is no `exp`.
    #[error("no expiry")]
    NoExpiry,
    /// `iss` is missing or is no configured issuer.
    #[error("issuer not configured")]
    Issuer,
    /// The issuer may not use this algorithm.
    #[error("algorithm not allowed for this issuer")]
    AlgorithmNotAllowed,
    /// The issuer's key set has no signing key of this id.
    #[error("key not in the issuer's key set")]
    UnknownKey,
    /// The key is for another algorithm than the header says.
    #[error("key and algorithm do not agree")]
    KeyMismatch,
    /// The signature is not that of this key over this token.
    #[error("signature does not verify")]
    Signature,
    /// `exp` is over.
    #[error("expired")]
    Expired,
    /// `nbf` is to come.
    #[error("not yet valid")]
    NotYetValid,
    /// `aud` names none of the audiences.
    #[error("audience not accepted")]
    Audience,
    /// `token_use` is not the one that is asked for.
    #[error("token use not accepted")]
    TokenUse,
    /// `client_id`, or `aud` of an id token, is none of the clients.
    #[error("client not accepted")]
    Client,
    /// `cognito:groups` names none of the groups.
    #[error("group not accepted")]
    Group,
    /// `scope` names none of the scopes.
    #[error("scope not accepted")]
    Scope,
}

impl Refusal {
    /// The status of the answer: 403 for a good token that does not allow this, else 401.
    pub fn status(&self) -> u16 {
        match self.reason {
            Reason::Group | Reason::Scope => 403,
            _ => 401,
        }
    }

    /// The answer's `WWW-Authenticate` header (RFC 6750 section 3).
    ///
    /// Two tokens are an `invalid_request`. For those the RFC proposes 400, but 401 tells every client that
    /// another token may help.
    pub fn www_authenticate(&self) -> &'static str {
        match self.reason {
            Reason::NoToken => r#"Bearer realm="safelight""#,
            Reason::SeveralTokens => r#"Bearer realm="safelight", error="invalid_request""#,
            Reason::Group | Reason::Scope => r#"Bearer realm="safelight", error="insufficient_scope""#,
            _ => r#"Bearer realm="safelight", error="invalid_token""#,
        }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason }
    }
}
