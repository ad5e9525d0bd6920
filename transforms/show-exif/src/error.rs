//! The errors of the transform.

use safelight_core::{Error, Kind};
use safelight_metadata::exif::ExifError;

/// A source whose EXIF cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// The block, over all segments, exceeds the limit in bytes.
    #[error("the EXIF block exceeds the limit of {0} bytes")]
    LargeBlock(u64),
    /// A TIFF, all of which is an EXIF block, exceeds the limit in bytes.
    #[error("the TIFF exceeds the limit of {0} bytes")]
    LargeTiff(u64),
    /// The block cannot be shown.
    #[error(transparent)]
    Block(#[from] ExifError),
}

impl From<ShowError> for Error {
    fn from(source: ShowError) -> Self {
        let kind = match &source {
            ShowError::LargeBlock(_) | ShowError::LargeTiff(_) => Kind::LimitExceeded,
            ShowError::Block(error) => error.kind(),
        };
        Error::new(kind, "show-exif", source.to_string()).with_source(source)
    }
}
