//! Conversion between frames and the planes of the JPEG decoder and encoder.

use super::{FORMAT, MAX_MCU_SIDE};
use crate::{colour, error::CodecError, samples};
use safelight_core::{
    Chroma, Cost, Decode, Encode, Frame, Geometry, Image, Model, Orientation, Plane, Result, SampleEncoding,
    Samples, Size, Stop, View,
    frame::{interleave, rgb_from_ycc},
};
use safelight_jpeg::{
    decode::{Coding, ColourModel, Component, Header, Planes, Scales},
    downsample,
    encode::{self, Options},
    ycbcr,
};
use std::borrow::Cow;

/// The default quality.
pub(super) const DEFAULT_QUALITY: u8 = 80;
/// The lowest quality at which chroma keeps its resolution, so that coloured edges stay sharp, as in libvips and
/// libjpeg-turbo's tools.
const FULL_CHROMA_QUALITY: u8 = 90;
/// The longest side of a JPEG (T.81 B.2.2).
const MAX_SIDE: u32 = 65_535;
/// The minimum of decoded samples for each needed one. A reduced transform has a sharp cut-off at the highest frequency
/// of its samples; below this margin, the cut-off reaches into the frequencies that the resize keeps.
/// `docs/decisions/0060-jpeg-scale-margin.md` has the measurement.
const MARGIN: f64 = 1.5;

/// Pixels for each sample of chroma in the output for `options`.
pub(super) fn chroma(options: &Encode) -> (u8, u8) {
    let by_quality = || if quality(options) < FULL_CHROMA_QUALITY { Chroma::Half } else { Chroma::Full };
    match options.chroma.unwrap_or_else(by_quality) {
        Chroma::Half => (2, 2),
        Chroma::Full => (1, 1),
    }
}

fn quality(options: &Encode) -> u8 {
    options.quality.unwrap_or(DEFAULT_QUALITY).clamp(1, 100)
}

/// The cheapest scales at which every plane has the samples that `decode` needs.
pub(super) fn scales(header: &Header, decode: &Decode) -> Scales {
    if header.coding == Coding::Lossless {
        return Scales { first: 8, others: 8 };
    }
    let size = Size::new(header.width, header.height);
    let eighths = |step: (f64, f64), wanted: (u8, u8)| {
        let axis = |side: u32, step: f64, needed: u32, wanted: u8| {
            let samples = f64::from(side) / step;
            let needed = f64::from(needed) / f64::from(wanted) * MARGIN;
            // A whole number with a rounding error is not rounded up.
            (8.0 * needed / samples - 1e-6).ceil().clamp(1.0, 8.0) as u8
        };
        let across = axis(size.w, step.0, decode.needed.w, wanted.0);
        match across.max(axis(size.h, step.1, decode.needed.h, wanted.1)) {
            // Costs as much as the full size.
            7 => 8,
            eighths => eighths,
        }
    };
    let wanted = if is_interleaved(header) { (1, 1) } else { decode.chroma };
    let [first, others @ ..] = &*header.steps() else { return Scales { first: 8, others: 8 } };
    let others = others.iter().map(|step| eighths(*step, wanted)).max().unwrap_or(8);
    Scales { first: eighths(*first, (1, 1)), others }
}

/// Whether the planes become RGB: all components of a frame cover the same number of pixels or more than luma, or have
/// more than 8 bits, which frames of luma and chroma do not.
///
/// T.81 A.1.1 lets any component have the most samples. Frames of luma and chroma have a luma sample for each pixel at
/// full size, so a file whose luma is coarser than a chroma component does not fit.
pub(super) fn is_interleaved(header: &Header) -> bool {
    match header.colour_model {
        ColourModel::Ycc if header.is_wide() => true,
        ColourModel::Ycc => header.steps().first().is_some_and(|luma| *luma != (1.0, 1.0)),
        ColourModel::Rgb => true,
        _ => false,
    }
}

