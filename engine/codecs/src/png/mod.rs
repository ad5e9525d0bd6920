//! PNG (W3C PNG Third Edition) by the `png` crate, its commonest kind by `rows.rs`. Of an animation, the
//! default image, which every PNG has, is decoded.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod encode;
mod palette;
#[cfg(target_arch = "x86_64")]
mod rows;

use crate::{
    colour::{self, PROFILE_BYTES},
    error::CodecError,
    header,
    profile::{self, Primaries},
};
use bytemuck::Pod;
use png::{ColorType, Decoder, DecodingError, Info, Reader, Transformations};
#[cfg(target_arch = "x86_64")]
use rows::read as read_common;
use safelight_core::{
    Codec, Decode, Encode, Frame, Geometry, Header, Image, Limits, Model, Result, SampleEncoding, Samples,
    Size,
};
use std::io::Cursor;

/// The PNG codec.
#[derive(Clone, Copy, Debug)]
pub struct Png;

/// Bytes that a decode holds besides the samples and its rows: the window of the inflater and what
/// was inflated ahead.
const WORK_BYTES: u64 = 1 << 20;
/// Rows that the decoder holds: this one, the one above, both in the making.
const ROWS: u64 = 4;

impl Codec for Png {
    fn mime(&self) -> &'static str {
        "image/png"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"\x89PNG\r\n\x1A\n")
    }

    fn carries_profile(&self) -> bool {
        true
    }

    fn header(&self, bytes: &[u8], limits: &Limits) -> Result<Header> {
        let mut decoder = Decoder::new(Cursor::new(bytes));
        let info = decoder.read_header_info().map_err(|error| damaged(error, limits))?;
        let size = Size::new(info.width, info.height);
        header::check_pixels("png", size, limits)?;
        Ok(Header {
            geometry: Geometry { size, orientation: header::orientation(bytes, limits) },
            is_animated: false,
            frames: 1,
            has_palette: info.color_type == ColorType::Indexed,
            pixel_bytes: pixel_bytes(info),
        })
    }

    fn decode_bytes(&self, _head: &[u8], header: &Header, _decode: &Decode, limits: &Limits) -> u64 {
        let Size { w, h } = header.geometry.size;
        let row = u64::from(w) * u64::from(header.pixel_bytes);
        row * (u64::from(h) + ROWS) + WORK_BYTES + PROFILE_BYTES.max(limits.max_metadata_bytes)
    }

    fn decode(&self, bytes: &[u8], decode: &Decode, limits: &Limits) -> Result<Image> {
        let mut decoder = Decoder::new(Cursor::new(bytes));
        decoder.set_transformations(Transformations::EXPAND);
        decoder.set_ignore_text_chunk(true);
        let info = decoder.read_header_info().map_err(|error| damaged(error, limits))?;
        let size = Size::new(info.width, info.height);
        header::check_pixels("png", size, limits)?;
        let row_bytes = u64::from(size.w) * u64::from(pixel_bytes(info));
        let most_bytes = limits.max_metadata_bytes.saturating_add(ROWS * row_bytes);
        decoder.set_limits(png::Limits { bytes: usize::try_from(most_bytes).unwrap_or(usize::MAX) });
        let mut reader = decoder.read_info().map_err(|error| damaged(error, limits))?;
        let (model, samples) =
            read_samples(bytes, &mut reader, size).map_err(|error| damaged(error, limits))?;
        let geometry = Geometry { size, orientation: header::orientation(bytes, limits) };
        let encoding = significant(reader.info()).filter(|_| matches!(samples, Samples::U16(_)));
        let mut frames = vec![Frame { geometry, encoding, ..Frame::whole(size, model, samples) }];
        let profile = colour::settle(&mut frames, colours(reader.info()), decode);
        Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile })
    }

    fn encode(&self, image: &Image, options: &Encode) -> Result<Vec<u8>> {
        let _ = options;
        Ok(encode::encode(image)?)
    }
}

