//! Why a source's EXIF cannot be shown.

use safelight_core::{Error, Kind};

/// Why a source's EXIF cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// The block, over all segments, is larger than allowed.
    #[error("the EXIF block has more than {0} bytes, which is the limit")]
    LargeBlock(u64),
    /// A TIFF, which is an EXIF block from end to end, is larger than allowed.
    #[error("the TIFF has more than {0} bytes, which is the limit")]
    LargeTiff(u64),
    /// The directories have more entries than any camera writes.
    #[error("the EXIF block has more than {0} entries, which is the limit")]
    ManyEntries(usize),
    /// The block does not begin like one.
    #[error("the EXIF block is damaged: no TIFF header begins it")]
    NoHeader,
    /// The block's first directory cannot be read.
    #[error("the EXIF block is damaged: not one of its entries can be read")]
    NoEntry(#[source] exif::Error),
    /// Offsets of 64 bits, which the decoder does not know.
    #[error("the EXIF of a BigTIFF cannot be shown; that of a classic TIFF can")]
    BigTiff,
}

impl From<ShowError> for Error {
    fn from(source: ShowError) -> Self {
        let kind = match source {
            ShowError::LargeBlock(_) | ShowError::LargeTiff(_) | ShowError::ManyEntries(_) => {
                Kind::LimitExceeded
            }
            ShowError::NoHeader | ShowError::NoEntry(_) => Kind::Corrupt,
            ShowError::BigTiff => Kind::UnsupportedFormat,
        };
        Error::new(kind, "show-exif", source.to_string()).with_source(source)
    }
}
