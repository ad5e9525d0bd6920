//! Converts samples from the colour profile of their source to sRGB.
//!
//! A profile that cannot be read, or that has other channels than the image, is ignored, and the samples are
//! treated as sRGB, as viewers do. So is one for which the colour engine panics: see [`guard`].

#[cfg(any(feature = "jpeg", feature = "jxl", feature = "psd", feature = "tiff"))]
mod cmyk;
#[cfg(any(feature = "jpeg", feature = "jxl", feature = "psd", feature = "tiff"))]
mod print;
#[cfg(any(feature = "jpeg", feature = "jxl", feature = "psd", feature = "tiff"))]
mod table;

#[cfg(any(feature = "jpeg", feature = "jxl"))]
pub(crate) use cmyk::cmyk_to_rgb;
#[cfg(any(feature = "psd", feature = "tiff"))]
pub(crate) use cmyk::cmyk_to_rgb_with_alpha;

use crate::guard;
use moxcms::{
    ColorProfile, DataColorSpace, Layout, ParsingOptions, RenderingIntent, TransformExecutor,
    TransformOptions,
};
use safelight_containers::icc;
use safelight_core::{ColourClass, Decode, Frame, Model, Profile, Samples};
use std::sync::Arc;

/// The maximum number of bytes that a conversion allocates besides the samples: the encoded profile, its tables as they are
/// read, and the table in use.
pub(crate) const PROFILE_BYTES: u64 = 16 << 20;

/// Returns the same for a profile of `bytes` bytes; 0 for none.
pub(crate) fn profile_cost(bytes: u64) -> u64 {
    /// Tables of a conversion from curves, and the table in use.
    const TABLES: u64 = 3 << 20;
    /// Tables of a profile as it stores them are read to wider numbers.
    const GROWTH: u64 = 8;
    if bytes == 0 { 0 } else { bytes.saturating_mul(GROWTH).saturating_add(TABLES).min(PROFILE_BYTES) }
}
/// The largest profile that is read, in bytes; profiles of printing presses have one or two million.
const MAX_BYTES: usize = 3 << 20;
/// The largest table of a profile that is read, in entries: 17 grid points for each channel of CMYK are 250 563.
const MAX_ENTRIES: usize = 800_000;
/// Pixels that are converted at a time: source and result stay in the first-level cache.
const RUN: usize = 1024;

/// Converts `frames`, of one model and sample type, to sRGB, or leaves them in the profile `source` if they are RGB
/// and `decode` keeps profiles. Returns the profile that they are in, `None` for sRGB.
pub(crate) fn to_srgb(frames: &mut [Frame], source: Option<Vec<u8>>, decode: &Decode) -> Option<Profile> {
    let source = source?;
    let profile = parse(&source)?;
    // Grey becomes RGB where it is padded with a colour or encoded as WebP: its profile would no longer fit.
    let is_grey = matches!(frames.first()?.model, Model::Grey | Model::GreyAlpha);
    if decode.keep_profile && !is_grey && profile.color_space == DataColorSpace::Rgb {
        // Encoders write it, so it must not name a display or its owner.
        if let Some(icc) = icc::without_identity(&source) {
            return Some(Profile::new(icc, ColourClass::Rgb, apply_profile));
        }
    }
    convert_samples(frames, &profile);
    None
}

/// Converts `frames`, of one model and sample type, from the profile `icc` to sRGB. Frames that the profile
/// does not describe are treated as sRGB.
fn apply_profile(frames: &mut [Frame], icc: &[u8]) {
    if let Some(profile) = parse(icc) {
        convert_samples(frames, &profile);
    }
}

/// Converts `frames` from `profile`, unless it does not describe them or changes nothing.
fn convert_samples(frames: &mut [Frame], profile: &ColorProfile) -> Option<()> {
    match frames.first()?.planes.first()?.samples {
        Samples::U8(_) => convert::<u8>(frames, profile),
        Samples::U16(_) => convert::<u16>(frames, profile),
    }
}

/// Applies `transform` to `source`, and returns whether all of `target` was written.
fn apply<S: Sample>(transform: &Transform<S>, source: &[S], target: &mut [S]) -> bool {
    guard::attempt(|| transform.transform(source, target)).is_some_and(|result| result.is_ok())
}

/// Parses a profile; `None` if it is invalid or too large.
fn parse(icc: &[u8]) -> Option<ColorProfile> {
    let options = ParsingOptions {
        max_profile_size: MAX_BYTES,
        max_allowed_clut_size: MAX_ENTRIES,
        ..ParsingOptions::default()
    };
    guard::attempt(|| ColorProfile::new_from_slice_with_options(icc, options))?.ok()
}

