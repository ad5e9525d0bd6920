//! The reasons why a source cannot be walked.

use safelight_core::{Error, Kind};
use safelight_formats::Format;

/// The reason why a source cannot be walked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    /// The source has no known format.
    #[error("unrecognised image format; supported: {names}", names = supported())]
    Unknown,
    /// The source has a known format, which has no grammar.
    #[error("{0} cannot be stripped; supported: {names}", names = supported())]
    NoGrammar(Format),
    /// The source is an unsupported variant of its format.
    #[error("unsupported {0}: {1}")]
    Unsupported(Format, &'static str),
    /// The structure of the source contradicts itself or the specification.
    #[error("damaged {0} at byte {1}: {2}")]
    Damaged(Format, u64, &'static str),
    /// The source ends before its structure is complete.
    #[error("truncated {0}: ends at byte {1}, inside {2}")]
    Truncated(Format, u64, &'static str),
    /// An element that must be buffered is larger than the limit.
    #[error("{1} of the {0} exceeds the limit of {2} bytes")]
    TooLarge(Format, &'static str, u64),
}

/// The names of the formats that have a grammar.
fn supported() -> String {
    Format::names(|can| can.strip)
}

impl From<ContainerError> for Error {
    fn from(source: ContainerError) -> Self {
        let (kind, origin) = match source {
            ContainerError::Unknown => (Kind::UnsupportedFormat, "container"),
            ContainerError::NoGrammar(format) | ContainerError::Unsupported(format, _) => {
                (Kind::UnsupportedFormat, format.name())
            }
            ContainerError::Damaged(format, ..) | ContainerError::Truncated(format, ..) => {
                (Kind::Corrupt, format.name())
            }
            ContainerError::TooLarge(format, ..) => (Kind::LimitExceeded, format.name()),
        };
        Error::new(kind, origin, source.to_string())
    }
}
