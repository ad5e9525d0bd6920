//! GIF: blocks are read, frames are composed and palettes are made here; `weezl` decodes LZW, and the `gif` crate writes
//! files.

mod blocks;
mod decode;
mod encode;
mod palette;

use crate::animation::{Frames, check_frames, frames_bytes, frames_pixels, of_page};
use crate::colour;
use crate::error::CodecError;
use crate::guard;
use crate::header::check_pixels;
use blocks::File;
use bytes::Bytes;
use safelight_core::{
    Cost, Decode, Decoder, Encode, Encoder, Format, Geometry, Header, Image, Isolation, Limits, Opened,
    Orientation, Result, Size, Stop,
};

/// The format in errors.
const FORMAT: Format = Format::Gif;

/// Bytes for a pixel: the canvas, its state before a frame that is removed again, and the canvas with that frame.
const PIXEL_BYTES: u32 = 4 + 4 + 4;

/// Decodes and encodes GIF.
#[derive(Debug)]
pub struct Gif;

impl Decoder for Gif {
    fn format(&self) -> Format {
        FORMAT
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        guard::open(FORMAT, || OpenedGif::new(source, None, limits))
    }

    fn open_page(&self, source: Bytes, page: u32, limits: &Limits) -> Result<Box<dyn Opened>> {
        guard::open(FORMAT, || OpenedGif::new(source, Some(page), limits))
    }
}

impl Encoder for Gif {
    fn format(&self) -> Format {
        FORMAT
    }

    fn is_animated(&self) -> bool {
        true
    }

    fn cost(&self, size: Size, frames: u32, _options: &Encode) -> Cost {
        encode::cost(size, frames)
    }

    fn isolation(&self) -> Isolation {
        Isolation::IfLong
    }

    fn encode(&self, image: &Image, _options: &Encode, stop: &Stop) -> Result<Vec<u8>> {
        encode::image(image, stop)
    }
}

/// A GIF whose frames were counted.
struct OpenedGif {
    source: Bytes,
    page: Option<u32>,
    header: Header,
    /// The pixels of all frames, as they are stated: a frame may be larger than the canvas.
    stated_pixels: u64,
    limits: Limits,
}

impl OpenedGif {
    fn new(source: Bytes, page: Option<u32>, limits: &Limits) -> Result<Self> {
        let file = File::read(&source)?;
        let size = file.canvas()?;
        check_pixels(FORMAT, size, limits)?;
        let (frames, stated_pixels) = file.count(limits);
        let geometry = Geometry { size, orientation: Orientation::UPRIGHT };
        let header = Header { geometry, is_animated: 1 < frames, frames, has_palette: true, sample_bytes: 1 };
        let header = of_page(header, page)?;
        Ok(Self { source, page, header, stated_pixels, limits: limits.clone() })
    }
}

impl Opened for OpenedGif {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, decode: &Decode) -> Cost {
        /// Nanoseconds for each pixel of a frame.
        const PIXEL_NS: u64 = 15;
        /// Tables of LZW.
        const WORK_BYTES: u64 = 256 << 10;
        let frames = Frames::new(&self.header, self.page, decode);
        let metadata = self.limits.max_metadata_bytes.saturating_add(colour::PROFILE_BYTES);
        let bytes = frames_bytes(&self.header, PIXEL_BYTES, decode, &self.limits)
            .saturating_add(metadata)
            .saturating_add(WORK_BYTES);
        let composed = frames_pixels(&self.header, frames, &self.limits);
        // Of one frame, the rows on the canvas are decoded.
        let decoded = if 1 < frames.composed() { self.stated_pixels } else { composed };
        Cost::new(bytes, composed.max(decoded).saturating_mul(PIXEL_NS))
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        let size = self.header.geometry.size;
        let frames = Frames::new(&self.header, self.page, decode);
        check_frames(FORMAT, size, frames.composed(), &self.limits)?;
        decode::image(&File::read(&self.source)?, (size, frames), decode, &self.limits, stop)
    }
}

fn damaged(what: &'static str) -> CodecError {
    CodecError::Damaged(FORMAT, what.into())
}
