//! Images as input of the encoders of 8-bit RGB.

use crate::error::CodecError;
use crate::samples::{to_u8, whole};
use safelight_core::{Format, Frame, Model, Result, Size};
use std::borrow::Cow;

/// An image of RGB or RGBA with 8 bits a sample, alpha straight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rgb8<'a> {
    pub(crate) size: Size,
    pub(crate) has_alpha: bool,
    /// Shape `[size.h, size.w, 3 or 4]`.
    pub(crate) samples: Cow<'a, [u8]>,
}

impl<'a> Rgb8<'a> {
    /// Converts a whole frame; copies it only if it is not RGB or RGBA of 8 bits already.
    ///
    /// # Errors
    /// [`safelight_core::Kind::Internal`] if the planes of the frame are not whole.
    pub(crate) fn from_frame(format: Format, frame: &'a Frame) -> Result<Self> {
        let samples = match frame.model {
            Model::Rgb | Model::Rgba => samples(format, frame)?,
            Model::Ycc { .. } => samples(format, &frame.clone().into_rgb()?)?.into_owned().into(),
            Model::Grey => samples(format, frame)?.iter().flat_map(|&grey| [grey; 3]).collect(),
            Model::GreyAlpha => {
                let repeated = |pixel: &[u8]| [pixel[0], pixel[0], pixel[0], pixel[1]];
                samples(format, frame)?.chunks_exact(2).flat_map(repeated).collect()
            }
        };
        Ok(Self { size: frame.geometry.size, has_alpha: frame.model.has_alpha(), samples })
    }

    /// Bytes of a pixel.
    pub(crate) const fn channels(&self) -> usize {
        if self.has_alpha { 4 } else { 3 }
    }
}

/// The samples of the one plane of `frame`, in 8 bits.
fn samples(format: Format, frame: &Frame) -> Result<Cow<'_, [u8]>> {
    let not_whole = || CodecError::NotEncoded(format, "the frame is not one whole plane".into());
    Ok(to_u8(&whole(frame).ok_or_else(not_whole)?.samples))
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::Samples;

    #[test]
    fn frames_become_rgb() {
        let check = |model, samples, expected: &[u8]| {
            let frame = Frame::whole(Size::new(1, 2), model, samples);
            let rgb = Rgb8::from_frame(Format::Webp, &frame).unwrap();
            assert_eq!(rgb.samples.as_ref(), expected);
            assert_eq!(rgb.channels() * 2, expected.len());
        };
        check(Model::Grey, Samples::U8(vec![7, 8]), &[7, 7, 7, 8, 8, 8]);
        check(Model::GreyAlpha, Samples::U8(vec![7, 1, 8, 2]), &[7, 7, 7, 1, 8, 8, 8, 2]);
        check(Model::Rgb, Samples::U16(vec![0, 257, 514, 65_278, 65_279, 65_535]), &[0, 1, 2, 254, 254, 255]);
        let short = Frame::whole(Size::new(1, 2), Model::Rgb, Samples::U8(vec![0; 5]));
        assert!(Rgb8::from_frame(Format::Webp, &short).is_err());
    }
}