/// The cost of a decode, its result included.
pub(super) fn decode_cost(header: &Header, decode: &Decode) -> Cost {
    /// Nanoseconds for each pixel of the source: entropy decode of one scan.
    const SCAN_NS: u64 = 3;
    /// Nanoseconds for each pixel of the source whose coefficients arrive in several scans.
    const PROGRESSIVE_NS: u64 = 12;
    /// Nanoseconds for each pixel of the source whose coefficients are in arithmetic coding, all scans together: 45 at
    /// quality 75, 175 at quality 98.
    const ARITHMETIC_NS: u64 = 100;
    /// Nanoseconds for each pixel of the source of 12 bits or in lossless coding: 70 and 95.
    const WIDE_NS: u64 = 80;
    /// Nanoseconds for each decoded pixel: the inverse transform.
    const SAMPLE_NS: u64 = 3;
    let scales = scales(header, decode);
    // The planes and the pixels of RGB, if they become that, exist at once. No grid is finer than whole MCUs at the larger
    // scale.
    let eighths = u64::from(scales.first.max(scales.others));
    let side = |pixels: u32| ((u64::from(pixels) + MAX_MCU_SIDE) * eighths).div_ceil(8);
    let sample_bytes = if header.is_wide() { 2 } else { 1 };
    let rgb_bytes = 3 * sample_bytes * side(header.width) * side(header.height);
    let source = u64::from(header.width) * u64::from(header.height);
    let scan_ns = match header.coding {
        Coding::Arithmetic => ARITHMETIC_NS,
        Coding::Lossless => WIDE_NS,
        Coding::Huffman if header.is_wide() => WIDE_NS,
        Coding::Huffman if header.is_progressive => PROGRESSIVE_NS,
        Coding::Huffman => SCAN_NS,
    };
    let cpu_ns = source * scan_ns + decoded_size(header, decode).pixels() * SAMPLE_NS;
    Cost::new(header.memory(scales, true) + rgb_bytes, cpu_ns)
}

/// The size of the first plane of a decode, which is the largest, unless chroma is finer than luma.
pub(super) fn decoded_size(header: &Header, decode: &Decode) -> Size {
    let Scales { first, others } = scales(header, decode);
    let eighths = u64::from(first.max(others));
    // Planes are whole MCUs.
    let scaled = |side: u32| ((u64::from(side) + MAX_MCU_SIDE - 1) * eighths).div_ceil(8) as u32;
    Size::new(scaled(header.width), scaled(header.height))
}

/// The cost of an encode of an image of `size`.
pub(super) fn encode_cost(size: Size, options: &Encode) -> Cost {
    /// Coefficients of 16 bits of the padded planes, and the file, whose buffer grows to twice its size.
    const PIXEL_BYTES: u64 = 12;
    const FULL_CHROMA_PIXEL_BYTES: u64 = 24;
    const WORK_BYTES: u64 = 1 << 20;
    /// Nanoseconds for each pixel; a progressive file is coded in several scans.
    const PIXEL_NS: u64 = 15;
    const PROGRESSIVE_NS: u64 = 30;
    let ns = if options.progressive { PROGRESSIVE_NS } else { PIXEL_NS };
    let bytes = if chroma(options) == (1, 1) { FULL_CHROMA_PIXEL_BYTES } else { PIXEL_BYTES };
    Cost::new(size.pixels() * bytes + WORK_BYTES, size.pixels() * ns)
}

/// Converts `planes` to an image; `is_interleaved` is [`is_interleaved`] of their header.
pub(super) fn image(
    planes: Planes,
    is_interleaved: bool,
    orientation: Orientation,
    decode: &Decode,
) -> Result<Image> {
    let stored = SampleEncoding { bits: 8, is_signed: false };
    assemble(planes, Samples::U8, stored, is_interleaved, orientation, decode)
}

/// Converts `planes` of `bits` bits to an image of 8 bits, or of 16 where 8 are too few.
pub(super) fn wide_image(
    planes: Planes<u16>,
    bits: u8,
    orientation: Orientation,
    decode: &Decode,
) -> Result<Image> {
    let stored = SampleEncoding { bits, is_signed: false };
    let scaled = |samples: Vec<u16>| {
        if bits <= 8 {
            Samples::U8(samples.into_iter().map(|sample| stored.sample(sample, 255) as u8).collect())
        } else {
            Samples::U16(samples.into_iter().map(|sample| stored.sample(sample, u16::MAX)).collect())
        }
    };
    assemble(planes, scaled, stored, true, orientation, decode)
}

/// Makes an image of planes whose samples are `scaled` from the range that is `stored`.
fn assemble<S>(
    planes: Planes<S>,
    scaled: impl Fn(Vec<S>) -> Samples,
    stored: SampleEncoding,
    is_interleaved: bool,
    orientation: Orientation,
    decode: &Decode,
) -> Result<Image> {
    let Planes { width, height, colour_model, components, profile, .. } = planes;
    let size = Size::new(width, height);
    let view = View::whole(size);
    let plane = |Component { samples, w, h, step }: Component<S>| Plane {
        size: Size::new(w as u32, h as u32),
        channels: 1,
        samples: scaled(samples),
        step,
    };
    let planes: Vec<_> = components.into_iter().map(plane).collect();
    let is_wide = 8 < stored.bits;
    let (model, planes) = match colour_model {
        ColourModel::Grey => (Model::Grey, planes),
        ColourModel::Ycc if is_interleaved && is_wide => {
            let rgb = interleave(&planes, view, |y, blue, red| rgb_from_wide_ycc(stored, y, blue, red))?;
            (Model::Rgb, vec![rgb])
        }
        ColourModel::Ycc if is_interleaved => (Model::Rgb, vec![interleave(&planes, view, rgb_from_ycc)?]),
        ColourModel::Ycc => (Model::Ycc { chroma: decode.chroma }, planes),
        ColourModel::Rgb if is_wide => {
            (Model::Rgb, vec![interleave(&planes, view, |r: u16, g, b| [r, g, b])?])
        }
        ColourModel::Rgb => (Model::Rgb, vec![interleave(&planes, view, |r: u8, g, b| [r, g, b])?]),
        ColourModel::Cmyk | ColourModel::Ycck => {
            return Err(CodecError::Damaged(FORMAT, "planes of four components".into()).into());
        }
    };
    let geometry = Geometry { size, orientation };
    // RGB from luma and chroma has no stored values.
    let is_stored = !matches!(stored.bits, 8 | 16) && colour_model != ColourModel::Ycc;
    let encoding = is_stored.then_some(stored);
    let mut frames = vec![Frame { geometry, view, model, planes, encoding }];
    let profile = colour::to_srgb(&mut frames, profile, decode);
    Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile })
}