/// Converts `frames` from `profile`; `None` if the profile does not fit, or would change nothing.
fn convert<S: Sample>(frames: &mut [Frame], profile: &ColorProfile) -> Option<()> {
    let model = frames.first()?.model;
    let conversion = guard::attempt(|| Conversion::<S>::new(profile, model))??;
    for frame in &mut *frames {
        let nothing = Frame { planes: Vec::new(), ..*frame };
        *frame = std::mem::replace(frame, nothing).into_rgb().ok()?;
    }
    for plane in frames.iter_mut().flat_map(|frame| &mut frame.planes) {
        let channels = usize::from(plane.channels);
        conversion.apply(S::slice(&mut plane.samples)?, channels);
    }
    Some(())
}

/// A conversion of samples of one model to sRGB.
enum Conversion<S> {
    /// The result for each value of grey.
    Grey(Vec<S>),
    /// RGB, with alpha if the layout has it.
    Rgb(Transform<S>),
}

type Transform<S> = Arc<dyn TransformExecutor<S> + Send + Sync>;

/// A sample type.
trait Sample: Copy + Default + Into<u32> {
    /// Every value, in order.
    fn all() -> Vec<Self>;
    /// Scales `part` from 0–255.
    fn from_u8(part: u8) -> Self;
    /// Scales the value to 0–65 535.
    fn widen(self) -> u16;
    /// Scales `wide` from 0–65 535, rounded to the nearest.
    fn round(wide: u16) -> Self;
    /// The samples, if they are of this type.
    fn slice(samples: &mut Samples) -> Option<&mut [Self]>;
    /// A transform from `profile` to sRGB, with alpha if `layout` has it.
    fn transform(profile: &ColorProfile, layout: Layout) -> Option<Transform<Self>>;
}

impl<S: Sample> Conversion<S> {
    /// Returns `None` if `profile` does not fit `model`, or is visually the same as sRGB.
    fn new(profile: &ColorProfile, model: Model) -> Option<Self> {
        match model {
            Model::Grey | Model::GreyAlpha => Self::grey(profile),
            Model::Rgb | Model::Rgba | Model::Ycc { .. } if profile.color_space == DataColorSpace::Rgb => {
                let layout = if model.has_alpha() { Layout::Rgba } else { Layout::Rgb };
                let transform = S::transform(profile, layout)?;
                changes_colours(transform.as_ref(), model).then_some(Self::Rgb(transform))
            }
            Model::Rgb | Model::Rgba | Model::Ycc { .. } => None,
        }
    }

    /// Cameras and programs attach RGB profiles to grey images too; then the profile's neutral axis applies.
    fn grey(profile: &ColorProfile) -> Option<Self> {
        let greys = S::all();
        // Always in 16 bits: the engine's tables for 8 bits truncate.
        let wide: Vec<_> = greys.iter().map(|grey| grey.widen()).collect();
        let converted: Vec<u16> = match profile.color_space {
            DataColorSpace::Gray if profile.gray_trc.is_some() => {
                let level = grey_curve(profile)?;
                wide.into_iter().map(level).collect()
            }
            space @ (DataColorSpace::Gray | DataColorSpace::Rgb) => {
                let is_grey = space == DataColorSpace::Gray;
                let (layout, channels) = if is_grey { (Layout::Gray, 1) } else { (Layout::Rgb, 3) };
                let source: Vec<_> =
                    wide.iter().flat_map(|grey| std::iter::repeat_n(*grey, channels)).collect();
                let mut colours = vec![0; 3 * greys.len()];
                u16::transform(profile, layout)?.transform(&source, &mut colours).ok()?;
                colours.into_iter().skip(1).step_by(3).collect()
            }
            _ => return None,
        };
        let table: Vec<_> = converted.into_iter().map(S::round).collect();
        changes(&greys, &table).then_some(Self::Grey(table))
    }

    fn apply(&self, samples: &mut [S], channels: usize) {
        match self {
            Self::Grey(table) => {
                for sample in samples.iter_mut().step_by(channels) {
                    let value: u32 = (*sample).into();
                    *sample = table[value as usize];
                }
            }
            Self::Rgb(transform) => {
                let mut source = vec![S::default(); RUN * channels];
                for run in samples.chunks_mut(RUN * channels) {
                    let source = &mut source[..run.len()];
                    source.copy_from_slice(run);
                    if !apply(transform, source, run) {
                        run.copy_from_slice(source);
                    }
                }
            }
        }
    }
}

