//! Between frames and the planes of the decoder and of the encoder.

use crate::{colour, error::CodecError, samples};
use safelight_core::{
    Decode, Encode, Frame, Geometry, Image, Model, Orientation, Plane, Result, Samples, Size, View,
};
use safelight_jpeg::{
    decode::{Colours, Component, Header, Planes, Scales},
    downsample,
    encode::{self, Chroma, Options, Picture},
    ycbcr,
};
use std::borrow::Cow;

/// The quality that nobody asked for.
const QUALITY: u8 = 80;
/// From here on chroma keeps its resolution, as in libvips and libjpeg-turbo's tools: who asks for so much
/// wants coloured edges sharp.
const QUALITY_OF_FULL_CHROMA: u8 = 90;
/// T.81 B.2.2.
const MOST_SIDE: u32 = 65_535;
/// Samples that are decoded for one that is needed, at least. A reduced transform cuts off sharply at the
/// frequency that its samples can hold: with 1.25 it reached into what the resize keeps, and photos came out
/// as far as 39 dB from those of a full decode; with this it is 44 dB and more.
const MARGIN: f64 = 1.5;

/// Pixels that a sample of chroma stands for in what `options` encode to.
pub(super) fn chroma(options: &Encode) -> (u8, u8) {
    if quality(options) < QUALITY_OF_FULL_CHROMA { (2, 2) } else { (1, 1) }
}

fn quality(options: &Encode) -> u8 {
    options.quality.unwrap_or(QUALITY).clamp(1, 100)
}

/// The cheapest scales that give no plane less than what is needed of it.
pub(super) fn scales(header: &Header, decode: &Decode) -> Scales {
    let size = Size::new(header.width, header.height);
    let eighths = |step: (f64, f64), wanted: (u8, u8)| {
        let axis = |side: u32, step: f64, needed: u32, wanted: u8| {
            let samples = f64::from(side) / step;
            let needed = f64::from(needed) / f64::from(wanted) * MARGIN;
            // What is whole but for the arithmetic is not rounded up.
            (8.0 * needed / samples - 1e-6).ceil().clamp(1.0, 8.0) as u8
        };
        let across = axis(size.w, step.0, decode.needed.w, wanted.0);
        match across.max(axis(size.h, step.1, decode.needed.h, wanted.1)) {
            // Costs as much as all of it.
            7 => 8,
            eighths => eighths,
        }
    };
    let wanted = if header.colours == Colours::Ycc { decode.chroma } else { (1, 1) };
    let [first, others @ ..] = &*header.steps() else { return Scales { first: 8, others: 8 } };
    let others = others.iter().map(|step| eighths(*step, wanted)).max().unwrap_or(8);
    Scales { first: eighths(*first, (1, 1)), others }
}

/// Most bytes that a decode holds, its result included.
pub(super) fn memory(header: &Header, decode: &Decode) -> u64 {
    header.memory(scales(header, decode), true)
}

/// The image that `planes` are.
pub(super) fn image(planes: Planes, orientation: Orientation, decode: &Decode) -> Result<Image> {
    let size = Size::new(planes.width, planes.height);
    let (model, planes, profile) = match planes.colours {
        Colours::Grey => (Model::Grey, planes.components.into_iter().map(plane).collect(), planes.profile),
        Colours::Ycc => {
            let chroma = decode.chroma;
            (Model::Ycc { chroma }, planes.components.into_iter().map(plane).collect(), planes.profile)
        }
        Colours::Rgb => (Model::Rgb, vec![interleaved(&planes.components)?], planes.profile),
    };
    let geometry = Geometry { size, orientation };
    let mut frames = vec![Frame { geometry, view: View::whole(size), model, planes, encoding: None }];
    let profile = colour::settle(&mut frames, profile, decode);
    Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile })
}

fn plane(component: Component) -> Plane {
    let Component { samples, w, h, step } = component;
    Plane { size: Size::new(w as u32, h as u32), channels: 1, samples: Samples::U8(samples), step }
}

/// Red, green and blue as pixels.
fn interleaved(components: &[Component]) -> Result<Plane, CodecError> {
    let strange = || CodecError::Damaged("jpeg", "red, green and blue of different sizes".into());
    let [red, green, blue] = components else { return Err(strange()) };
    if [green, blue].iter().any(|other| (other.w, other.h) != (red.w, red.h)) {
        return Err(strange());
    }
    let pixels = red.samples.iter().zip(&green.samples).zip(&blue.samples);
    let samples = pixels.flat_map(|((r, g), b)| [*r, *g, *b]).collect();
    let size = Size::new(red.w as u32, red.h as u32);
    Ok(Plane { size, channels: 3, samples: Samples::U8(samples), step: red.step })
}

/// Encodes the first frame of `image`.
pub(super) fn encode(image: &Image, options: &Encode) -> Result<Vec<u8>> {
    let refused = |what: &'static str| CodecError::NotEncoded("jpeg", what.into());
    let frame = image.frames.first().ok_or_else(|| refused("an image without frames"))?;
    let size = frame.geometry.size;
    let (Ok(width), Ok(height)) = (u16::try_from(size.w), u16::try_from(size.h)) else {
        return Err(CodecError::TooLong { codec: "jpeg", size, max: MOST_SIDE }.into());
    };
    let sheets = sheets(frame, options).ok_or_else(|| refused("planes that are not whole"))?;
    let options = Options {
        quality: quality(options),
        is_progressive: options.progressive,
        icc: image.profile.as_deref(),
        exif: None,
    };
    let encoded = encode::encode(&Picture { width, height, planes: sheets.planes() }, &options);
    Ok(encoded.map_err(|error| CodecError::NotEncoded("jpeg", Box::new(error)))?)
}

