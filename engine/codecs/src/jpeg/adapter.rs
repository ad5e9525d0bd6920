//! Conversion between frames and the planes of the JPEG decoder and encoder.

use super::FORMAT;
use crate::{colour, error::CodecError, samples};
use safelight_core::{
    Cost, Decode, Encode, Frame, Geometry, Image, Model, Orientation, Plane, Result, Samples, Size, View,
};
use safelight_jpeg::{
    decode::{ColourModel, Component, Header, Planes, Scales},
    downsample,
    encode::{self, Chroma, Options},
    ycbcr,
};
use std::borrow::Cow;

/// The default quality.
const DEFAULT_QUALITY: u8 = 80;
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
    if quality(options) < FULL_CHROMA_QUALITY { (2, 2) } else { (1, 1) }
}

fn quality(options: &Encode) -> u8 {
    options.quality.unwrap_or(DEFAULT_QUALITY).clamp(1, 100)
}

/// The cheapest scales at which every plane has the samples that `decode` needs.
pub(super) fn scales(header: &Header, decode: &Decode) -> Scales {
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
    let wanted = if header.colour_model == ColourModel::Ycc { decode.chroma } else { (1, 1) };
    let [first, others @ ..] = &*header.steps() else { return Scales { first: 8, others: 8 } };
    let others = others.iter().map(|step| eighths(*step, wanted)).max().unwrap_or(8);
    Scales { first: eighths(*first, (1, 1)), others }
}

/// The cost of a decode, its result included.
pub(super) fn decode_cost(header: &Header, decode: &Decode) -> Cost {
    /// Nanoseconds for each pixel of the source: entropy decode of one scan.
    const SCAN_NS: u64 = 3;
    /// Nanoseconds for each pixel of the source whose coefficients arrive in several scans.
    const PROGRESSIVE_NS: u64 = 12;
    /// Nanoseconds for each decoded pixel: the inverse transform.
    const SAMPLE_NS: u64 = 3;
    let scales = scales(header, decode);
    let source = u64::from(header.width) * u64::from(header.height);
    let scan_ns = if header.is_progressive { PROGRESSIVE_NS } else { SCAN_NS };
    let cpu_ns = source * scan_ns + decoded_size(header, decode).pixels() * SAMPLE_NS;
    Cost::new(header.memory(scales, true), cpu_ns)
}

/// The size of the first plane of a decode, which is the largest, unless chroma is finer than luma.
pub(super) fn decoded_size(header: &Header, decode: &Decode) -> Size {
    let Scales { first, others } = scales(header, decode);
    let eighths = u64::from(first.max(others));
    let scaled = |side: u32| (u64::from(side) * eighths).div_ceil(8) as u32;
    Size::new(scaled(header.width), scaled(header.height))
}

/// The cost of an encode of an image of `size`.
pub(super) fn encode_cost(size: Size, options: &Encode) -> Cost {
    /// Coefficients of 16 bits of the padded planes, and the file.
    const PIXEL_BYTES: u64 = 10;
    const WORK_BYTES: u64 = 1 << 20;
    /// Nanoseconds for each pixel; a progressive file is coded in several scans.
    const PIXEL_NS: u64 = 15;
    const PROGRESSIVE_NS: u64 = 30;
    let ns = if options.progressive { PROGRESSIVE_NS } else { PIXEL_NS };
    Cost::new(size.pixels() * PIXEL_BYTES + WORK_BYTES, size.pixels() * ns)
}

/// Converts `planes` to an image.
pub(super) fn image(planes: Planes, orientation: Orientation, decode: &Decode) -> Result<Image> {
    let size = Size::new(planes.width, planes.height);
    let Planes { components, profile, .. } = planes;
    let (model, planes) = match planes.colour_model {
        ColourModel::Grey => (Model::Grey, components.into_iter().map(plane).collect()),
        ColourModel::Ycc => {
            (Model::Ycc { chroma: decode.chroma }, components.into_iter().map(plane).collect())
        }
        ColourModel::Rgb => (Model::Rgb, vec![interleaved(&components)?]),
        ColourModel::Cmyk | ColourModel::Ycck => {
            return Err(CodecError::Damaged(FORMAT, "planes of four components".into()).into());
        }
    };
    let geometry = Geometry { size, orientation };
    let mut frames = vec![Frame { geometry, view: View::whole(size), model, planes, encoding: None }];
    let profile = colour::to_srgb(&mut frames, profile, decode);
    Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile })
}

fn plane(component: Component) -> Plane {
    let Component { samples, w, h, step } = component;
    Plane { size: Size::new(w as u32, h as u32), channels: 1, samples: Samples::U8(samples), step }
}

/// Interleaves red, green and blue.
fn interleaved(components: &[Component]) -> Result<Plane, CodecError> {
    let uneven = || CodecError::Damaged(FORMAT, "red, green and blue of different sizes".into());
    let [red, green, blue] = components else { return Err(uneven()) };
    if [green, blue].iter().any(|other| (other.w, other.h) != (red.w, red.h)) {
        return Err(uneven());
    }
    let pixels = red.samples.iter().zip(&green.samples).zip(&blue.samples);
    let samples = pixels.flat_map(|((r, g), b)| [*r, *g, *b]).collect();
    let size = Size::new(red.w as u32, red.h as u32);
    Ok(Plane { size, channels: 3, samples: Samples::U8(samples), step: red.step })
}

/// Encodes the first frame of `image`.
pub(super) fn encode(image: &Image, options: &Encode) -> Result<Vec<u8>> {
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
    };
    let image = encode::Image { width, height, planes: planes.as_planes() };
    let encoded = encode::encode(&image, &options);
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
    Ycc { planes: [PlaneRef<'a>; 3], chroma: Chroma },
}

/// The planes of `frame`, with chroma no finer than `options` require; `None` if they are not whole.
fn encoder_planes<'a>(frame: &'a Frame, options: &Encode) -> Option<EncoderPlanes<'a>> {
    let planes = match frame.model {
        Model::Ycc { .. } => from_ycc(frame)?,
        _ => from_pixels(frame, options.background)?,
    };
    let EncoderPlanes::Ycc { planes: [y, cb, cr], chroma: Chroma::Full } = planes else {
        return Some(planes);
    };
    if chroma(options) == (1, 1) {
        return Some(EncoderPlanes::Ycc { planes: [y, cb, cr], chroma: Chroma::Full });
    }
    Some(EncoderPlanes::Ycc { planes: [y, cb.halved(), cr.halved()], chroma: Chroma::Quarter })
}

fn from_ycc(frame: &Frame) -> Option<EncoderPlanes<'_>> {
    let [y, cb, cr] = frame.planes.as_slice() else { return None };
    let chroma = match cb.step {
        (1.0, 1.0) => Chroma::Full,
        (2.0, 1.0) => Chroma::HalfWidth,
        (1.0, 2.0) => Chroma::HalfHeight,
        (2.0, 2.0) => Chroma::Quarter,
        // Chroma is coarser than usual in files.
        _ => return from_pixels(&frame.clone().into_rgb().ok()?, [0; 3]).map(EncoderPlanes::into_owned),
    };
    (cr.step == cb.step && y.step == (1.0, 1.0)).then_some(())?;
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
    Some(EncoderPlanes::Ycc { planes, chroma: Chroma::Full })
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
