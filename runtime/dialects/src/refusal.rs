//! Rejected URLs.

use safelight_core::{Error, Kind};

/// The reasons for which a URL has no translation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The URL is invalid for the service that it was written for, and gets that service's status.
    #[error("{message}")]
    Invalid {
        /// The kind of failure that has the status.
        kind: Kind,
        /// The problem, then what would be right.
        message: String,
    },
    /// The service has this option, and no parameter expresses it.
    #[error("the option {option} of {service} has no translation{reason}")]
    Unsupported {
        /// Name of the service.
        service: &'static str,
        /// Name of the option in its documentation.
        option: String,
        /// What exactly is missing, after a colon and a space; or nothing.
        reason: &'static str,
    },
}

impl Refusal {
    /// The rejection of an invalid URL.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self::Invalid { kind, message: message.into() }
    }

    /// The rejection of a URL without a valid signature.
    pub(crate) fn signature() -> Self {
        Self::new(Kind::Forbidden, "invalid or missing signature: expected one made with a configured key")
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let kind = match &refusal {
            Refusal::Invalid { kind, .. } => *kind,
            Refusal::Unsupported { .. } => Kind::Unsupported,
        };
        Self::new(kind, "dialect", refusal.to_string())
    }
}
