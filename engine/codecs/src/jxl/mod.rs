//! JPEG XL (ISO/IEC 18181), still and animated: decoded by `jxl`, the decoder of the JPEG XL project; not encoded.

mod decode;
mod pixels;
mod work;

use crate::animation::{Frames, check_frames, frames_pixels, of_page};
use crate::colour;
use crate::error::CodecError;
use crate::guard;
use bytes::Bytes;
use decode::Reader;
use jxl::api::JxlBasicInfo;
use pixels::Layout;
use safelight_core::{
    Cost, Decode, Decoder, Format, Geometry, Header, Image, Isolation, Limits, Opened, Orientation, Result,
    Size, Stop,
};

/// The format in errors.
const FORMAT: Format = Format::JpegXl;

/// Samples that a frame may have in any file: a frame with patches of a small image may be larger than the image.
const MIN_FRAME_SAMPLES: u64 = 1 << 18;

/// Decodes JPEG XL.
#[derive(Debug)]
pub struct Jxl;

impl Decoder for Jxl {
    fn format(&self) -> Format {
        FORMAT
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        guard::open(FORMAT, || OpenedJxl::new(source, None, limits))
    }

    fn open_page(&self, source: Bytes, page: u32, limits: &Limits) -> Result<Box<dyn Opened>> {
        guard::open(FORMAT, || OpenedJxl::new(source, Some(page), limits))
    }
}

/// A source whose header was read, and whose frames were counted if it is an animation.
struct OpenedJxl {
    source: Bytes,
    /// The number of the only frame that is decoded; `None` for all, or the first.
    page: Option<u32>,
    header: Header,
    layout: Layout,
    /// The most samples of a frame, all channels.
    samples: u64,
    /// Channels that are coded.
    channels: u64,
    /// Whether colours are coded as XYB, as lossy files do.
    is_lossy: bool,
    limits: Limits,
}

impl OpenedJxl {
    fn new(source: Bytes, page: Option<u32>, limits: &Limits) -> Result<Self> {
        let reader = Reader::new(&source, limits, None)?;
        let info = reader.info().clone();
        let layout = Layout::new(&info, &reader.profile()?)?;
        let geometry = Geometry { size: size(&info), orientation: Orientation::UPRIGHT };
        let channels = layout.coded_channels(&info);
        let samples = geometry.size.pixels().saturating_mul(channels).max(MIN_FRAME_SAMPLES);
        let is_animated = info.animation.is_some();
        let frames = if is_animated { reader.count_frames(limits, samples)? } else { 1 };
        let sample_bytes = if layout.is_wide { 2 } else { 1 };
        let header = Header { geometry, is_animated: 1 < frames, frames, has_palette: false, sample_bytes };
        let is_lossy = !info.uses_original_profile;
        let header = of_page(header, page)?;
        Ok(Self { source, page, header, layout, samples, channels, is_lossy, limits: limits.clone() })
    }

    /// The most bytes that the decoder allocates besides the frames that it returns.
    ///
    /// Most files take less than one byte for each sample. Those with frames that others are drawn on, patches, and
    /// transforms of a whole frame, take up to 14 by measurement; a header does not tell them apart.
    fn work_bytes(&self) -> u64 {
        self.samples.saturating_mul(16).saturating_add(8 << 20)
    }

    /// Whether a decode may take so much that memory is reserved for what lossy files take as a rule: a child process
    /// holds it to that.
    fn is_large(&self) -> bool {
        64 << 20 < self.work_bytes()
    }
}

impl Opened for OpenedJxl {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, decode: &Decode) -> Cost {
        /// Nanoseconds for each sample, of lossy and of lossless files.
        const LOSSY_NS: u64 = 12;
        const LOSSLESS_NS: u64 = 50;
        /// Bytes for each sample of a large lossy file.
        const LOSSY_BYTES: u64 = 4;
        let pixels = frames_pixels(&self.header, Frames::new(&self.header, self.page, decode), &self.limits);
        let work = if self.is_lossy && self.is_large() {
            self.samples.saturating_mul(LOSSY_BYTES).saturating_add(16 << 20)
        } else {
            self.work_bytes()
        };
        let bytes = pixels.saturating_mul(self.layout.pixel_bytes()).saturating_add(work);
        let bytes = bytes.saturating_add(colour::PROFILE_BYTES + 2 * self.limits.max_metadata_bytes);
        let samples = pixels.saturating_mul(self.channels);
        let ns = if self.is_lossy { LOSSY_NS } else { LOSSLESS_NS };
        Cost::new(bytes, samples.saturating_mul(ns))
    }

    fn isolation(&self) -> Isolation {
        if self.is_large() { Isolation::Always } else { Isolation::Never }
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        let Self { source, page, header, layout, samples, limits, .. } = *self;
        let frames = Frames::new(&header, page, decode);
        check_frames(FORMAT, header.geometry.size, frames.composed(), &limits)?;
        let reader = Reader::new(&source, &limits, Some(samples))?;
        let plays = reader.info().animation.as_ref().map_or(0, |animation| animation.num_loops);
        let (frames, mut delays_ms) = reader.frames(&layout, frames, stop)?;
        if frames.len() < 2 {
            delays_ms.clear();
        }
        let (frames, profile) = layout.into_colours(frames, decode);
        Ok(Image { frames, delays_ms, plays, profile })
    }
}

/// The size of the image, upright.
fn size(info: &JxlBasicInfo) -> Size {
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    Size::new(side(info.size.0), side(info.size.1))
}

fn damaged(cause: impl Into<crate::error::Cause>) -> CodecError {
    CodecError::Damaged(FORMAT, cause.into())
}
