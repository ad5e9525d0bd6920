//! Signs requests to AWS with Signature Version 4, in headers (AWS, "Create a signed AWS API request").
//!
//! Paths and queries are converted to a canonical spelling, signed, and sent in that spelling. The service
//! therefore computes the same signature, however it decodes them.

mod canonical;
mod origin;
mod request;
mod signature;
mod target;

pub use origin::sign_origin_request;
pub use request::sign_request;
pub use signature::{Payload, Signed, Unsigned, sign};
pub use target::{Escapes, Service, Target, is_region};

use std::fmt;

/// AWS credentials for signing requests.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
    /// Session token of temporary credentials. Defaults to none.
    pub session_token: Option<String>,
}

/// Omits the secrets.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// The reason why a request cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The method is unsupported.
    #[error("unsupported method `{method}`: expected GET, HEAD or POST")]
    Method {
        /// The method.
        method: String,
    },
    /// The path is invalid.
    #[error("invalid path: it must begin with a slash")]
    Path,
    /// Path or query is not UTF-8, so services may decode it differently.
    #[error("invalid {part}: it must be UTF-8 after unescaping")]
    NotUtf8 {
        /// Path or query.
        part: &'static str,
    },
    /// The path contains `.` or `..` and the service resolves them, so it could leave the origin's path.
    #[error("invalid path: it must not contain a segment `.` or `..`")]
    DotSegment,
    /// The escaped path and query are longer than CloudFront's limit.
    #[error("path and query too long: {length} characters when escaped, expected fewer than {limit}")]
    TooLong {
        /// Their length in characters when escaped.
        length: usize,
        /// The limit (exclusive).
        limit: usize,
    },
    /// CloudFront passed only the first part of the body to the function.
    #[error("the body is too long to be signed: CloudFront passes only its first part to functions")]
    TruncatedBody,
    /// The service requires the hash of the body, but the event has no body.
    #[error("there is no body to sign: enable \"Include Body\" for the function")]
    MissingBody,
    /// The body is not valid base64.
    #[error("invalid body: the event declares it as base64, but it is not")]
    InvalidBody,
    /// The service rejects requests without the hash of the body.
    #[error("the service `{service}` requires the hash of the body to be signed")]
    UnsignedBody {
        /// Name of the service.
        service: &'static str,
    },
    /// The event has no origin.
    #[error("the request has no origin: only origin-request events can be signed")]
    NoOrigin,
    /// The origin's path is not in canonical spelling.
    #[error("the origin's path must begin with a slash and be escaped: expected `{escaped}`")]
    OriginPath {
        /// The path in canonical spelling.
        escaped: String,
    },
    /// The origin has a custom header that would replace a header of the signature.
    #[error("the origin must not have the custom header `{name}`: the signature sets it")]
    OriginHeader {
        /// Name of the header.
        name: String,
    },
    /// A header value cannot be signed.
    #[error("invalid value of the header `{name}`: it must be ASCII without control characters")]
    Header {
        /// Name of the header.
        name: String,
    },
    /// The request has no host.
    #[error("the request has no host: expected a `Host` header or an absolute URI")]
    NoHost,
    /// The request id is invalid.
    #[error("invalid request id: it must be non-empty, printable ASCII without spaces")]
    RequestId,
    /// The credentials are empty or invalid.
    #[error("access key id, secret access key and session token must be non-empty, printable ASCII")]
    Credentials,
    /// The time is out of range.
    #[error("the time must be from 1970 to 9999")]
    Time,
    /// The AWS signing library failed.
    #[error("the request cannot be signed")]
    Signing(#[source] Box<dyn std::error::Error + Send + Sync>),
}
