//! Why a source has no prefix of resolutions.

use safelight_containers::codestream::CodestreamError;
use safelight_core::{Error, Kind};

/// Why a source has no prefix of resolutions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolutionError {
    /// The source is something else.
    #[error("is for JPEG 2000 and HTJ2K codestreams; the source is none")]
    NoCodestream,
    /// Resolutions do not follow each other in this codestream, or it does not say where they end.
    #[error("needs {0}")]
    Needs(&'static str),
    /// The codestream contradicts itself.
    #[error("the codestream is damaged: {0}")]
    Damaged(&'static str),
    /// The source ends before the last resolution that is wanted does.
    #[error("the codestream is cut short, at byte {0}")]
    Truncated(u64),
    /// A header is larger than allowed.
    #[error("the codestream has a header of more than {0} bytes, which is the limit")]
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
