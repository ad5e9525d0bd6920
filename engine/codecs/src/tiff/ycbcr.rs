//! Luma and chroma (TIFF 6.0, sections 20 and 21).

use super::error::{damaged, unsupported};
use crate::error::CodecError;
use safelight_containers::TiffFields;

mod tag {
    pub(super) const COEFFICIENTS: u16 = 529;
    pub(super) const SUBSAMPLING: u16 = 530;
    pub(super) const REFERENCE_BLACK_WHITE: u16 = 532;
}

/// Luma and chroma of 8 bits, and their conversion to RGB.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct YCbCr {
    /// Pixels, columns and rows, for each sample of chroma.
    pub(super) subsampling: (u32, u32),
    /// Black and white of luma, and the middle and the largest value of each chroma.
    reference: [f32; 6],
    /// Shares of red, green and blue in luma.
    coefficients: [f32; 3],
}

impl YCbCr {
    /// Reads the fields of an image with `samples` in a pixel, of which each pixel has chroma if `is_upsampled`, whatever
    /// the fields state.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] for numbers that colours cannot be computed with, [`CodecError::Unsupported`] for chroma
    /// with fewer samples beside further samples.
    pub(super) fn read(fields: &TiffFields, samples: u16, is_upsampled: bool) -> Result<Self, CodecError> {
        let numbers = |tag, most: usize| {
            let numbers = fields.numbers(tag, most)?;
            (numbers.len() == most)
                .then(|| numbers.into_iter().map(|number| number as f32).collect::<Vec<_>>())
        };
        // The defaults of the standard.
        let coefficients = numbers(tag::COEFFICIENTS, 3).and_then(|found| found.try_into().ok());
        let coefficients = coefficients.unwrap_or([0.299, 0.587, 0.114]);
        let reference = numbers(tag::REFERENCE_BLACK_WHITE, 6).and_then(|found| found.try_into().ok());
        let reference = reference.unwrap_or([0.0, 255.0, 128.0, 255.0, 128.0, 255.0]);
        let all = coefficients.iter().chain(&reference);
        if all.into_iter().any(|number| !number.is_finite()) || coefficients[1] == 0.0 {
            return Err(damaged("coefficients of luma that are no numbers, or without green"));
        }
        let side = |index| match fields.get(tag::SUBSAMPLING).map_or(Some(2), |field| field.get(index)) {
            Some(side @ (1 | 2 | 4)) => Ok(side as u32),
            _ => Err(damaged("chroma of other than each, every second or every fourth pixel")),
        };
        let subsampling = if is_upsampled { (1, 1) } else { (side(0)?, side(1)?) };
        if subsampling != (1, 1) && samples != 3 {
            return Err(unsupported("chroma of fewer pixels beside further samples"));
        }
        Ok(Self { subsampling, reference, coefficients })
    }

    /// Converts pixels of `channels` samples, of which the first three are luma and chroma, to RGB in place.
    pub(super) fn to_rgb(&self, samples: &mut [u8], channels: usize) {
        let [red, green, blue] = self.coefficients;
        // The code value of each sample, as libtiff computes it.
        let code = |low: f32, high: f32, range: f32| {
            let scale = if (high - low).abs() < f32::EPSILON { range } else { range / (high - low) };
            std::array::from_fn::<f32, 256, _>(|value| (value as f32 - low) * scale)
        };
        let codes: [_; 3] = std::array::from_fn(|sample| {
            let [low, high] = [self.reference[2 * sample], self.reference[2 * sample + 1]];
            code(low, high, if sample == 0 { 255.0 } else { 127.0 })
        });
        let (to_red, to_blue) = (2.0 - 2.0 * red, 2.0 - 2.0 * blue);
        for pixel in samples.chunks_exact_mut(channels) {
            let [luma, blue_chroma, red_chroma] =
                std::array::from_fn(|sample| codes[sample][usize::from(pixel[sample])]);
            let (r, b) = (luma + red_chroma * to_red, luma + blue_chroma * to_blue);
            let g = (luma - red * r - blue * b) / green;
            // A conversion to an integer clamps.
            pixel[..3].copy_from_slice(&[r, g, b].map(|level| level.round() as u8));
        }
    }
}
