//! The errors of a block.

use safelight_core::Kind;

/// A block that cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ExifError {
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

impl ExifError {
    /// The kind of the error for the client.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::ManyEntries(_) => Kind::LimitExceeded,
            Self::NoHeader | Self::NoEntry => Kind::Corrupt,
        }
    }
}
