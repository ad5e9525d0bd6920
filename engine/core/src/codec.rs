//! Image formats: recognise, measure, decode at a needed size, encode.

use crate::{Geometry, Image, Limits, Result, Size};
use std::fmt::Debug;

/// What a source's header says, before any pixel is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Nominal size as stored, and how it must be turned.
    pub geometry: Geometry,
    /// Whether it is an animation.
    pub is_animated: bool,
    /// How many frames a decode of all of them would hold; 1 for a still image.
    pub frames: u32,
    /// Whether the samples are indices into a palette.
    pub has_palette: bool,
    /// Most bytes that a decode at full size holds at once for each pixel of a frame, its result
    /// included, as depth, channels and coding of this source tell.
    pub pixel_bytes: u32,
}

/// What is wanted of a decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decode {
    /// Nothing smaller will do; the codec takes the cheapest native scale that covers it.
    pub needed: Size,
    /// Whether all frames of an animation are wanted, or the first.
    pub all_frames: bool,
    /// Whether colours stay in the source's profile, which then comes along; else, and always if they are
    /// grey or inks, samples are brought to sRGB.
    pub keep_profile: bool,
    /// Pixels of the answer, columns and rows, for which one sample of chroma is enough. A codec that has
    /// planes of luma and chroma hands them out with no more than that: [`crate::Model::Ycc`].
    pub chroma: (u8, u8),
}

/// Choices for the one shared encode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encode {
    /// MIME type. Defaults to `None`, which keeps the source's.
    pub format: Option<&'static str>,
    /// MIME type for a source that is an animation. Defaults to `None`, which is as for any other.
    pub animated_format: Option<&'static str>,
    /// Quality, 1 to 100. Defaults to `None`, the codec's own default.
    pub quality: Option<u8>,
    /// Whether the whole picture shows early and sharpens as more arrives, where the format can do that.
    /// Defaults to `false`.
    pub progressive: bool,
    /// Whether nothing may be lost, where the format can do that. Defaults to `false`.
    pub lossless: bool,
    /// The colour under transparent pixels where the format has no alpha, `[r, g, b]`. Defaults to
    /// black.
    pub background: [u8; 3],
}

/// One image format.
pub trait Codec: Debug + Sync {
    /// MIME type.
    fn mime(&self) -> &'static str;

    /// Whether `head`, the first bytes of a source, starts such a file.
    fn sniff(&self, head: &[u8]) -> bool;

    /// Whether it can hold more than one frame.
    fn is_animated(&self) -> bool {
        false
    }

    /// Whether what it encodes can carry a colour profile.
    fn carries_profile(&self) -> bool {
        false
    }

    /// Pixels, columns and rows, that one sample of chroma stands for in what `options` encode to, if the
    /// encoder takes frames of [`crate::Model::Ycc`]. By default it does not, and gets colours.
    fn chroma(&self, _options: &Encode) -> Option<(u8, u8)> {
        None
    }

    /// How sources of this format are decoded while they arrive, if they can be.
    fn streaming(&self) -> Option<&dyn Streaming> {
        None
    }

    /// MIME type of what a picture of this format becomes where no format is asked for: its own, unless
    /// this codec cannot encode.
    fn encoded_as(&self) -> &'static str {
        self.mime()
    }

    /// Reads the header and checks it against `limits`; allocates nothing from it.
    ///
    /// # Errors
    /// [`crate::Kind::Corrupt`] or [`crate::Kind::LimitExceeded`].
    fn header(&self, bytes: &[u8], limits: &Limits) -> Result<Header>;

    /// Most bytes that [`Codec::decode`] will hold at once, its result included, for a source that begins
    /// with `head` and has this header.
    fn decode_bytes(&self, head: &[u8], header: &Header, decode: &Decode, limits: &Limits) -> u64;

    /// Decodes.
    ///
    /// # Errors
    /// [`crate::Kind::Corrupt`] or [`crate::Kind::LimitExceeded`].
    fn decode(&self, bytes: &[u8], decode: &Decode, limits: &Limits) -> Result<Image>;

    /// Encodes an image whose frames are upright, whole planes at full size.
    ///
    /// # Errors
    /// [`crate::Kind::InvalidParam`] where the format cannot hold the image.
    fn encode(&self, image: &Image, options: &Encode) -> Result<Vec<u8>>;
}

/// How a source is decoded while it arrives.
pub trait Streaming {
    /// As [`Codec::header`], of the first bytes of a source; `None` if more are needed, or if this source
    /// has to be held whole.
    ///
    /// # Errors
    /// [`crate::Kind::Corrupt`] or [`crate::Kind::LimitExceeded`].
    fn header(&self, head: &[u8], limits: &Limits) -> Result<Option<Header>>;

    /// Starts to decode the source that begins with `head` and has this header; it is pushed from its first
    /// byte on. At no time does it hold more than [`Codec::decode_bytes`].
    ///
    /// # Errors
    /// As for [`Codec::decode`].
    fn start(&self, head: &[u8], header: &Header, decode: &Decode) -> Result<Box<dyn Decoding>>;
}

/// A decode of a source that arrives: `decoding = push* finish`, and nothing after an error.
///
/// The image does not depend on how the source was cut into chunks.
pub trait Decoding: Send {
    /// Decodes as far as `chunk` allows. Whether it wants more: if not, nothing behind changes the image.
    ///
    /// # Errors
    /// As for [`Codec::decode`].
    fn push(&mut self, chunk: &[u8]) -> Result<bool>;

    /// The image, when the source has ended or no more is wanted.
    ///
    /// # Errors
    /// As for [`Codec::decode`].
    fn finish(self: Box<Self>) -> Result<Image>;
}
