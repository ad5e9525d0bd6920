//! PNG (W3C PNG Third Edition) by the `png` crate; `rows.rs` decodes the most common kind faster. A still image is the
//! default image, which every PNG has; the frames of an animation are composed here.

mod animation;
#[cfg(target_arch = "x86_64")]
mod avx2;
mod encode;
mod frames;
mod lossy;
mod palette;
mod transparency;
#[cfg(target_arch = "x86_64")]
mod rows;

use crate::{
    animation::{Frames, check_frames, drop_opaque_alpha, frames_bytes, frames_pixels, of_page},
    colour::{self, PROFILE_BYTES},
    error::CodecError,
    guard, header,
    profile::{self, Coded, Primaries},
    segments::Segments,
};
use animation::Animation;
use bytemuck::Pod;
use bytes::Bytes;
use png::{ColorType, DecodingError, Info, Reader, Transformations};
#[cfg(target_arch = "x86_64")]
use rows::read as read_common;
use safelight_core::{
    Cost, Decode, Decoder, Encode, Encoder, Format, Frame, Geometry, Header, Image, Limits, Model, Opened,
    Result, SampleEncoding, Samples, Size, Stop,
};

/// The format in errors.
const FORMAT: Format = Format::Png;

/// Decodes and encodes PNG.
#[derive(Clone, Copy, Debug)]
pub struct Png;

/// Bytes that a decode allocates besides the samples and its rows: the window of the inflater and inflated data
/// that was not yet read.
const WORK_BYTES: u64 = 1 << 20;
/// Rows that the decoder buffers: the current row and the previous one, each filtered and unfiltered.
const ROWS: u64 = 4;

impl Decoder for Png {
    fn format(&self) -> Format {
        FORMAT
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        guard::open(FORMAT, || OpenedPng::new(source, None, limits))
    }

    fn open_page(&self, source: Bytes, page: u32, limits: &Limits) -> Result<Box<dyn Opened>> {
        guard::open(FORMAT, || OpenedPng::new(source, Some(page), limits))
    }
}

impl Encoder for Png {
    fn format(&self) -> Format {
        FORMAT
    }

    fn carries_profile(&self) -> bool {
        true
    }

    fn is_animated(&self) -> bool {
        true
    }

    /// Any quality allows fewer colours than the image may have; the highest keeps 256.
    fn default_quality(&self) -> Option<u8> {
        Some(lossy::MAX_QUALITY)
    }

    fn cost(&self, size: Size, frames: u32, options: &Encode) -> Cost {
        encode::cost(size, frames, options)
    }

    fn encode(&self, image: &Image, options: &Encode, stop: &Stop) -> Result<Vec<u8>> {
        encode::encode(image, options, stop)
    }
}

/// A source as the decoder reads it.
type Source = Segments<Bytes>;

/// A PNG whose first chunk was read, and whose frames were counted.
struct OpenedPng {
    source: Bytes,
    decoder: png::Decoder<Source>,
    header: Header,
    page: Option<u32>,
    animation: Option<Animation>,
    /// The most bytes of an expanded pixel.
    pixel_bytes: u32,
    limits: Limits,
}

impl OpenedPng {
    fn new(source: Bytes, page: Option<u32>, limits: &Limits) -> Result<Self> {
        let mut decoder = png::Decoder::new(Segments::new(transparency::masked(source.clone())));
        decoder.set_transformations(Transformations::EXPAND);
        decoder.set_ignore_text_chunk(true);
        let info = decoder.read_header_info().map_err(|error| damaged(error, limits))?;
        let size = Size::new(info.width, info.height);
        header::check_pixels(FORMAT, size, limits)?;
        let pixel_bytes = pixel_bytes(info);
        let animation = Animation::find(&source);
        let header = Header {
            geometry: Geometry { size, orientation: header::orientation(&source, limits) },
            is_animated: animation.is_some(),
            frames: animation.map_or(1, |animation| animation.frames),
            has_palette: info.color_type == ColorType::Indexed,
            sample_bytes: if info.bit_depth == png::BitDepth::Sixteen { 2 } else { 1 },
        };
        let header = of_page(header, page)?;
        Ok(Self { source, decoder, header, page, animation, pixel_bytes, limits: limits.clone() })
    }
}

impl OpenedPng {
    /// The number of plays and the frames, if a decode composes frames; without, it is of the default image.
    fn composed(&self, decode: &Decode) -> Option<(u32, Frames)> {
        let animation = self.animation.filter(|_| self.page.is_some() || decode.all_frames)?;
        Some((animation.plays, Frames::new(&self.header, self.page, decode)))
    }
}

