//! PSD and PSB: the composite that Photoshop saves besides the layers, so that other programs can show the file.

mod file;
mod planes;

use crate::animation::drop_opaque_alpha;
use crate::header::check_pixels;
use crate::lab::Lab;
use crate::{colour, guard};
use bytes::Bytes;
use file::{Colours, Composite};
use safelight_core::{
    Cost, Decode, Decoder, Format, Frame, Geometry, Header, Image, Limits, Model, Opened, Orientation,
    Result, Samples, Stop,
};

/// The format in errors.
const FORMAT: Format = Format::Psd;

/// Decodes the composite of PSD and PSB.
#[derive(Debug)]
pub struct Psd;

impl Decoder for Psd {
    fn format(&self) -> Format {
        FORMAT
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        guard::open(FORMAT, || OpenedPsd::new(&source, limits))
    }
}

/// A file of which all sections were read.
struct OpenedPsd {
    composite: Composite,
    header: Header,
}

impl OpenedPsd {
    fn new(source: &Bytes, limits: &Limits) -> Result<Self> {
        let mut composite = Composite::read(source)?;
        check_pixels(FORMAT, composite.size, limits)?;
        composite.icc = composite.icc.filter(|icc| icc.len() as u64 <= limits.max_metadata_bytes);
        let header = Header {
            geometry: Geometry { size: composite.size, orientation: Orientation::UPRIGHT },
            is_animated: false,
            frames: 1,
            has_palette: composite.colours == Colours::Indexed,
            sample_bytes: if composite.is_wide() { 2 } else { 1 },
        };
        Ok(Self { composite, header })
    }
}

impl Opened for OpenedPsd {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, _decode: &Decode) -> Cost {
        /// RGBA of indices, and of CMYK with alpha.
        const CONVERTED_BYTES: u64 = 8;
        const SAMPLE_NS: u64 = 8;
        const CMYK_NS: u64 = 120;
        const LAB_NS: u64 = 60;
        let Composite { colours, icc, size, .. } = &self.composite;
        let samples = size.pixels().saturating_mul(self.composite.channels() as u64);
        let (converted, ns) = match colours {
            Colours::Bitmap | Colours::Grey | Colours::Rgb => (0, 0),
            Colours::Indexed => (CONVERTED_BYTES, 0),
            Colours::Cmyk => (CONVERTED_BYTES, CMYK_NS),
            Colours::Lab => (0, LAB_NS),
        };
        let parts = [
            samples.saturating_mul(self.header.sample_bytes.into()),
            size.pixels().saturating_mul(converted),
            self.composite.row_bytes(),
            icc.as_ref().map_or(0, Bytes::len) as u64,
            colour::PROFILE_BYTES,
        ];
        let bytes = parts.into_iter().fold(0, u64::saturating_add);
        Cost::new(bytes, samples.saturating_mul(SAMPLE_NS).saturating_add(size.pixels().saturating_mul(ns)))
    }

    fn has_transparency(&self) -> bool {
        self.composite.has_alpha || self.composite.transparent.is_some()
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        let Self { composite, .. } = *self;
        let icc = composite.icc.as_deref();
        let samples = composite.samples(stop)?;
        let (model, samples) = match (composite.colours, samples) {
            (Colours::Indexed, Samples::U8(indices)) => expand(&composite, &indices),
            (Colours::Cmyk, Samples::U8(cmyk)) => (
                rgb_or_rgba(&composite),
                Samples::U8(colour::cmyk_to_rgb_with_alpha(cmyk, composite.has_alpha, icc)),
            ),
            (Colours::Lab, mut samples) => {
                Lab::Icc.to_rgb(&mut samples, composite.channels());
                (rgb_or_rgba(&composite), samples)
            }
            (Colours::Rgb, samples) => (rgb_or_rgba(&composite), over_nothing(&composite, samples)),
            (_, samples) if composite.has_alpha => (Model::GreyAlpha, over_nothing(&composite, samples)),
            (_, samples) => (Model::Grey, samples),
        };
        let (model, samples) = without_opaque(model, samples);
        let mut frames = vec![Frame::whole(composite.size, model, samples)];
        let is_converted = matches!(composite.colours, Colours::Cmyk | Colours::Lab);
        let icc = icc.filter(|_| !is_converted).map(<[u8]>::to_vec);
        let profile = colour::to_srgb(&mut frames, icc, decode);
        Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile })
    }
}

fn rgb_or_rgba(composite: &Composite) -> Model {
    if composite.has_alpha { Model::Rgba } else { Model::Rgb }
}

/// The colours of indices.
fn expand(composite: &Composite, indices: &[u8]) -> (Model, Samples) {
    // A plane of alpha follows each index.
    let pixels = indices.chunks_exact(composite.channels());
    let palette = &composite.palette;
    let colour = |index: u8| [0, 256, 512].map(|at| palette[at + usize::from(index)]);
    if composite.has_alpha || composite.transparent.is_some() {
        let rgba = |pixel: &[u8]| {
            let [r, g, b] = colour(pixel[0]);
            let alpha = pixel.get(1).copied().unwrap_or(u8::MAX);
            [r, g, b, if composite.transparent == Some(pixel[0]) { 0 } else { alpha }]
        };
        return (Model::Rgba, Samples::U8(pixels.flat_map(rgba).collect()));
    }
    (Model::Rgb, Samples::U8(pixels.flat_map(|pixel| colour(pixel[0])).collect()))
}

/// Removes the white over which Photoshop composes transparent colours of 8 and 16 bits.
fn over_nothing(composite: &Composite, mut samples: Samples) -> Samples {
    let channels = composite.channels();
    if composite.has_alpha && composite.depth < 32 {
        match &mut samples {
            Samples::U8(samples) => remove_white(samples, channels, u8::MAX.into(), |level| level as u8),
            Samples::U16(samples) => remove_white(samples, channels, u16::MAX.into(), |level| level as u16),
        }
    }
    samples
}

fn remove_white<S: Copy + Into<u32>>(samples: &mut [S], channels: usize, white: u32, level: fn(u32) -> S) {
    for pixel in samples.chunks_exact_mut(channels) {
        let Some((alpha, colours)) = pixel.split_last_mut() else { continue };
        let alpha: u32 = (*alpha).into();
        if alpha == 0 || alpha == white {
            continue;
        }
        for colour in colours {
            // At most 65 535 squared.
            let dark = (white - (*colour).into()) * white;
            *colour = level(white - ((dark + alpha / 2) / alpha).min(white));
        }
    }
}

/// Drops alpha that hides nothing.
fn without_opaque(model: Model, samples: Samples) -> (Model, Samples) {
    match (model, samples) {
        (Model::Rgba, Samples::U8(samples)) => {
            let mut frames = [samples];
            let model = if drop_opaque_alpha(&mut frames) { Model::Rgb } else { Model::Rgba };
            let [samples] = frames;
            (model, Samples::U8(samples))
        }
        other => other,
    }
}
