//! Why a source cannot be walked.

use crate::Container;
use safelight_core::{Error, Kind};

/// Why a source cannot be walked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    /// The first bytes are of no known container.
    #[error("the source is of no known image container; JPEG, PNG, WebP, GIF, AVIF, HEIC and TIFF are known")]
    Unknown,
    /// The container is known, but not this variant of it.
    #[error("{0} cannot be served: {1}")]
    Unsupported(Container, &'static str),
    /// The structure contradicts itself or its specification.
    #[error("the {0} is damaged at byte {1}: {2}")]
    Damaged(Container, u64, &'static str),
    /// The source ends where it must not.
    #[error("the {0} is cut short: it ends at byte {1}, inside {2}")]
    Truncated(Container, u64, &'static str),
    /// Something that must be held is larger than allowed.
    #[error("the {0} has {1} of more than {2} bytes, which is the limit")]
    TooLarge(Container, &'static str, u64),
}

impl From<ContainerError> for Error {
    fn from(source: ContainerError) -> Self {
        let (kind, origin) = match source {
            ContainerError::Unknown => (Kind::UnsupportedFormat, "container"),
            ContainerError::Unsupported(container, _) => (Kind::UnsupportedFormat, container.name()),
            ContainerError::Damaged(container, ..) | ContainerError::Truncated(container, ..) => {
                (Kind::Corrupt, container.name())
            }
            ContainerError::TooLarge(container, ..) => (Kind::LimitExceeded, container.name()),
        };
        Error::new(kind, origin, source.to_string())
    }
}