impl Opened for OpenedPng {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, decode: &Decode) -> Cost {
        /// Nanoseconds for each byte of a decoded pixel, and for each pixel of a composed frame.
        const BYTE_NS: u64 = 5;
        const COMPOSED_NS: u64 = 10;
        /// Bytes for a pixel: the canvas, its state before a frame that is removed again, and the canvas with the frame.
        const CANVAS_BYTES: u32 = 4 + 4 + 4;
        let Size { w, h } = self.header.geometry.size;
        let row = u64::from(w) * u64::from(self.pixel_bytes);
        let work = row * ROWS + WORK_BYTES + PROFILE_BYTES.max(self.limits.max_metadata_bytes);
        if let Some((_, frames)) = self.composed(decode) {
            // Samples of 16 bits are converted.
            let pixel_bytes = CANVAS_BYTES + 2 * self.pixel_bytes;
            let bytes = frames_bytes(&self.header, pixel_bytes, decode, &self.limits);
            let pixels = frames_pixels(&self.header, frames, &self.limits);
            let pixel_ns = u64::from(self.pixel_bytes) * BYTE_NS + COMPOSED_NS;
            return Cost::new(bytes.saturating_add(work), pixels.saturating_mul(pixel_ns));
        }
        Cost::new(row * u64::from(h) + work, row * u64::from(h) * BYTE_NS)
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        let composed = self.composed(decode);
        let Self { source, mut decoder, header: Header { geometry, .. }, pixel_bytes, limits, .. } = *self;
        if let Some((_, frames)) = composed {
            check_frames(FORMAT, geometry.size, frames.composed(), &limits)?;
        }
        let row_bytes = u64::from(geometry.size.w) * u64::from(pixel_bytes);
        let max_bytes = limits.max_metadata_bytes.saturating_add(ROWS * row_bytes);
        decoder.set_limits(png::Limits { bytes: usize::try_from(max_bytes).unwrap_or(usize::MAX) });
        let mut reader = decoder.read_info().map_err(|error| damaged(error, &limits))?;
        let icc = colours(reader.info());
        let (mut frames, mut delays_ms) = (Vec::new(), Vec::new());
        if let Some((_, wanted)) = composed {
            let mut shown = Vec::new();
            let frame_of = (geometry.size, wanted);
            animation::compose(&mut reader, frame_of, &limits, stop, |rgba, delay_ms| {
                shown.push(rgba.to_vec());
                delays_ms.push(delay_ms);
            })?;
            if shown.is_empty() {
                return Err(CodecError::Damaged(FORMAT, "the file ends before the frame".into()).into());
            }
            let model = if drop_opaque_alpha(&mut shown) { Model::Rgb } else { Model::Rgba };
            let frame = |samples| Frame::whole(geometry.size, model, Samples::U8(samples));
            frames.extend(shown.into_iter().map(|samples| Frame { geometry, ..frame(samples) }));
        } else {
            let (model, samples) = read_samples(&source, &mut reader, geometry.size, &limits, stop)?;
            let encoding = significant(reader.info()).filter(|_| matches!(samples, Samples::U16(_)));
            frames.push(Frame { geometry, encoding, ..Frame::whole(geometry.size, model, samples) });
        }
        let profile = colour::to_srgb(&mut frames, icc, decode);
        if frames.len() == 1 {
            return Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile });
        }
        Ok(Image { frames, delays_ms, plays: composed.map_or(0, |(plays, _)| plays), profile })
    }
}

/// The most bytes of an expanded pixel: a `tRNS` chunk, which comes later, adds alpha.
fn pixel_bytes(info: &Info) -> u32 {
    let channels = match info.color_type {
        ColorType::Grayscale | ColorType::GrayscaleAlpha => 2,
        ColorType::Rgb | ColorType::Rgba | ColorType::Indexed => 4,
    };
    channels * (info.bit_depth as u32).div_ceil(8)
}

/// Decodes the default image of the file `bytes`, whose header `reader` has read.
fn read_samples(
    bytes: &[u8],
    reader: &mut Reader<Source>,
    size: Size,
    limits: &Limits,
    stop: &Stop,
) -> Result<(Model, Samples)> {
    let (colours, depth) = reader.output_color_type();
    if depth != png::BitDepth::Sixteen
        && let Some(samples) = read_common(bytes, reader.info(), stop)?
    {
        return Ok((model(colours), Samples::U8(samples)));
    }
    read_rows(reader, size, limits, stop)
}

