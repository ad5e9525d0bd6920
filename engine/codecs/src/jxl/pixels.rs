//! The samples that the decoder is asked for, and what they become.

use super::damaged;
use crate::error::CodecError;
use crate::{colour, hdr};
use jxl::api::{
    Endianness, ExtraChannel, JxlBasicInfo, JxlBitDepth, JxlColorEncoding, JxlColorProfile, JxlColorType,
    JxlDataFormat, JxlOutputBuffer, JxlPixelFormat, JxlPrimaries, JxlTransferFunction, JxlWhitePoint,
};
use safelight_core::{Decode, Frame, Model, Profile, Samples, Size};

/// The samples of an image, and their colours.
pub(super) struct Layout {
    pub(super) format: JxlPixelFormat,
    /// Whether samples have 16 bits.
    pub(super) is_wide: bool,
    model: Model,
    /// Whether alpha is a buffer of its own.
    has_alpha_beside: bool,
    colours: Colours,
}

/// The colours of the samples that the decoder returns.
enum Colours {
    Srgb,
    /// Those of this ICC profile.
    Icc(Vec<u8>),
    /// Ink, of which 0 is the most, with an ICC profile.
    Cmyk(Vec<u8>),
    /// Light of high dynamic range.
    High(hdr::Source),
}

/// Buffers of a frame.
pub(super) struct Target {
    size: Size,
    model: Model,
    colour: Samples,
    colour_channels: usize,
    alpha: Option<Vec<u8>>,
}

impl Layout {
    pub(super) fn new(info: &JxlBasicInfo, profile: &JxlColorProfile) -> Result<Self, CodecError> {
        let alpha = info.extra_channels.iter().position(|channel| channel.ec_type == ExtraChannel::Alpha);
        let has_black = info.extra_channels.iter().any(|channel| channel.ec_type == ExtraChannel::Black);
        let is_cmyk = has_black && profile.is_cmyk();
        let is_grey = !is_cmyk && profile.channels() == 1;
        let bits = match info.bit_depth {
            JxlBitDepth::Int { bits_per_sample } => bits_per_sample,
            JxlBitDepth::Float { .. } => 16,
        };
        let colours = Colours::new(profile, is_cmyk, info)?;
        let is_wide = !is_cmyk && (8 < bits || matches!(colours, Colours::High(_)));
        let (color_type, model) = match (is_cmyk, is_grey, alpha.is_some()) {
            (true, _, true) => (JxlColorType::Cmyk, Model::Rgba),
            (true, _, false) => (JxlColorType::Cmyk, Model::Rgb),
            (_, true, true) => (JxlColorType::GrayscaleAlpha, Model::GreyAlpha),
            (_, true, false) => (JxlColorType::Grayscale, Model::Grey),
            (_, false, true) => (JxlColorType::Rgba, Model::Rgba),
            (_, false, false) => (JxlColorType::Rgb, Model::Rgb),
        };
        let data = if is_wide {
            JxlDataFormat::U16 { endianness: Endianness::native(), bit_depth: 16 }
        } else {
            JxlDataFormat::U8 { bit_depth: 8 }
        };
        let has_alpha_beside = is_cmyk && alpha.is_some();
        let mut extra_channel_format = vec![None; info.extra_channels.len()];
        if let Some(alpha) = alpha.filter(|_| has_alpha_beside) {
            extra_channel_format[alpha] = Some(JxlDataFormat::U8 { bit_depth: 8 });
        }
        let format = JxlPixelFormat { color_type, color_data_format: Some(data), extra_channel_format };
        Ok(Self { format, is_wide, model, has_alpha_beside, colours })
    }

    /// Channels that are coded: of colour, and all others.
    pub(super) fn coded_channels(&self, info: &JxlBasicInfo) -> u64 {
        let colours = if matches!(self.model, Model::Grey | Model::GreyAlpha) { 1 } else { 3 };
        colours + info.extra_channels.len() as u64
    }

    /// Bytes of a pixel that is returned, and of its ink.
    pub(super) fn pixel_bytes(&self) -> u64 {
        let samples = u64::from(self.model.channels()) * if self.is_wide { 2 } else { 1 };
        samples + if matches!(self.colours, Colours::Cmyk(_)) { 5 } else { 0 }
    }

    /// Buffers for a frame of a size that was checked against the limits.
    pub(super) fn target(&self, size: Size) -> Target {
        let colour_channels = self.format.color_type.samples_per_pixel();
        let pixels = size.pixels() as usize;
        let count = pixels * colour_channels;
        let colour = if self.is_wide { Samples::U16(vec![0; count]) } else { Samples::U8(vec![0; count]) };
        let alpha = self.has_alpha_beside.then(|| vec![0; pixels]);
        Target { size, model: self.model, colour, colour_channels, alpha }
    }

