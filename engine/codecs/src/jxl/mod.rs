//! JPEG XL (ISO/IEC 18181), still and animated: decoded by `jxl`, the decoder of the JPEG XL project; not encoded.

mod decode;
mod pixels;
mod tone;
mod work;

use crate::animation::{Frames, check_frames, frames_pixels};
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

/// Decodes JPEG XL.
#[derive(Debug)]
pub struct Jxl;

impl Decoder for Jxl {
    fn format(&self) -> Format {
        FORMAT
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        guard::open(FORMAT, || OpenedJxl::new(source, limits))
    }
}

/// A source whose header was read, and whose frames were counted if it is an animation.
struct OpenedJxl {
    source: Bytes,
    header: Header,
    layout: Layout,
    /// Samples of a frame, all channels.
    samples: u64,
    /// Whether colours are coded as XYB, as lossy files do.
    is_lossy: bool,
    limits: Limits,
}

impl OpenedJxl {
    fn new(source: Bytes, limits: &Limits) -> Result<Self> {
        let reader = Reader::new(&source, limits)?;
        let info = reader.info().clone();
        let layout = Layout::new(&info, reader.profile()?)?;
        let is_animated = info.animation.is_some();
        let frames = if is_animated { reader.count_frames(limits)? } else { 1 };
        let geometry = Geometry { size: size(&info), orientation: Orientation::UPRIGHT };
        let sample_bytes = if layout.is_wide { 2 } else { 1 };
        let header = Header { geometry, is_animated: 1 < frames, frames, has_palette: false, sample_bytes };
        let samples = geometry.size.pixels().saturating_mul(layout.coded_channels(&info));
        let is_lossy = !info.uses_original_profile;
        Ok(Self { source, header, layout, samples, is_lossy, limits: limits.clone() })
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
        let pixels = frames_pixels(&self.header, Frames::new(&self.header, None, decode), &self.limits);
        let work = if self.is_lossy && self.is_large() {
            self.samples.saturating_mul(LOSSY_BYTES).saturating_add(16 << 20)
        } else {
            self.work_bytes()
        };
        let bytes = pixels.saturating_mul(self.layout.pixel_bytes()).saturating_add(work);
        let bytes = bytes.saturating_add(colour::PROFILE_BYTES + 2 * self.limits.max_metadata_bytes);
        let channels = self.samples.div_ceil(self.header.geometry.size.pixels().max(1));
        let ns = if self.is_lossy { LOSSY_NS } else { LOSSLESS_NS };
        Cost::new(bytes, pixels.saturating_mul(channels).saturating_mul(ns))
    }

    fn isolation(&self) -> Isolation {
        if self.is_large() { Isolation::Always } else { Isolation::Never }
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        let Self { source, header, layout, limits, .. } = *self;
        let frames = if decode.all_frames { header.frames } else { 1 };
        if decode.all_frames {
            check_frames(FORMAT, header.geometry.size, frames, &limits)?;
        }
        let reader = Reader::new(&source, &limits)?;
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