const fn model(colours: ColorType) -> Model {
    match colours {
        ColorType::Grayscale => Model::Grey,
        ColorType::GrayscaleAlpha => Model::GreyAlpha,
        // Palettes are expanded.
        ColorType::Rgb | ColorType::Indexed => Model::Rgb,
        ColorType::Rgba => Model::Rgba,
    }
}

/// Decodes the next image data of the file, an image of `size`.
fn read_rows(
    reader: &mut Reader<Source>,
    size: Size,
    limits: &Limits,
    stop: &Stop,
) -> Result<(Model, Samples)> {
    let (colours, depth) = reader.output_color_type();
    let model = model(colours);
    let row = size.w as usize * usize::from(model.channels());
    if depth != png::BitDepth::Sixteen {
        return Ok((model, Samples::U8(read_values(reader, row, size.h, limits, stop)?)));
    }
    let mut samples = read_values(reader, row, size.h, limits, stop)?;
    for sample in &mut samples {
        *sample = u16::from_be(*sample);
    }
    Ok((model, Samples::U16(samples)))
}

/// No faster decoder exists for this processor.
#[cfg(not(target_arch = "x86_64"))]
fn read_common(_: &[u8], _: &Info, _: &Stop) -> Result<Option<Vec<u8>>> {
    Ok(None)
}

/// Decodes `rows` of `row` samples each.
fn read_values<T: Pod>(
    reader: &mut Reader<Source>,
    row: usize,
    rows: u32,
    limits: &Limits,
    stop: &Stop,
) -> Result<Vec<T>> {
    let damaged = |error| damaged(error, limits);
    let count = row * rows as usize;
    if reader.info().interlaced {
        let mut samples = vec![T::zeroed(); count];
        reader.next_frame(bytemuck::cast_slice_mut(&mut samples)).map_err(damaged)?;
        return Ok(samples);
    }
    // A row is cleared just before it is read: clearing all rows at once would write the memory twice.
    let mut samples = Vec::with_capacity(count);
    while samples.len() < count {
        stop.check()?;
        let start = samples.len();
        samples.resize(start + row, T::zeroed());
        reader.read_row(bytemuck::cast_slice_mut(&mut samples[start..])).map_err(damaged)?;
    }
    // The rest after the last row, up to the checksum.
    reader.read_row(&mut []).map_err(damaged)?;
    Ok(samples)
}

/// The bits of the samples before they were scaled to 16 (section 11.3.2.4), if they are stated and the same in
/// every channel.
fn significant(info: &Info) -> Option<SampleEncoding> {
    let bits = info.sbit.as_deref()?;
    let &first = bits.first().filter(|first| (1..16).contains(*first))?;
    bits.iter().all(|other| *other == first).then_some(SampleEncoding { bits: first, is_signed: false })
}

/// The profile stated by the chunks before the pixels, in their order of precedence (section 4.3): `cICP`, `iCCP`,
/// `sRGB`, `gAMA` with `cHRM`. `None` for sRGB.
fn colours(info: &Info) -> Option<Vec<u8>> {
    let points = info.coding_independent_code_points;
    match points.map(|it| profile::from_cicp(it.color_primaries, it.transfer_function)) {
        Some(Coded::Srgb) => return None,
        Some(Coded::Profile(icc)) => return Some(icc),
        Some(Coded::Unknown) | None => (),
    }
    if let Some(icc) = &info.icc_profile {
        return Some(icc.to_vec());
    }
    if info.srgb.is_some() || points.is_some() {
        return None;
    }
    // Chromaticities without a curve are ignored (section 11.3.2.1 requires both).
    let gamma = info.gama_chunk?.into_value();
    let primaries = info.chrm_chunk.map_or(Primaries::SRGB, |chunk| {
        let point = |(x, y): (png::ScaledFloat, png::ScaledFloat)| (x.into_value(), y.into_value());
        Primaries { white: point(chunk.white), colours: [chunk.red, chunk.green, chunk.blue].map(point) }
    });
    profile::from_gamma(gamma, primaries)
}

fn damaged(error: DecodingError, limits: &Limits) -> CodecError {
    match error {
        DecodingError::LimitsExceeded => {
            CodecError::TooMuchMetadata { format: FORMAT, max_bytes: limits.max_metadata_bytes }
        }
        error => CodecError::Damaged(FORMAT, Box::new(error)),
    }
}