    /// Converts frames to sRGB, or to the profile that `decode` keeps.
    pub(super) fn into_colours(
        self,
        mut frames: Vec<Frame>,
        decode: &Decode,
    ) -> (Vec<Frame>, Option<Profile>) {
        let profile = match self.colours {
            Colours::Srgb | Colours::Cmyk(_) => None,
            Colours::Icc(icc) => colour::to_srgb(&mut frames, Some(icc), decode),
            Colours::High(source) => {
                source.to_srgb(&mut frames);
                None
            }
        };
        (frames, profile)
    }

    /// Makes a frame of the samples that the decoder has written.
    pub(super) fn frame(&self, target: Target) -> Frame {
        let Target { size, model, colour, alpha, .. } = target;
        let samples = match (colour, &self.colours) {
            (Samples::U8(mut ink), Colours::Cmyk(icc)) => {
                for sample in &mut ink {
                    *sample = 255 - *sample;
                }
                let rgb = colour::cmyk_to_rgb(ink, Some(icc));
                Samples::U8(match alpha {
                    Some(alpha) => {
                        let pixels = rgb.as_chunks::<3>().0.iter().zip(alpha);
                        pixels.flat_map(|(&[r, g, b], alpha)| [r, g, b, alpha]).collect()
                    }
                    None => rgb,
                })
            }
            (samples, _) => samples,
        };
        Frame::whole(size, model, samples)
    }
}

impl Colours {
    fn new(profile: &JxlColorProfile, is_cmyk: bool, info: &JxlBasicInfo) -> Result<Self, CodecError> {
        if let JxlColorProfile::Simple(encoding) = profile {
            if let Some(source) = high(encoding, info.tone_mapping.intensity_target) {
                return Ok(Self::High(source));
            }
            if is_srgb(encoding) {
                return Ok(Self::Srgb);
            }
        }
        let icc = profile.try_as_icc().ok_or_else(|| damaged("colours without a profile"))?.into_owned();
        Ok(if is_cmyk { Self::Cmyk(icc) } else { Self::Icc(icc) })
    }
}

/// The colours of `encoding`, if their range is high. `intensity_target` is the brightest light, in cd/m².
fn high(encoding: &JxlColorEncoding, intensity_target: f32) -> Option<hdr::Source> {
    let (transfer_function, primaries) = match encoding {
        JxlColorEncoding::RgbColorSpace { transfer_function, primaries, .. } => {
            (transfer_function, Some(primaries))
        }
        JxlColorEncoding::GrayscaleColorSpace { transfer_function, .. } => (transfer_function, None),
        JxlColorEncoding::XYB { .. } => return None,
    };
    let transfer = match transfer_function {
        JxlTransferFunction::PQ => hdr::Transfer::Pq,
        JxlTransferFunction::HLG => hdr::Transfer::Hlg,
        _ => return None,
    };
    let primaries = match primaries {
        Some(JxlPrimaries::BT2100) => hdr::Primaries::Bt2020,
        Some(JxlPrimaries::P3) => hdr::Primaries::P3,
        _ => hdr::Primaries::Srgb,
    };
    Some(hdr::Source::new(transfer, primaries, Some(intensity_target)))
}

/// Whether colours are those of sRGB.
fn is_srgb(encoding: &JxlColorEncoding) -> bool {
    match encoding {
        JxlColorEncoding::RgbColorSpace { white_point, primaries, transfer_function, .. } => {
            *white_point == JxlWhitePoint::D65
                && *primaries == JxlPrimaries::SRGB
                && *transfer_function == JxlTransferFunction::SRGB
        }
        JxlColorEncoding::GrayscaleColorSpace { white_point, transfer_function, .. } => {
            *white_point == JxlWhitePoint::D65 && *transfer_function == JxlTransferFunction::SRGB
        }
        JxlColorEncoding::XYB { .. } => false,
    }
}

impl Target {
    /// The buffers as the decoder takes them.
    pub(super) fn buffers(&mut self) -> Vec<JxlOutputBuffer<'_>> {
        let rows = self.size.h as usize;
        let row = self.size.w as usize * self.colour_channels;
        let colour = match &mut self.colour {
            Samples::U8(samples) => JxlOutputBuffer::new(samples, rows, row),
            Samples::U16(samples) => JxlOutputBuffer::new(bytemuck::cast_slice_mut(samples), rows, 2 * row),
        };
        let alpha = self.alpha.as_mut().map(|alpha| JxlOutputBuffer::new(alpha, rows, self.size.w as usize));
        [colour].into_iter().chain(alpha).collect()
    }
}