/// Converts one pixel by the equations of JFIF 1.02. Samples are 0 to 65 535, scaled from those `stored`, whose zero of
/// chroma is half of their range, rounded up.
fn rgb_from_wide_ycc(stored: SampleEncoding, y: u16, blue: u16, red: u16) -> [u16; 3] {
    let zero = i64::from(stored.sample(1 << (stored.bits - 1), u16::MAX));
    let (y, blue, red) = ((i64::from(y) << 16) + (1 << 15), i64::from(blue) - zero, i64::from(red) - zero);
    let clamped = |value: i64| (value >> 16).clamp(0, 65_535) as u16;
    // 1.402, 0.344136, 0.714136 and 1.772.
    [clamped(y + 91_881 * red), clamped(y - 22_554 * blue - 46_802 * red), clamped(y + 116_130 * blue)]
}

/// Encodes the first frame of `image`.
pub(super) fn encode(image: &Image, options: &Encode, stop: &Stop) -> Result<Vec<u8>> {
    let not_encoded = |what: &'static str| CodecError::NotEncoded(FORMAT, what.into());
    let frame = image.frames.first().ok_or_else(|| not_encoded("an image without frames"))?;
    let size = frame.geometry.size;
    let (Ok(width), Ok(height)) = (u16::try_from(size.w), u16::try_from(size.h)) else {
        return Err(CodecError::TooLong { format: FORMAT, size, max: MAX_SIDE }.into());
    };
    let planes = encoder_planes(frame, options).ok_or_else(|| not_encoded("planes that are not whole"))?;
    let options = Options {
        quality: quality(options),
        is_progressive: options.progressive,
        icc: image.profile.as_deref(),
        exif: None,
        is_interrupted: Some(&|| stop.check().is_err()),
    };
    let image = encode::Image { width, height, planes: planes.as_planes() };
    let encoded = encode::encode(&image, &options);
    stop.check()?;
    Ok(encoded.map_err(|error| CodecError::NotEncoded(FORMAT, Box::new(error)))?)
}

/// A plane, borrowed from the frame or made for the encoder.
struct PlaneRef<'a> {
    samples: Cow<'a, [u8]>,
    size: Size,
}

/// The planes to be encoded.
enum EncoderPlanes<'a> {
    Grey(PlaneRef<'a>),
    Ycc { planes: [PlaneRef<'a>; 3], chroma: encode::Chroma },
}

/// The planes of `frame`, with chroma no finer than `options` require; `None` if they are not whole.
fn encoder_planes<'a>(frame: &'a Frame, options: &Encode) -> Option<EncoderPlanes<'a>> {
    let planes = match frame.model {
        Model::Ycc { .. } => from_ycc(frame)?,
        _ => from_pixels(frame, options.background)?,
    };
    let EncoderPlanes::Ycc { planes: [y, cb, cr], chroma: encode::Chroma::Full } = planes else {
        return Some(planes);
    };
    if chroma(options) == (1, 1) {
        return Some(EncoderPlanes::Ycc { planes: [y, cb, cr], chroma: encode::Chroma::Full });
    }
    Some(EncoderPlanes::Ycc { planes: [y, cb.halved(), cr.halved()], chroma: encode::Chroma::Quarter })
}

