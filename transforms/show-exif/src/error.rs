//! The errors of the transform.

use safelight_core::{Error, Kind};

/// A source whose EXIF cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// The block, over all segments, exceeds the limit in bytes.
    #[error("the EXIF block exceeds the limit of {0} bytes")]
    LargeBlock(u64),
    /// A TIFF, all of which is an EXIF block, exceeds the limit in bytes.
    #[error("the TIFF exceeds the limit of {0} bytes")]
    LargeTiff(u64),
    /// The directories have more entries than the limit, which no camera reaches.
    #[error("the EXIF block exceeds the limit of {0} entries")]
    ManyEntries(usize),
    /// The block does not start with a TIFF header.
    #[error("the EXIF block is damaged: it does not start with a TIFF header")]
    NoHeader,
    /// The block's first directory cannot be read.
    #[error("the EXIF block is damaged: it has no readable entry")]
    NoEntry,
}

impl From<ShowError> for Error {
    fn from(source: ShowError) -> Self {
        let kind = match source {
            ShowError::LargeBlock(_) | ShowError::LargeTiff(_) | ShowError::ManyEntries(_) => {
                Kind::LimitExceeded
            }
            ShowError::NoHeader | ShowError::NoEntry => Kind::Corrupt,
        };
        Error::new(kind, "show-exif", source.to_string()).with_source(source)
    }
}
