//! Why a handler throws, which makes a 502 or 503 for the viewer.
//!
//! Both code and message end in a log, so neither holds anything of a request.

use safelight_edge::{authorize::KeySetError, config::ConfigError, event::Violation, sign::SignError};

/// Why a handler throws.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A setting that cannot be used. Its message is for the operator who wrote it.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The time is none.
    #[error("the time must be in seconds since the epoch")]
    Now,
    /// The event is not one that CloudFront sends to this function.
    #[error("this is no event of CloudFront's for this function")]
    Event,
    /// The fetched text is no key set.
    #[error("the key set cannot be used: {0}")]
    KeySet(KeySetError),
    /// No service or region can be read from the origin's domain.
    #[error("the origin's domain says no service and region: give `sign.target`")]
    Target,
    /// The request cannot be signed, through no fault of the viewer's.
    #[error("the request cannot be signed: {}", word(.0))]
    Sign(SignError),
    /// CloudFront would not take what is returned.
    #[error("CloudFront would not take the answer")]
    Violation(Violation),
    /// A defect.
    #[error("the edge failed: a defect")]
    Panic,
}

impl Failure {
    /// The failure in a word.
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
                Violation::HeaderTwice { .. } => "header-twice",
                Violation::InvalidUri | Violation::InvalidQuery => "invalid-uri",
                Violation::LongUri { .. } => "long-uri",
                Violation::InvalidOrigin { .. } => "invalid-origin",
                Violation::ChangeIgnored | Violation::InvalidBody | Violation::BodyOfNoContent => "body",
                Violation::Large { .. } => "large",
                Violation::InvalidStatus { .. } => "status",
            },
            Self::Panic => "panic",
        }
    }
}

/// What the operator has to mend.
fn word(error: &SignError) -> &'static str {
    match error {
        SignError::UnseenBody | SignError::UnsignedBody { .. } => {
            "the function must be given the right to see bodies"
        }
        SignError::OriginPath { .. } => "the origin's path must begin with a slash and be escaped",
        SignError::OriginHeader { .. } => "a header of the origin's own is the signature's",
        SignError::Credentials => "there are no credentials in the environment",
        _ => "the event is not as CloudFront's are",
    }
}
