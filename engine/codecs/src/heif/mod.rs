//! HEIF and AVIF: pictures of one or many coded tiles, overlays, alpha planes and sequences
//! (ISO/IEC 23008-12, AVIF 1.1).
//!
//! `safelight_containers::heif` reads the index of a file. From its tree, [`still`] and [`sequence`] make frames:
//!
//! ```text
//! coding     headers and planes of one coded image: hevc, av1
//! colours    the curve, primaries and matrix that bitstream and file state, and the conversion to sRGB
//! tiles      the planes of a grid, each tile shrunk as soon as it is decoded
//! rgb        planes to grey and RGB, where a frame cannot have them as they are
//! still      planes, alpha and transforms to a frame
//! overlay    frames on a canvas
//! sequence   the frames of an animation
//! ```

mod coding;
#[cfg(feature = "avif")]
mod av1;
#[cfg(feature = "heic")]
mod hevc;
mod colours;
mod geometry;
mod overlay;
mod planes;
mod rgb;
#[cfg(feature = "avif")]
mod sequence;
mod still;
mod tiles;
#[cfg(test)]
mod tests;

use crate::{animation::of_page, guard};
use bytes::Bytes;
#[cfg(feature = "avif")]
use coding::Coding;
use safelight_containers::heif::{self, Coded, Colours, Content, Picture, Sequence};
use safelight_core::{
    Cost, Decode, Decoder, Format, Geometry, Header, Image, Isolation, Limits, Opened, Result, Size, Stop,
    no_page,
};
#[cfg(feature = "avif")]
use sequence::Animation;
use std::sync::Arc;
use still::Still;

/// Decodes HEIC: HEIF whose brands say that it contains HEVC.
#[cfg(feature = "heic")]
#[derive(Clone, Copy, Debug)]
pub struct Heic;

/// Decodes HEIF whose brands do not state the coding, if that is HEVC or AV1.
#[derive(Clone, Copy, Debug)]
pub struct Heif;

#[cfg(feature = "heic")]
impl Decoder for Heic {
    fn format(&self) -> Format {
        Format::Heic
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        open(Format::Heic, &source, None, limits)
    }

    fn open_page(&self, source: Bytes, page: u32, limits: &Limits) -> Result<Box<dyn Opened>> {
        open(Format::Heic, &source, Some(page), limits)
    }
}

impl Decoder for Heif {
    fn format(&self) -> Format {
        Format::Heif
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        open(Format::Heif, &source, None, limits)
    }

    fn open_page(&self, source: Bytes, page: u32, limits: &Limits) -> Result<Box<dyn Opened>> {
        open(Format::Heif, &source, Some(page), limits)
    }
}

/// Opens a file of `format`, whatever its coding is, or a page of it.
pub(crate) fn open(
    format: Format,
    source: &Bytes,
    page: Option<u32>,
    limits: &Limits,
) -> Result<Box<dyn Opened>> {
    guard::open(format, || OpenedHeif::new(format, source, page, limits))
}

/// A file whose index and headers were read and checked.
struct OpenedHeif {
    header: Header,
    frames: Frames,
}

enum Frames {
    Still(Box<Still>),
    #[cfg(feature = "avif")]
    Animation(Box<Animation>),
}

impl OpenedHeif {
    fn new(format: Format, source: &Bytes, page: Option<u32>, limits: &Limits) -> Result<Self> {
        match heif::read(source, format, page, limits)? {
            Content::Image { image, .. } => Ok(Self::still(Still::new(format, &image, limits)?)),
            Content::NoPage(pages) => Err(no_page(page.unwrap_or(0), pages)),
            #[cfg(feature = "avif")]
            Content::Sequence(sequence) if Coding::of(format, &sequence.colour.coded)? == Coding::Av1 => {
                let animation = Box::new(Animation::new(format, *sequence, page, limits)?);
                Ok(Self { header: *animation.header(), frames: Frames::Animation(animation) })
            }
            Content::Sequence(sequence) => {
                let opened = Self::still(Still::new(format, &first(*sequence), limits)?);
                Ok(Self { header: of_page(opened.header, page)?, ..opened })
            }
        }
    }

    fn still(still: Still) -> Self {
        let header = Header {
            geometry: Geometry { size: still.shown.size, orientation: still.orientation },
            is_animated: false,
            frames: 1,
            has_palette: false,
            sample_bytes: still.sample_bytes(),
        };
        Self { header, frames: Frames::Still(Box::new(still)) }
    }
}

/// Returns the first image of `sequence` that can be decoded alone. Its alpha plane may be at another time.
fn first(sequence: Sequence) -> heif::Image {
    let track = sequence.colour;
    let data = track.samples.into_iter().nth(track.first_sync).map(|sample| sample.data);
    let colours: Colours = track.coded.colours.clone();
    let coded = Coded { data: data.into_iter().collect(), ..track.coded };
    heif::Image { picture: Picture::Coded(Arc::new(coded)), transforms: Vec::new(), colours, alpha: None }
}

impl Opened for OpenedHeif {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, decode: &Decode) -> Cost {
        match &self.frames {
            Frames::Still(still) => still.cost(still.shrink(decode.needed)),
            #[cfg(feature = "avif")]
            Frames::Animation(animation) => animation.cost(decode),
        }
    }

    fn decoded_size(&self, decode: &Decode) -> Size {
        match &self.frames {
            Frames::Still(still) => still.decoded_size(still.shrink(decode.needed)),
            #[cfg(feature = "avif")]
            Frames::Animation(animation) => animation.decoded_size(decode),
        }
    }

    fn has_transparency(&self) -> bool {
        match &self.frames {
            Frames::Still(still) => still.has_alpha(),
            #[cfg(feature = "avif")]
            Frames::Animation(animation) => animation.has_alpha(),
        }
    }

    fn isolation(&self) -> Isolation {
        match &self.frames {
            Frames::Still(still) => still.isolation(),
            #[cfg(feature = "avif")]
            Frames::Animation(_) => Isolation::Always,
        }
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        match &self.frames {
            Frames::Still(still) => {
                let is_parallel = still.isolation() == Isolation::Never;
                let shrink = still.shrink(decode.needed);
                let mut frames = vec![still.frame(shrink, decode.chroma, is_parallel, stop)?];
                let profile = still.colours.to_srgb(&mut frames, decode);
                Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile })
            }
            #[cfg(feature = "avif")]
            Frames::Animation(animation) => animation.decode(decode, stop),
        }
    }
}
