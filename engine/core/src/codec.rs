//! Decoders and encoders of image formats.

use crate::{Cost, Error, Format, Geometry, Image, Limits, Result, Size, Stop};
use bytes::Bytes;
use std::fmt::Debug;

/// The header of a source, read before any pixel is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Nominal size as stored, and the orientation.
    pub geometry: Geometry,
    /// Whether the source is an animation.
    pub is_animated: bool,
    /// The number of frames that a decode of all of them returns; 1 for a still image.
    pub frames: u32,
    /// Whether the samples are indices into a palette.
    pub has_palette: bool,
    /// Bytes of a decoded sample: 1 or 2.
    pub sample_bytes: u8,
}

/// Requirements of a decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decode {
    /// The smallest size that serves; the decoder takes the cheapest native scale that covers it. Within the nominal
    /// size, unless the source is a drawing: [`Opened::is_vector`].
    pub needed: Size,
    /// Whether all frames of an animation are decoded, or only the first.
    pub all_frames: bool,
    /// Whether RGB samples stay in the source's profile, which is then returned with them. Otherwise, and
    /// always for greyscale and CMYK, samples are converted to sRGB.
    pub keep_profile: bool,
    /// Output pixels, columns and rows, for which one sample of chroma is enough. A decoder with planes of
    /// luma and chroma returns no finer chroma: [`crate::Model::Ycc`].
    pub chroma: (u8, u8),
}

/// The part of a source that a plan decodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The number of a page, from 0: an image of the file, or a frame of an animation. Defaults to `None`: what the
    /// format shows first, or all frames of an animation.
    pub page: Option<u32>,
    /// Whether only one frame of an animation is decoded: the still image that programs without animations show.
    /// Defaults to `false`.
    pub is_still: bool,
}

/// Options of the one shared encode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encode {
    /// The output format. Defaults to `None`: [`Format::encoded_as`] of the source's format, or a similar one that keeps
    /// transparency and frames.
    pub format: Option<Format>,
    /// Whether the output has a format that every client shows, if `format` names none. Defaults to `false`.
    pub universal: bool,
    /// The output format for a source that is an animation. Defaults to `None`: the same as for a still
    /// image.
    pub animated_format: Option<Format>,
    /// Formats of which the one with the smallest output is chosen for a still image, whatever `format` is. Defaults to
    /// none.
    pub candidates: &'static [Format],
    /// Quality, 1 to 100. Defaults to `None`: the encoder's own default.
    pub quality: Option<u8>,
    /// Whether the quality is one at which the output gets the score [`crate::Settings::quality_target`], if `quality` is
    /// `None` and the format has a quality. Defaults to `false`.
    pub auto_quality: bool,
    /// Whether the whole image shows early and sharpens as more arrives, where the format supports it.
    /// Defaults to `false`.
    pub progressive: bool,
    /// What may be lost, where the format has a choice. Defaults to `None`: [`Compression::Lossless`] for a source
    /// with a palette if no quality is given, since most of these are drawings; else the format's own default.
    pub compression: Option<Compression>,
    /// The most bytes of the output, reached by a lower quality. Defaults to `None`: no limit.
    pub max_bytes: Option<u32>,
    /// How much time to spend for fewer bytes, from 0, the fastest, to [`Encode::MAX_EFFORT`], where the format has a
    /// choice. Defaults to `None`: the encoder's own balance.
    pub effort: Option<u8>,
    /// Quality of alpha, 0 to 100, where a format codes it separately and with loss. Defaults to `None`: as
    /// precise as the encoder's default, which is lossless in WebP.
    pub alpha_quality: Option<u8>,
    /// The resolution of chroma, where the format has a choice. Defaults to `None`: by quality.
    pub chroma: Option<Chroma>,
    /// The colour under transparent pixels where the format has no alpha, `[r, g, b]`. Defaults to
    /// black.
    pub background: [u8; 3],
}

impl Encode {
    /// The largest effort.
    pub const MAX_EFFORT: u8 = 9;

