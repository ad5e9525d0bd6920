use safelight_core::{Error, Kind};

/// The reason why a codestream cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodestreamError {
    /// The codestream contradicts the specification.
    #[error("damaged codestream: {0}")]
    Damaged(&'static str),
    /// The codestream uses an unsupported part of the specification.
    #[error("unsupported JPEG 2000 codestream: {0}")]
    Unsupported(&'static str),
}

impl From<CodestreamError> for Error {
    fn from(error: CodestreamError) -> Self {
        let kind = match error {
            CodestreamError::Damaged(_) => Kind::Corrupt,
            CodestreamError::Unsupported(_) => Kind::UnsupportedFormat,
        };
        Self::new(kind, "JPEG 2000", error.to_string())
    }
}