fn from_ycc(frame: &Frame) -> Option<EncoderPlanes<'_>> {
    let [y, cb, cr] = frame.planes.as_slice() else { return None };
    (y.step == (1.0, 1.0)).then_some(())?;
    let chroma = match cb.step {
        step if step != cr.step => None,
        (1.0, 1.0) => Some(encode::Chroma::Full),
        (2.0, 1.0) => Some(encode::Chroma::HalfWidth),
        (1.0, 2.0) => Some(encode::Chroma::HalfHeight),
        (2.0, 2.0) => Some(encode::Chroma::Quarter),
        _ => None,
    };
    let Some(chroma) = chroma else {
        // The source's chroma has a resolution that the encoder does not write, or two.
        return from_pixels(&frame.clone().into_rgb().ok()?, [0; 3]).map(EncoderPlanes::into_owned);
    };
    Some(EncoderPlanes::Ycc { planes: [plane_ref(y)?, plane_ref(cb)?, plane_ref(cr)?], chroma })
}

/// Converts pixels of any model, composited over `background`.
fn from_pixels(frame: &Frame, background: [u8; 3]) -> Option<EncoderPlanes<'_>> {
    let plane = samples::whole(frame)?;
    let (samples, model) = samples::composite_over(samples::to_u8(&plane.samples), frame.model, background);
    let size = plane.size;
    if model == Model::Grey {
        return Some(EncoderPlanes::Grey(PlaneRef { samples, size }));
    }
    let mut planes = [(); 3].map(|()| vec![0; size.pixels() as usize]);
    let [y, cb, cr] = &mut planes;
    ycbcr::from_rgb(&samples, y, cb, cr);
    let planes = planes.map(|samples| PlaneRef { samples: samples.into(), size });
    Some(EncoderPlanes::Ycc { planes, chroma: encode::Chroma::Full })
}

/// Borrows `plane`, if it has one channel of 8 bits.
fn plane_ref(plane: &Plane) -> Option<PlaneRef<'_>> {
    match &plane.samples {
        Samples::U8(samples) if plane.channels == 1 => {
            Some(PlaneRef { samples: samples.into(), size: plane.size })
        }
        _ => None,
    }
}

impl PlaneRef<'_> {
    /// Halves the resolution.
    fn halved(&self) -> PlaneRef<'static> {
        let size = Size::new(self.size.w.div_ceil(2), self.size.h.div_ceil(2));
        let mut samples = vec![0; size.pixels() as usize];
        let w = (self.size.w as usize).max(1);
        let rows = samples.chunks_exact_mut((size.w as usize).max(1));
        for (two, row) in self.samples.chunks(2 * w).zip(rows) {
            let (upper, lower) = two.split_at(w);
            downsample::two_by_two(upper, if lower.is_empty() { upper } else { lower }, row);
        }
        PlaneRef { samples: samples.into(), size }
    }

    fn as_plane(&self) -> encode::Plane<'_> {
        let (w, h) = (self.size.w as usize, self.size.h as usize);
        encode::Plane { samples: &self.samples, stride: w, w, h }
    }

    fn into_owned(self) -> PlaneRef<'static> {
        PlaneRef { samples: self.samples.into_owned().into(), size: self.size }
    }
}

impl EncoderPlanes<'_> {
    fn as_planes(&self) -> encode::Planes<'_> {
        match self {
            Self::Grey(plane) => encode::Planes::Grey(plane.as_plane()),
            Self::Ycc { planes: [y, cb, cr], chroma } => {
                let planes = [y.as_plane(), cb.as_plane(), cr.as_plane()];
                encode::Planes::Ycc { planes, chroma: *chroma }
            }
        }
    }

    fn into_owned(self) -> EncoderPlanes<'static> {
        match self {
            Self::Grey(plane) => EncoderPlanes::Grey(plane.into_owned()),
            Self::Ycc { planes, chroma } => {
                EncoderPlanes::Ycc { planes: planes.map(PlaneRef::into_owned), chroma }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_conversion_follows_jfif() {
        for bits in [12, 16] {
            let stored = SampleEncoding { bits, is_signed: false };
            let max = (1_u32 << bits) - 1;
            let levels = || (0..=8).map(|eighth| (max * eighth).div_ceil(8) as u16);
            let pixels = levels().flat_map(|y| levels().flat_map(move |b| levels().map(move |r| [y, b, r])));
            for pixel in pixels {
                let [y, blue, red] = pixel.map(|value| stored.sample(value, u16::MAX));
                let found = rgb_from_wide_ycc(stored, y, blue, red);
                let [y, blue, red] = pixel.map(f64::from);
                let (blue, red) = (blue - f64::from(max / 2 + 1), red - f64::from(max / 2 + 1));
                let exact = [y + 1.402 * red, y - 0.344_136 * blue - 0.714_136 * red, y + 1.772 * blue];
                for (found, exact) in found.into_iter().zip(exact) {
                    let exact = exact.clamp(0.0, f64::from(max)) * 65_535.0 / f64::from(max);
                    // A level of 12 bits is 16.
                    assert!((f64::from(found) - exact).abs() < 3.0, "{pixel:?}: {found}, {exact}");
                }
            }
        }
    }
}
