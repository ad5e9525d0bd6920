//! The reasons why a source cannot be truncated after a resolution.

use safelight_containers::codestream::CodestreamError;
use safelight_core::{Error, Kind};

/// The reason why a source cannot be truncated after a resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolutionError {
    /// The source is something else.
    #[error("unsupported source: expected a JPEG 2000 or HTJ2K codestream")]
    NoCodestream,
    /// The resolutions are not in order in this codestream, or it does not state their ends.
    #[error("unsupported codestream: expected {0}")]
    Needs(&'static str),
    /// The codestream contradicts itself.
    #[error("damaged codestream: {0}")]
    Damaged(&'static str),
    /// The source ends before the last requested resolution.
    #[error("truncated codestream: ends at byte {0}")]
    Truncated(u64),
    /// A header is larger than allowed.
    #[error("a header of the codestream exceeds the limit of {0} bytes")]
    TooLarge(u64),
    /// The codestream cannot be read.
    #[error(transparent)]
    Codestream(#[from] CodestreamError),
}

impl From<ResolutionError> for Error {
    fn from(error: ResolutionError) -> Self {
        let kind = match error {
            ResolutionError::NoCodestream | ResolutionError::Needs(_) => Kind::UnsupportedFormat,
            ResolutionError::Damaged(_) | ResolutionError::Truncated(_) => Kind::Corrupt,
            ResolutionError::TooLarge(_) => Kind::LimitExceeded,
            ResolutionError::Codestream(error) => return error.into(),
        };
        // A message about a parameter begins with its name.
        Self::new(kind, "resolution", format!("resolution: {error}"))
    }
}
