//! One error type at the crate boundary; each crate keeps its own typed source.

use std::error::Error as StdError;

/// What went wrong, in terms that a caller can act on.
///
/// The set is closed: the runtime maps it to an HTTP status in one place, without a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A query parameter is malformed or out of range.
    InvalidParam,
    /// Two requested transforms cannot run together.
    Conflict,
    /// The caller did not say who it is.
    Unauthorized,
    /// The caller, or this service, may not read the source.
    Forbidden,
    /// There is no such source.
    NotFound,
    /// The source has no form that the caller accepts.
    NotAcceptable,
    /// The source is in a state that does not allow this now.
    SourceConflict,
    /// The source is asked too often; trying again later helps.
    Throttled,
    /// The request's method is not one that this door answers.
    MethodNotAllowed,
    /// The requested byte range lies outside the answer.
    RangeNotSatisfiable,
    /// A precondition of the request does not hold.
    PreconditionFailed,
    /// The source is of no container that Safelight knows.
    UnsupportedFormat,
    /// The source is damaged or truncated.
    Corrupt,
    /// A configured limit would be exceeded.
    LimitExceeded,
    /// The source could not be read.
    Upstream,
    /// The source, or the transform, took too long.
    Timeout,
    /// Too much is in flight; trying again later helps.
    Busy,
    /// Nobody waits for the answer any more, so it was given up.
    Cancelled,
    /// A defect of Safelight.
    Internal,
}

/// A failure with its kind, the part that raised it and the underlying cause.
///
/// `message` is public: it goes to the caller as it stands. The cause goes to the log only.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {message}")]
pub struct Error {
    /// What went wrong.
    pub kind: Kind,
    /// Name of the transform, container, parameter or source that failed.
    pub origin: &'static str,
    /// What was wrong, with which value, and what would be right; public.
    pub message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A failure without an underlying cause.
    pub fn new(kind: Kind, origin: &'static str, message: impl Into<String>) -> Self {
        Self { kind, origin, message: message.into(), source: None }
    }

    /// The same failure, caused by `source`.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }
}

/// The result of anything that can fail in this workspace.
pub type Result<T, E = Error> = std::result::Result<T, E>;
