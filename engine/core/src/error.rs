//! The error type at the crate boundary; each crate keeps its own typed source.

use std::error::Error as StdError;

/// The kinds of failure, in terms that a caller can act on.
///
/// The set is closed: the runtime maps it to an HTTP status in one place, without a wildcard. Transforms raise
/// the first group only; the second belongs to doors and sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    // Raised by transforms, and by everything that they are built from.
    /// A query parameter is malformed or out of range.
    InvalidParam,
    /// Two requested transforms cannot run together.
    Conflict,
    /// The source is in no supported image format.
    UnsupportedFormat,
    /// The source is damaged or truncated.
    Corrupt,
    /// The request would exceed a configured limit.
    LimitExceeded,
    /// The client disconnected before the response was complete.
    Cancelled,
    /// A defect of Safelight.
    Internal,

    // Raised by doors and sources.
    /// The request is valid, but asks for something that is not implemented.
    Unsupported,
    /// The request has no valid token.
    Unauthorized,
    /// The caller, or this service, may not read the source.
    Forbidden,
    /// The source does not exist.
    NotFound,
    /// The source existed, and was removed for good.
    Gone,
    /// The source has no representation that the request accepts.
    NotAcceptable,
    /// The state of the source does not allow this at the moment.
    SourceConflict,
    /// The source receives too many requests; a later retry helps.
    Throttled,
    /// The door does not support the request's method.
    MethodNotAllowed,
    /// The requested byte range is outside the response.
    RangeNotSatisfiable,
    /// A precondition of the request does not hold.
    PreconditionFailed,
    /// The source could not be read.
    Upstream,
    /// The source, or the transform, took too long.
    Timeout,
    /// The server is at its limit; a later retry helps.
    Busy,
}

impl Kind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 20] = [
        Self::InvalidParam,
        Self::Conflict,
        Self::UnsupportedFormat,
        Self::Corrupt,
        Self::LimitExceeded,
        Self::Cancelled,
        Self::Internal,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::Gone,
        Self::NotAcceptable,
        Self::SourceConflict,
        Self::Throttled,
        Self::MethodNotAllowed,
        Self::RangeNotSatisfiable,
        Self::PreconditionFailed,
        Self::Upstream,
        Self::Timeout,
        Self::Busy,
    ];

    /// The name of the kind in responses, logs and metrics: lower case, words joined by hyphens.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidParam => "invalid-param",
            Self::Conflict => "conflict",
            Self::UnsupportedFormat => "unsupported-format",
            Self::Corrupt => "corrupt",
            Self::LimitExceeded => "limit-exceeded",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
            Self::Unsupported => "unsupported",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::Gone => "gone",
            Self::NotAcceptable => "not-acceptable",
            Self::SourceConflict => "source-conflict",
            Self::Throttled => "throttled",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::RangeNotSatisfiable => "range-not-satisfiable",
            Self::PreconditionFailed => "precondition-failed",
            Self::Upstream => "upstream",
            Self::Timeout => "timeout",
            Self::Busy => "busy",
        }
    }
}

/// A failure: its kind, a public message, and what only the log shows.
///
/// `Display` is the message alone. A message about a query parameter therefore begins with the parameter's
/// name: see [`Error::param`].
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The kind of failure.
    pub kind: Kind,
    /// Name of the transform, container, parameter or source that failed; for the log only.
    pub origin: &'static str,
    /// The message for the client: the problem with the value, then what would be right.
    pub message: String,
    /// Seconds after which a retry may succeed. Defaults to `None`.
    pub retry_after: Option<u32>,
    /// The response of the service behind the source, if that is what failed. Defaults to `None`.
    pub upstream: Option<Box<Upstream>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// An error response of the service behind a source, such as S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// HTTP status of the response.
    pub status: u16,
    /// Error code of the service, such as `NoSuchKey`.
    pub code: String,
    /// Message of the service.
    pub message: String,
}

impl Error {
    /// A failure without an underlying cause.
    pub fn new(kind: Kind, origin: &'static str, message: impl Into<String>) -> Self {
        Self { kind, origin, message: message.into(), retry_after: None, upstream: None, source: None }
    }

    /// A [`Kind::InvalidParam`] failure of the query parameter `key`, whose name begins the message.
    pub fn param(key: &'static str, message: impl std::fmt::Display) -> Self {
        Self::new(Kind::InvalidParam, key, format!("{key}: {message}"))
    }

    /// The same failure, caused by `source`.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// The same failure, after which a retry in `secs` seconds may succeed.
    #[must_use]
    pub fn with_retry_after(mut self, secs: u32) -> Self {
        self.retry_after = Some(secs);
        self
    }

    /// The same failure, reported by the service behind the source.
    #[must_use]
    pub fn with_upstream(mut self, upstream: Upstream) -> Self {
        self.upstream = Some(Box::new(upstream));
        self
    }
}

/// The result of anything that can fail in this workspace.
pub type Result<T, E = Error> = std::result::Result<T, E>;
