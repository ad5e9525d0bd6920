//! Image formats: recognise, measure, decode at a needed size, encode.

use crate::{Frame, Limits, Result, Size};
use std::fmt::Debug;

/// What a source's header says, before any pixel is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Nominal size.
    pub size: Size,
}

/// Choices for the one shared encode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encode {
    /// MIME type. Defaults to `None`, which keeps the source's.
    pub format: Option<&'static str>,
    /// Quality, 1 to 100. Defaults to `None`, the codec's own default.
    pub quality: Option<u8>,
}

/// One image format.
pub trait Codec: Debug + Sync {
    /// MIME type.
    fn mime(&self) -> &'static str;

    /// Whether `head`, the first bytes of a source, starts such a file.
    fn sniff(&self, head: &[u8]) -> bool;

    /// Reads the header; allocates nothing from it.
    ///
    /// # Errors
    /// [`crate::Kind::Corrupt`].
    fn header(&self, bytes: &[u8]) -> Result<Header>;

    /// Decodes at the smallest native scale that covers `needed`.
    ///
    /// # Errors
    /// [`crate::Kind::Corrupt`] or [`crate::Kind::LimitExceeded`].
    fn decode(&self, bytes: &[u8], needed: Size, limits: &Limits) -> Result<Frame>;

    /// Encodes `frame`.
    ///
    /// # Errors
    /// [`crate::Kind::InvalidParam`] where the format cannot hold the frame.
    fn encode(&self, frame: &Frame, options: &Encode) -> Result<Vec<u8>>;
}