    /// Whether nothing may be lost.
    #[must_use]
    pub fn is_lossless(&self) -> bool {
        self.compression == Some(Compression::Lossless)
    }
}

/// What an encode may lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As much as the quality allows.
    Lossy,
    /// Differences of a few levels that help a lossless coder; the quality says how many.
    NearLossless,
    /// Nothing.
    Lossless,
}

/// The resolution of chroma beside luma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chroma {
    /// Half as many columns and rows: 4:2:0.
    Half,
    /// The same: 4:4:4.
    Full,
}

/// Reads images of one format.
///
/// A source is opened once, whole or from its first bytes. The opened source then states its header and the
/// memory of a decode, and decodes:
///
/// ```text
/// whole  = open Opened::decode
/// stream = open_stream* OpenedStream::start Decoding::push* Decoding::finish
/// ```
pub trait Decoder: Debug + Sync {
    /// The format.
    fn format(&self) -> Format;

    /// Reads the header of a whole source and checks it against `limits`, before anything is allocated from
    /// it. The source is not copied.
    ///
    /// # Errors
    /// [`crate::Kind::Corrupt`], [`crate::Kind::LimitExceeded`] or [`crate::Kind::UnsupportedFormat`].
    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>>;

    /// As [`Decoder::open`], for a page by its number from 0, of which the header then is. The default is for formats of
    /// one page.
    ///
    /// # Errors
    /// As for [`Decoder::open`], and those of [`no_page`].
    fn open_page(&self, source: Bytes, page: u32, limits: &Limits) -> Result<Box<dyn Opened>> {
        if page == 0 { self.open(source, limits) } else { Err(no_page(page, 1)) }
    }

    /// Reads the header from `head`, the first bytes of a source, if sources of this format can be decoded
    /// while they arrive. The default is for formats that cannot.
    ///
    /// # Errors
    /// As for [`Decoder::open`].
    fn open_stream(&self, _head: &[u8], _limits: &Limits) -> Result<Opening> {
        Ok(Opening::NeedAll)
    }

    /// Returns the same decoder with font files besides its own, if it draws text. By default it does not.
    fn with_fonts(&self, _fonts: Vec<Bytes>) -> Option<Box<dyn Decoder>> {
        None
    }

    /// Opens and decodes a whole source.
    ///
    /// # Errors
    /// As for [`Decoder::open`].
    fn decode(&self, source: Bytes, decode: &Decode, limits: &Limits) -> Result<Image> {
        self.open(source, limits)?.decode(decode, &Stop::default())
    }
}

/// The error for a page that a source of so many `pages` does not have: [`crate::Kind::InvalidParam`].
pub fn no_page(page: u32, pages: u32) -> Error {
    let (number, noun) = if pages == 1 {
        ("0".to_owned(), "page")
    } else {
        (format!("an integer from 0 to {}", pages.saturating_sub(1)), "pages")
    };
    Error::param("page", format_args!("expected {number}, got {page}: the image has {pages} {noun}"))
}

/// The reasons to run a codec in a child process, where the runtime has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// No reason: the codec checks [`Stop`] every few milliseconds, and its memory has a bound.
    Never,
    /// The codec checks [`Stop`] only between frames: a child if a frame takes long.
    IfLong,
    /// The codec could abort the program, or its memory has no bound.
    Always,
}

/// The result of [`Decoder::open_stream`].
pub enum Opening {
    /// The header is incomplete: try again with more bytes.
    NeedMore,
    /// The source must be buffered whole.
    NeedAll,
    /// The header is complete.
    Opened(Box<dyn OpenedStream>),
}

/// A whole source whose header was read and checked.
pub trait Opened: Send {
    /// The header.
    fn header(&self) -> &Header;

    /// The cost of [`Opened::decode`]: its result is included, the source is not.
    fn cost(&self, decode: &Decode) -> Cost;

    /// The size of the largest plane of a frame that [`Opened::decode`] returns. Defaults to the size of the
    /// image, for decoders without smaller native scales.
    fn decoded_size(&self, _decode: &Decode) -> Size {
        self.header().geometry.size
    }

