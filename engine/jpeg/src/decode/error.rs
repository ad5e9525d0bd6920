//! Why a file is not decoded.

/// Why a file is not decoded at all. Damage behind the first scan header is none of these: see
/// [`Planes::is_damaged`](super::Planes::is_damaged).
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The file is damaged before its first scan.
    #[error("{0}")]
    Damaged(&'static str),
    /// The file is of a kind that another decoder must take.
    #[error("{0} is not decoded here")]
    Unsupported(&'static str),
    /// The file has more scans than any encoder writes.
    #[error("the picture has more than {0} scans")]
    TooManyScans(u32),
    /// The bytes are not those that the header was read from.
    #[error("the frame header is another than the one that the decoder was made for")]
    HeaderMismatch,
}
