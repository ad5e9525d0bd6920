//! Signs requests to AWS with Signature Version 4, in their headers (AWS, "Create a signed AWS API request").
//!
//! Whatever could be written in two ways in a path or a query is written in one before it is signed, and sent
//! so: then a request is what its signature says it is, however the service reads it.

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

/// Keys that requests are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
    /// Token of temporary keys. Defaults to none.
    pub session_token: Option<String>,
}

/// Leaves out the secrets.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Why a request is not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// A method that no image is asked for with.
    #[error("the method is `{method}`, and must be GET, HEAD or POST")]
    Method {
        /// The method.
        method: String,
    },
    /// The path is none.
    #[error("the path must begin with a slash")]
    Path,
    /// Path or query holds bytes that no service reads alike.
    #[error("the {part} must be UTF-8 behind its escapes")]
    NotUtf8 {
        /// Path or query.
        part: &'static str,
    },
    /// The path holds `.` or `..` for a service that resolves them: it could leave the origin's path.
    #[error("the path must have no segment `.` or `..`")]
    DotSegment,
    /// What the origin would be asked for is longer than CloudFront asks for.
    #[error("path and query have {length} characters when escaped, and must have fewer than {limit}")]
    Long {
        /// How many they have.
        length: usize,
        /// One more than they may have.
        limit: usize,
    },
    /// CloudFront showed only the first part of the body.
    #[error("the body is longer than what CloudFront shows to functions, and cannot be signed")]
    TruncatedBody,
    /// The service wants the body's hash, and there is no body.
    #[error("there is no body to sign: the function must be given the right to see it")]
    UnseenBody,
    /// The body is not what the event says.
    #[error("the body is said to be in base64, and is not")]
    InvalidBody,
    /// The service takes no request without the hash of its body.
    #[error("the service `{service}` wants the hash of the body signed")]
    UnsignedBody {
        /// Its name.
        service: &'static str,
    },
    /// The event names no origin.
    #[error("only origin-request events can be signed: the request has no origin")]
    NoOrigin,
    /// The origin is set up with a path that is not written as it is signed.
    #[error("the origin's path must begin with a slash and be escaped, as in `{escaped}`")]
    OriginPath {
        /// How it must be written.
        escaped: String,
    },
    /// The origin is set up with a header that would replace one of the signature's.
    #[error("the origin must not be set up with the header `{name}`, which is the signature's")]
    OriginHeader {
        /// Its name.
        name: String,
    },
    /// A header cannot be signed.
    #[error("the header `{name}` must be ASCII without control characters")]
    Header {
        /// Its name.
        name: String,
    },
    /// There is no host to sign.
    #[error("the request names no host")]
    NoHost,
    /// No request is named so.
    #[error("the request id must be ASCII letters, digits and signs, and not empty")]
    RequestId,
    /// The keys are none.
    #[error("access key id, secret access key and session token must be printable ASCII, and not empty")]
    Credentials,
    /// The time cannot be written.
    #[error("the time must be from 1970 to 9999")]
    Time,
    /// AWS's own code refuses.
    #[error("the request cannot be signed")]
    Signing(#[source] Box<dyn std::error::Error + Send + Sync>),
}
