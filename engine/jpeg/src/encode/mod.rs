//! Planes to a JPEG file: forward DCT, optimised Huffman codes, one baseline scan or a progression
//! (ITU-T T.81).
//!
//! A file is made in two passes. The first transforms and quantises every block once and keeps what will
//! be said of it: for a baseline file its [`symbols`], for a progressive one its [`coefficients`]. The second
//! gives the symbols the shortest codes that there are for these counts, and writes them.
//!
//! # Memory
//! Beside the file, 4 bytes for each coefficient that is not zero and 8 for each block, which is about a
//! byte for each pixel of a photo at quality 80. At the very worst, for noise at quality 100, it is 4 bytes
//! for each sample of the planes, and 9 for a progressive file.

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

/// One channel: samples from 0 to 255, of shape `[h, w]`.
#[derive(Clone, Copy)]
pub struct Plane<'a> {
    /// Rows from top to bottom, each from left to right; the last one may end with its last sample.
    pub samples: &'a [u8],
    /// From one row to the next, in samples.
    pub stride: usize,
    /// Columns.
    pub w: usize,
    /// Rows.
    pub h: usize,
}

/// How many samples of chroma there are for those of luma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chroma {
    /// 4:4:4, as many.
    Full,
    /// 4:2:2, half as many columns.
    HalfWidth,
    /// 4:4:0, half as many rows.
    HalfHeight,
    /// 4:2:0, half as many columns and rows.
    Quarter,
}

impl Chroma {
    /// Pixels for each sample: columns, rows.
    const fn steps(self) -> (usize, usize) {
        match self {
            Self::Full => (1, 1),
            Self::HalfWidth => (2, 1),
            Self::HalfHeight => (1, 2),
            Self::Quarter => (2, 2),
        }
    }
}

/// What the planes are, in JFIF's colours: ITU-R BT.601, full range.
#[derive(Clone, Copy)]
pub enum Planes<'a> {
    /// Luma.
    Grey(Plane<'a>),
    /// Luma and two of chroma, centred between the pixels that they stand for.
    Ycc {
        /// Y, Cb, Cr.
        planes: [Plane<'a>; 3],
        /// The shape of Cb and Cr.
        chroma: Chroma,
    },
}

/// A picture as it is to be shown before it is turned.
#[derive(Clone, Copy)]
pub struct Image<'a> {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// Each has at least the size divided by its step and rounded up. What goes beyond that is ignored.
    pub planes: Planes<'a>,
}

/// What to write.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// 1 to 100, as libjpeg scales the tables of T.81 Annex K.
    pub quality: u8,
    /// Whether the file shows all of the picture early and then refines it.
    pub is_progressive: bool,
    /// An ICC profile to embed.
    pub icc: Option<&'a [u8]>,
    /// The content of an APP1 segment to embed, `Exif\0\0` included.
    pub exif: Option<&'a [u8]>,
}

/// Encodes `image` to a whole file. The same picture and options give the same bytes on every machine.
///
/// # Errors
/// [`EncodeError`] if the picture has no pixels, a plane has too few samples, or the profile has
/// more bytes than segments can hold.
pub fn encode(image: &Image, options: &Options) -> Result<Vec<u8>, EncodeError> {
    let tables = quantisation::tables(options.quality);
    let components = Component::all(image, &tables)?;
    let mut file = segments::head(options)?;
    let used = if components.len() == 1 { &tables[..1] } else { &tables[..] };
    segments::put_quantisation(&mut file, used);
    segments::put_frame(&mut file, image, &components, options.is_progressive);
    if options.is_progressive {
        progressive::put_scans(&mut file, image, &components);
    } else {
        baseline::put_scan(&mut file, image, &components);
    }
    segments::put_end(&mut file);
    Ok(file)
}
