//! Errors that the handlers throw. CloudFront turns them into a 502 or 503 for the viewer.
//!
//! Lambda logs the code and the message, so neither contains any part of a request.

use safelight_edge::{authorize::KeySetError, config::ConfigError, event::Violation, sign::SignError};

/// An error that a handler throws.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// An invalid setting. Its message is for the operator who wrote it.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The time is out of range.
    #[error("invalid time: expected seconds since the epoch, before the year 10000")]
    Now,
    /// The event is not one that CloudFront sends to this function.
    #[error("not a CloudFront event of the expected type")]
    Event,
    /// The fetched body is not a usable key set.
    #[error("{0}")]
    KeySet(KeySetError),
    /// The origin's domain contains no known service or no region.
    #[error("the origin's domain contains no known service and region: set `sign.target`")]
    Target,
    /// The request cannot be signed, and the viewer is not the cause.
    #[error("the request cannot be signed: {}", operator_hint(.0))]
    Sign(SignError),
    /// CloudFront would reject the result.
    #[error("CloudFront would reject the result: {}", self.code())]
    Violation(Violation),
    /// A panic, caused by a bug.
    #[error("internal error: the edge panicked")]
    Panic,
}

impl Failure {
    /// Returns the error code, one word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Config(_) => "config",
            Self::Now => "now",
            Self::Event => "event",
            Self::KeySet(_) => "key-set",
            Self::Target => "target",
            Self::Sign(_) => "sign",
            Self::Violation(violation) => match violation {
                Violation::ReadOnlyField { .. } => "read-only-field",
                Violation::ReadOnlyHeader { .. } => "read-only-header",
                Violation::DisallowedHeader { .. } => "disallowed-header",
                Violation::InvalidHeader { .. } => "invalid-header",
                Violation::DuplicateHeader { .. } => "header-twice",
                Violation::InvalidUri | Violation::InvalidQuery => "invalid-uri",
                Violation::UriTooLong { .. } => "long-uri",
                Violation::InvalidOrigin { .. } => "invalid-origin",
                Violation::ChangeIgnored | Violation::InvalidBody | Violation::BodyNotAllowed => "body",
                Violation::TooLarge { .. } => "large",
                Violation::InvalidStatus { .. } => "status",
            },
            Self::Panic => "panic",
        }
    }
}

/// Returns what the operator must change.
fn operator_hint(error: &SignError) -> &'static str {
    match error {
        SignError::MissingBody | SignError::UnsignedBody { .. } => "enable \"Include Body\" for the function",
        SignError::OriginPath { .. } => "the origin's path must begin with a slash and be escaped",
        SignError::OriginHeader { .. } => {
            "the origin's custom headers must not contain `host` or headers of the signature"
        }
        SignError::Credentials => "the environment contains no valid credentials",
        _ => "the event differs from CloudFront's documented structure",
    }
}