/// The level of sRGB for each level of a grey profile with a curve (ICC.1:2022, 8.3.4): of light, or of lightness.
fn grey_curve(profile: &ColorProfile) -> Option<impl Fn(u16) -> u16> {
    let curve = profile.gray_trc.as_ref()?.make_linear_evaluator().ok()?;
    let is_lightness = profile.pcs == DataColorSpace::Lab;
    Some(move |level: u16| {
        let value = curve.evaluate_value(f32::from(level) / 65_535.0).clamp(0.0, 1.0);
        let light = if is_lightness { light_from_lightness(100.0 * value) } else { value };
        (65_535.0 * encode(light) + 0.5) as u16
    })
}

/// The light, 0 to 1, of a lightness of 0 to 100 (ISO/CIE 11664-4).
fn light_from_lightness(lightness: f32) -> f32 {
    let root = (lightness + 16.0) / 116.0;
    if 6.0 / 29.0 < root { root.powi(3) } else { lightness * (27.0 / 24_389.0) }
}

/// The curve of sRGB, 0 to 1 (IEC 61966-2-1).
fn encode(light: f32) -> f32 {
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// Whether `transform` changes any of 216 colours spread over the cube.
fn changes_colours<S: Sample>(transform: &dyn TransformExecutor<S>, model: Model) -> bool {
    let channels = usize::from(model.channels());
    let steps = [0_u8, 51, 102, 153, 204, 255].map(S::from_u8);
    let colour = |index: usize| [steps[index / 36], steps[index / 6 % 6], steps[index % 6], S::from_u8(255)];
    let colours: Vec<_> = (0..216).flat_map(|index| colour(index).into_iter().take(channels)).collect();
    let mut changed = colours.clone();
    transform.transform(&colours, &mut changed).is_ok() && changes(&colours, &changed)
}

/// Whether any sample changes by more than 1 of 255: less is rounding, not another profile.
fn changes<S: Sample>(before: &[S], after: &[S]) -> bool {
    let tolerance: u32 = S::from_u8(1).into();
    before.iter().zip(after).any(|(before, after)| tolerance < (*before).into().abs_diff((*after).into()))
}

impl Sample for u8 {
    fn all() -> Vec<Self> {
        (0..=Self::MAX).collect()
    }
    fn from_u8(part: u8) -> Self {
        part
    }
    fn widen(self) -> u16 {
        u16::from(self) * 257
    }
    fn round(wide: u16) -> Self {
        ((u32::from(wide) + 128) / 257) as Self
    }
    fn slice(samples: &mut Samples) -> Option<&mut [Self]> {
        match samples {
            Samples::U8(samples) => Some(samples),
            Samples::U16(_) => None,
        }
    }
    fn transform(profile: &ColorProfile, layout: Layout) -> Option<Transform<Self>> {
        with_intents(|options| {
            profile
                .create_transform_8bit(layout, &ColorProfile::new_srgb(), to_layout(profile, layout), options)
                .ok()
        })
    }
}

impl Sample for u16 {
    fn all() -> Vec<Self> {
        (0..=Self::MAX).collect()
    }
    fn from_u8(part: u8) -> Self {
        Self::from(part) * 257
    }
    fn widen(self) -> u16 {
        self
    }
    fn round(wide: u16) -> Self {
        wide
    }
    fn slice(samples: &mut Samples) -> Option<&mut [Self]> {
        match samples {
            Samples::U16(samples) => Some(samples),
            Samples::U8(_) => None,
        }
    }
    fn transform(profile: &ColorProfile, layout: Layout) -> Option<Transform<Self>> {
        with_intents(|options| {
            // Fixed point has 13 fractional bits: too few for 16-bit samples.
            let options = TransformOptions { prefer_fixed_point: false, ..options };
            profile
                .create_transform_16bit(
                    layout,
                    &ColorProfile::new_srgb(),
                    to_layout(profile, layout),
                    options,
                )
                .ok()
        })
    }
}

/// The output layout of a transform from `layout`: with alpha if the input has alpha.
fn to_layout(profile: &ColorProfile, layout: Layout) -> Layout {
    if layout == Layout::Rgba && profile.color_space == DataColorSpace::Rgb {
        Layout::Rgba
    } else {
        Layout::Rgb
    }
}

/// The transform for the first intent that a profile supports; matrix profiles have only one.
fn with_intents<T>(transform: impl Fn(TransformOptions) -> Option<T>) -> Option<T> {
    let intents = [RenderingIntent::Perceptual, RenderingIntent::RelativeColorimetric];
    let options = |rendering_intent| TransformOptions { rendering_intent, ..TransformOptions::default() };
    intents.into_iter().find_map(|intent| transform(options(intent)))
}
