//! WebP, still and animated: decoded by `image-webp`, which is Rust without `unsafe`, encoded by
//! libwebp, whose only input are our own samples.

mod decode;
mod encode;
mod file;
mod near_lossless;
mod planes;

use crate::animation::{Frames, check_frames, frames_bytes, frames_pixels, of_page};
use crate::colour;
use crate::guard;
use crate::header::{check_pixels, orientation};
use bytes::Bytes;
use file::File;
use safelight_core::{
    Cost, Decode, Decoder, Encode, Encoder, Format, Geometry, Header, Image, Isolation, Limits, Opened,
    Result, Size, Stop,
};

/// The format in errors.
const FORMAT: Format = Format::Webp;

/// Decodes and encodes WebP.
#[derive(Debug)]
pub struct Webp;

impl Decoder for Webp {
    fn format(&self) -> Format {
        FORMAT
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        guard::open(FORMAT, || OpenedWebp::new(&source, None, limits))
    }

    fn open_page(&self, source: Bytes, page: u32, limits: &Limits) -> Result<Box<dyn Opened>> {
        guard::open(FORMAT, || OpenedWebp::new(&source, Some(page), limits))
    }
}

impl Encoder for Webp {
    fn format(&self) -> Format {
        FORMAT
    }

    fn is_animated(&self) -> bool {
        true
    }

    fn carries_profile(&self) -> bool {
        true
    }

    fn chroma(&self, options: &Encode) -> Option<(u8, u8)> {
        // RFC 6386, section 5; lossless images are RGB.
        encode::is_lossy(options).then_some((2, 2))
    }

    fn default_quality(&self) -> Option<u8> {
        Some(encode::DEFAULT_QUALITY)
    }

    fn cost(&self, size: Size, frames: u32, options: &Encode) -> Cost {
        encode::cost(size, frames, options)
    }

    fn encode(&self, image: &Image, options: &Encode, stop: &Stop) -> Result<Vec<u8>> {
        encode::image(image, options, stop)
    }
}

/// A WebP whose chunks were read.
struct OpenedWebp {
    file: File,
    page: Option<u32>,
    header: Header,
    /// The most bytes that a decode of one frame allocates for a pixel.
    pixel_bytes: u32,
    limits: Limits,
}

impl OpenedWebp {
    fn new(source: &Bytes, page: Option<u32>, limits: &Limits) -> Result<Self> {
        let file = File::from_bytes(source)?;
        check_pixels(FORMAT, file.canvas, limits)?;
        let frames = file.count_frames(limits);
        let geometry = Geometry { size: file.canvas, orientation: orientation(source, limits) };
        let header =
            Header { geometry, is_animated: 1 < frames, frames, has_palette: false, sample_bytes: 1 };
        let pixel_bytes = file.pixel_bytes(limits);
        let header = of_page(header, page)?;
        Ok(Self { file, page, header, pixel_bytes, limits: limits.clone() })
    }
}

impl Opened for OpenedWebp {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, decode: &Decode) -> Cost {
        /// Nanoseconds for each pixel of a frame.
        const PIXEL_NS: u64 = 25;
        let metadata = self.limits.max_metadata_bytes.saturating_mul(2).saturating_add(colour::PROFILE_BYTES);
        let frames = frames_bytes(&self.header, self.pixel_bytes, decode, &self.limits);
        let composed = Frames::new(&self.header, self.page, decode);
        let bytes = frames.saturating_add(file::SPARE_BYTES).saturating_add(metadata);
        Cost::new(bytes, frames_pixels(&self.header, composed, &self.limits).saturating_mul(PIXEL_NS))
    }

    fn isolation(&self) -> Isolation {
        Isolation::IfLong
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        let frames = Frames::new(&self.header, self.page, decode);
        check_frames(FORMAT, self.file.canvas, frames.composed(), &self.limits)?;
        decode::image(&self.file, (self.header.geometry, frames), decode, &self.limits, stop)
    }
}
