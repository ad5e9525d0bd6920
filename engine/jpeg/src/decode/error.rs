//! The errors of the decoder.

/// A file that yields no planes. Damage after the first scan header is no error: see
/// [`Planes::is_damaged`](super::Planes::is_damaged).
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The file is damaged before its first scan. The text names the damage.
    #[error("damaged JPEG: {0}")]
    Damaged(&'static str),
    /// The file uses a part of JPEG that this crate does not support. The text names it.
    #[error("unsupported JPEG: {0}")]
    Unsupported(&'static str),
    /// The file has more scans than any encoder writes: more than this number.
    #[error("too many scans: the limit is {0}")]
    TooManyScans(u32),
    /// The frame header of the bytes is not the one that [`Decoder::new`](super::Decoder::new) was given.
    #[error("the frame header differs from the one that the decoder was created with")]
    HeaderMismatch,
}