/// A plane, of the frame or made for the encoder.
struct Sheet<'a> {
    samples: Cow<'a, [u8]>,
    size: Size,
}

/// What is encoded.
enum Sheets<'a> {
    Grey(Sheet<'a>),
    Ycc { sheets: [Sheet<'a>; 3], chroma: Chroma },
}

/// The planes of `frame`, with chroma no finer than `options` want it; `None` if they are not whole.
fn sheets<'a>(frame: &'a Frame, options: &Encode) -> Option<Sheets<'a>> {
    let sheets = match frame.model {
        Model::Ycc { .. } => of_ycc(frame)?,
        _ => of_pixels(frame, options.background)?,
    };
    let Sheets::Ycc { sheets: [y, cb, cr], chroma: Chroma::Full } = sheets else { return Some(sheets) };
    if chroma(options) == (1, 1) {
        return Some(Sheets::Ycc { sheets: [y, cb, cr], chroma: Chroma::Full });
    }
    Some(Sheets::Ycc { sheets: [y, cb.halved(), cr.halved()], chroma: Chroma::Quarter })
}

fn of_ycc(frame: &Frame) -> Option<Sheets<'_>> {
    let [y, cb, cr] = frame.planes.as_slice() else { return None };
    let chroma = match cb.step {
        (1.0, 1.0) => Chroma::Full,
        (2.0, 1.0) => Chroma::HalfWidth,
        (1.0, 2.0) => Chroma::HalfHeight,
        (2.0, 2.0) => Chroma::Quarter,
        // Chroma that is coarser than files usually have it.
        _ => return of_pixels(&frame.clone().into_rgb().ok()?, [0; 3]).map(Sheets::into_owned),
    };
    (cr.step == cb.step && y.step == (1.0, 1.0)).then_some(())?;
    Some(Sheets::Ycc { sheets: [sheet(y)?, sheet(cb)?, sheet(cr)?], chroma })
}

/// Pixels of any model, on `background`.
fn of_pixels(frame: &Frame, background: [u8; 3]) -> Option<Sheets<'_>> {
    let plane = samples::whole(frame)?;
    let (samples, model) = samples::flatten(samples::eight(&plane.samples), frame.model, background);
    let size = plane.size;
    if model == Model::Grey {
        return Some(Sheets::Grey(Sheet { samples, size }));
    }
    let mut planes = [(); 3].map(|()| vec![0; size.pixels() as usize]);
    let [y, cb, cr] = &mut planes;
    ycbcr::from_rgb(&samples, y, cb, cr);
    let sheets = planes.map(|samples| Sheet { samples: samples.into(), size });
    Some(Sheets::Ycc { sheets, chroma: Chroma::Full })
}

/// `plane` as it is, if it is of one channel of 8 bits.
fn sheet(plane: &Plane) -> Option<Sheet<'_>> {
    match &plane.samples {
        Samples::U8(samples) if plane.channels == 1 => {
            Some(Sheet { samples: samples.into(), size: plane.size })
        }
        _ => None,
    }
}

impl Sheet<'_> {
    /// At half the resolution.
    fn halved(&self) -> Sheet<'static> {
        let size = Size::new(self.size.w.div_ceil(2), self.size.h.div_ceil(2));
        let mut samples = vec![0; size.pixels() as usize];
        let w = (self.size.w as usize).max(1);
        let rows = samples.chunks_exact_mut((size.w as usize).max(1));
        for (two, row) in self.samples.chunks(2 * w).zip(rows) {
            let (upper, lower) = two.split_at(w);
            downsample::two_by_two(upper, if lower.is_empty() { upper } else { lower }, row);
        }
        Sheet { samples: samples.into(), size }
    }

    fn plane(&self) -> encode::Plane<'_> {
        let (w, h) = (self.size.w as usize, self.size.h as usize);
        encode::Plane { samples: &self.samples, stride: w, w, h }
    }

    fn into_owned(self) -> Sheet<'static> {
        Sheet { samples: self.samples.into_owned().into(), size: self.size }
    }
}

impl Sheets<'_> {
    fn planes(&self) -> encode::Planes<'_> {
        match self {
            Self::Grey(sheet) => encode::Planes::Grey(sheet.plane()),
            Self::Ycc { sheets: [y, cb, cr], chroma } => {
                encode::Planes::Ycc { planes: [y.plane(), cb.plane(), cr.plane()], chroma: *chroma }
            }
        }
    }

    fn into_owned(self) -> Sheets<'static> {
        match self {
            Self::Grey(sheet) => Sheets::Grey(sheet.into_owned()),
            Self::Ycc { sheets, chroma } => Sheets::Ycc { sheets: sheets.map(Sheet::into_owned), chroma },
        }
    }
}