/// Most bytes of an expanded pixel: a `tRNS` chunk, which comes later, adds alpha.
fn pixel_bytes(info: &Info) -> u32 {
    let channels = match info.color_type {
        ColorType::Grayscale | ColorType::GrayscaleAlpha => 2,
        ColorType::Rgb | ColorType::Rgba | ColorType::Indexed => 4,
    };
    channels * (info.bit_depth as u32).div_ceil(8)
}

/// Decodes the default image of the file `bytes`, of which `reader` has read the header.
fn read_samples(
    bytes: &[u8],
    reader: &mut Reader<Cursor<&[u8]>>,
    size: Size,
) -> Result<(Model, Samples), DecodingError> {
    let (colours, depth) = reader.output_color_type();
    let model = match colours {
        ColorType::Grayscale => Model::Grey,
        ColorType::GrayscaleAlpha => Model::GreyAlpha,
        // Palettes are expanded.
        ColorType::Rgb | ColorType::Indexed => Model::Rgb,
        ColorType::Rgba => Model::Rgba,
    };
    let row = size.w as usize * usize::from(model.channels());
    if depth != png::BitDepth::Sixteen {
        let samples = match read_common(bytes, reader.info()) {
            Some(samples) => samples,
            None => read_rows(reader, row, size.h)?,
        };
        return Ok((model, Samples::U8(samples)));
    }
    let mut samples = read_rows(reader, row, size.h)?;
    for sample in &mut samples {
        *sample = u16::from_be(*sample);
    }
    Ok((model, Samples::U16(samples)))
}

/// There is no faster way to pictures of the commonest kind here.
#[cfg(not(target_arch = "x86_64"))]
fn read_common(_: &[u8], _: &Info) -> Option<Vec<u8>> {
    None
}

/// Decodes `rows` of `row` samples each.
fn read_rows<T: Pod>(
    reader: &mut Reader<Cursor<&[u8]>>,
    row: usize,
    rows: u32,
) -> Result<Vec<T>, DecodingError> {
    let count = row * rows as usize;
    if reader.info().interlaced {
        let mut samples = vec![T::zeroed(); count];
        reader.next_frame(bytemuck::cast_slice_mut(&mut samples))?;
        return Ok(samples);
    }
    // A row is cleared just before it is read: clearing all at once goes through memory once more.
    let mut samples = Vec::with_capacity(count);
    while samples.len() < count {
        let start = samples.len();
        samples.resize(start + row, T::zeroed());
        reader.read_row(bytemuck::cast_slice_mut(&mut samples[start..]))?;
    }
    // What follows the last row, up to the checksum.
    reader.read_row(&mut [])?;
    Ok(samples)
}

/// How many bits the samples had before they were scaled to sixteen (section 11.3.2.4), if they say so and had
/// as many in every channel.
fn significant(info: &Info) -> Option<SampleEncoding> {
    let bits = info.sbit.as_deref()?;
    let &first = bits.first().filter(|first| (1..16).contains(*first))?;
    bits.iter().all(|other| *other == first).then_some(SampleEncoding { bits: first, is_signed: false })
}

/// The profile that the chunks before the pixels state, in their order of precedence (section 4.3): `cICP`,
/// `iCCP`, `sRGB`, `gAMA` with `cHRM`. `None` for sRGB.
fn colours(info: &Info) -> Option<Vec<u8>> {
    let points = info.coding_independent_code_points;
    let coded = points.and_then(|it| profile::from_cicp(it.color_primaries, it.transfer_function));
    if coded.is_some() {
        return coded;
    }
    if let Some(icc) = &info.icc_profile {
        return Some(icc.to_vec());
    }
    if info.srgb.is_some() || points.is_some() {
        return None;
    }
    // Chromaticities without a curve say nothing (section 11.3.2.1 asks for both).
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
            CodecError::TooMuchMetadata { codec: "png", max_bytes: limits.max_metadata_bytes }
        }
        error => CodecError::Damaged("png", Box::new(error)),
    }
}
