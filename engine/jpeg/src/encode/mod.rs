//! The encoder: planes to JPEG files (ITU-T T.81), with a forward DCT, optimised Huffman codes, and one
//! baseline scan or a progression.
//!
//! Encoding has two passes. The first transforms and quantises every block once, and buffers its symbols
//! (baseline) or its coefficients (progressive). The second assigns the shortest possible codes for the
//! counts of these symbols, and writes them.
//!
//! # Memory
//! Besides the file, the encoder buffers 4 bytes for each nonzero coefficient and 8 for each block: about one
//! byte for each pixel of a photo at quality 80. The maximum, for noise at quality 100, is 4 bytes for each
//! sample of the planes, and 9 for a progressive file.

mod error;
mod segments;
mod quantisation;
mod component;
mod baseline;
mod progressive;
mod coefficients;
mod symbols;
mod huffman;
mod bits;
#[cfg(test)]
mod tests;

pub use error::EncodeError;

use component::Component;
use std::fmt;

/// One channel: samples of shape `[h, w]`, 0 to 255 (full range).
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    /// Rows from top to bottom, each from left to right. The last row may end after its last sample.
    pub samples: &'a [u8],
    /// Samples from one row to the next.
    pub stride: usize,
    /// Columns.
    pub w: usize,
    /// Rows.
    pub h: usize,
}

/// The chroma subsampling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chroma {
    /// 4:4:4: as many samples of chroma as of luma.
    Full,
    /// 4:2:2: half as many columns.
    HalfWidth,
    /// 4:4:0: half as many rows.
    HalfHeight,
    /// 4:2:0: half as many columns and rows.
    Quarter,
}

impl Chroma {
    /// Returns the pixels for each sample: columns, rows.
    const fn steps(self) -> (usize, usize) {
        match self {
            Self::Full => (1, 1),
            Self::HalfWidth => (2, 1),
            Self::HalfHeight => (1, 2),
            Self::Quarter => (2, 2),
        }
    }
}

/// The planes of an image in the colour model of JFIF 1.02: ITU-R BT.601, full range.
#[derive(Clone, Copy, Debug)]
pub enum Planes<'a> {
    /// Luma only.
    Grey(Plane<'a>),
    /// Luma, blue difference and red difference. A chroma sample is centred between the pixels that it
    /// covers.
    Ycc {
        /// Y, Cb and Cr.
        planes: [Plane<'a>; 3],
        /// The subsampling of Cb and Cr.
        chroma: Chroma,
    },
}

/// An image to encode, before any rotation that its EXIF orientation requests.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    /// Columns of pixels, 1 to 65535.
    pub width: u16,
    /// Rows of pixels, 1 to 65535.
    pub height: u16,
    /// The planes. Each is at least as large as the image divided by the plane's subsampling, rounded up.
    /// Further samples are ignored.
    pub planes: Planes<'a>,
}

/// The options of an encode.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The quality, 1 to 100, with libjpeg's scale. Other values are clamped.
    pub quality: u8,
    /// Whether to write a progressive file, which shows the whole image early and then refines it.
    pub is_progressive: bool,
    /// An ICC profile to embed, at most 255 × 65519 bytes.
    pub icc: Option<&'a [u8]>,
    /// The content of an APP1 segment to embed, which starts with `Exif\0\0`; at most 65533 bytes.
    pub exif: Option<&'a [u8]>,
    /// Returns whether to end the encode early. It is called at least every few milliseconds.
    pub is_interrupted: Option<&'a dyn Fn() -> bool>,
}

impl Options<'_> {
    /// Returns an error if the encode is to end early.
    fn check(&self) -> Result<(), EncodeError> {
        match self.is_interrupted {
            Some(is_interrupted) if is_interrupted() => Err(EncodeError::Interrupted),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Options<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { quality, is_progressive, icc, exif, is_interrupted: _ } = self;
        let mut fields = formatter.debug_struct("Options");
        fields.field("quality", quality).field("is_progressive", is_progressive);
        fields.field("icc", icc).field("exif", exif).finish_non_exhaustive()
    }
}

/// Encodes `image` to a complete file. The same image and options give the same bytes on every machine.
///
/// # Errors
/// - [`EncodeError::Empty`] if the image has no columns or no rows.
/// - [`EncodeError::ShortPlane`] if a plane is too small for the image.
/// - [`EncodeError::Interrupted`] if the options say so.
/// - [`EncodeError::LongProfile`] or [`EncodeError::LongExif`] if the metadata does not fit in its segments.
pub fn encode(image: &Image, options: &Options) -> Result<Vec<u8>, EncodeError> {
    let tables = quantisation::tables(options.quality);
    let components = Component::all(image, &tables)?;
    let mut file = segments::head(options)?;
    let used = if components.len() == 1 { &tables[..1] } else { &tables[..] };
    segments::put_quantisation(&mut file, used);
    segments::put_frame(&mut file, image, &components, options.is_progressive);
    if options.is_progressive {
        progressive::put_scans(&mut file, image, &components, options)?;
    } else {
        baseline::put_scan(&mut file, image, &components, options)?;
    }
    segments::put_end(&mut file);
    Ok(file)
}