    /// Returns whether the image has transparency that the default format of its output must keep. Defaults to `false`.
    fn has_transparency(&self) -> bool {
        false
    }

    /// Returns whether the source is a drawing without pixels of its own. Its nominal size is then no maximum: it is
    /// drawn at the size [`Decode::needed`], whatever that is. Defaults to `false`.
    fn is_vector(&self) -> bool {
        false
    }

    /// Returns the font files of [`Decoder::with_fonts`] that [`Opened::decode`] needs. Defaults to none.
    fn fonts(&self) -> &[Bytes] {
        &[]
    }

    /// Returns whether [`Opened::decode`] should run in a child process. Defaults to [`Isolation::Never`].
    fn isolation(&self) -> Isolation {
        Isolation::Never
    }

    /// Decodes, until `stop` is set.
    ///
    /// # Errors
    /// As for [`Decoder::open`] and [`Stop::check`].
    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image>;
}

/// The start of a source whose header was read and checked, and whose other bytes may not have arrived.
pub trait OpenedStream: Send {
    /// The header.
    fn header(&self) -> &Header;

    /// The cost of the [`Decoding`], its result included.
    fn cost(&self, decode: &Decode) -> Cost;

    /// As [`Opened::decoded_size`].
    fn decoded_size(&self, _decode: &Decode) -> Size {
        self.header().geometry.size
    }

    /// Starts to decode. The source is then pushed from its first byte on, in chunks that each take a few
    /// milliseconds at most; between them the caller checks whether to stop.
    ///
    /// # Errors
    /// As for [`Decoder::open`].
    fn start(self: Box<Self>, decode: &Decode) -> Result<Box<dyn Decoding>>;
}

/// A decode of a source that arrives: `decoding = push* finish`, and nothing after an error.
///
/// The image does not depend on how the source was cut into chunks.
pub trait Decoding: Send {
    /// Decodes as far as `chunk` allows. Returns whether more is needed: if not, later bytes do not change the
    /// image.
    ///
    /// # Errors
    /// As for [`Decoder::open`].
    fn push(&mut self, chunk: &[u8]) -> Result<bool>;

    /// Returns the image, when the source has ended or no more is needed, unless `stop` is set before.
    ///
    /// # Errors
    /// As for [`Decoder::open`] and [`Stop::check`].
    fn finish(self: Box<Self>, stop: &Stop) -> Result<Image>;
}

/// Writes images of one format.
pub trait Encoder: Debug + Sync {
    /// The format.
    fn format(&self) -> Format;

    /// Whether it encodes more than one frame.
    fn is_animated(&self) -> bool {
        false
    }

    /// Whether its output can carry a colour profile.
    fn carries_profile(&self) -> bool {
        false
    }

    /// The quality without one in the options; `None` if the number of bytes does not depend on a quality. By default
    /// it does not.
    fn default_quality(&self) -> Option<u8> {
        None
    }

    /// Pixels, columns and rows, for each sample of chroma in the output for `options`, if the encoder accepts
    /// frames of [`crate::Model::Ycc`]. By default it does not, and gets RGB.
    fn chroma(&self, _options: &Encode) -> Option<(u8, u8)> {
        None
    }

    /// Returns whether [`Encoder::encode`] should run in a child process. Defaults to [`Isolation::Never`].
    fn isolation(&self) -> Isolation {
        Isolation::Never
    }

    /// The cost of [`Encoder::encode`] for an image of `frames` frames of this size: its result is included, the
    /// image is not.
    fn cost(&self, size: Size, frames: u32, options: &Encode) -> Cost;

    /// Encodes an image whose frames are upright, whole planes at full size, until `stop` is set.
    ///
    /// # Errors
    /// [`crate::Kind::InvalidParam`] where the format cannot represent the image; those of [`Stop::check`].
    fn encode(&self, image: &Image, options: &Encode, stop: &Stop) -> Result<Vec<u8>>;
}
