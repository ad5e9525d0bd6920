//! The unsharp mask: the difference between the image and its blur, added to the image.

use safelight_core::{Plane, Result, Samples, Stop};
use safelight_filters::gaussian;

/// Factor of the difference that is added.
const AMOUNT: f32 = 1.0;

/// Pixels between two checks of a [`Stop`]: less than a millisecond.
const STRIDE: usize = 1 << 16;

/// Weights of red, green and blue in luma: ITU-R BT.709-6, item 3.2.
const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// Sharpens the luma of `plane` in place and changes each colour by the same amount. With `has_alpha` the last
/// channel is alpha; fully transparent pixels are unchanged.
pub(crate) fn sharpen(plane: &mut Plane, sigma: f64, has_alpha: bool, stop: &Stop) -> Result<()> {
    let luma = match &plane.samples {
        Samples::U8(samples) => luma_plane(samples, plane.channels, has_alpha, stop)?,
        Samples::U16(samples) => luma_plane(samples, plane.channels, has_alpha, stop)?,
    };
    let channels = 1 + u8::from(has_alpha);
    let mut blurred = Plane { channels, samples: Samples::U16(luma), ..*plane };
    gaussian(&mut blurred, sigma, has_alpha, stop)?;
    let Samples::U16(blurred) = blurred.samples else { unreachable!("a filter keeps the depth") };
    match &mut plane.samples {
        Samples::U8(samples) => add_mask(samples, plane.channels, &blurred, has_alpha, stop),
        Samples::U16(samples) => add_mask(samples, plane.channels, &blurred, has_alpha, stop),
    }
}

/// A sample of a plane.
trait Sample: Copy {
    /// Scales to the range of 16 bits.
    fn widen(self) -> u16;

    /// Adds `difference`, which is in the range of 16 bits, and saturates.
    fn moved(self, difference: f32) -> Self;
}

impl Sample for u8 {
    fn widen(self) -> u16 {
        257 * u16::from(self)
    }

    fn moved(self, difference: f32) -> Self {
        (f32::from(self) + difference / 257.0).round() as Self
    }
}

impl Sample for u16 {
    fn widen(self) -> u16 {
        self
    }

    fn moved(self, difference: f32) -> Self {
        (f32::from(self) + difference).round() as Self
    }
}

/// Returns luma, with alpha if there is, at 16 bits: the mask is a small difference, for which 8 bits are too
/// coarse.
fn luma_plane<T: Sample>(samples: &[T], channels: u8, has_alpha: bool, stop: &Stop) -> Result<Vec<u16>> {
    let channels = usize::from(channels);
    let mut plane = Vec::with_capacity(samples.len() / channels * (1 + usize::from(has_alpha)));
    for part in samples.chunks(STRIDE * channels) {
        stop.check()?;
        for pixel in part.chunks_exact(channels) {
            plane.push(luma(pixel));
            plane.extend(pixel.last().filter(|_| has_alpha).map(|alpha| alpha.widen()));
        }
    }
    Ok(plane)
}

fn luma<T: Sample>(pixel: &[T]) -> u16 {
    match pixel {
        [red, green, blue, ..] => {
            let weighted = [red, green, blue].into_iter().zip(LUMA);
            weighted.map(|(colour, weight)| weight * f32::from(colour.widen())).sum::<f32>().round() as u16
        }
        [grey, ..] => grey.widen(),
        [] => 0,
    }
}

fn add_mask<T: Sample>(
    samples: &mut [T],
    channels: u8,
    blurred: &[u16],
    has_alpha: bool,
    stop: &Stop,
) -> Result<()> {
    let (channels, blurred_channels) = (usize::from(channels), 1 + usize::from(has_alpha));
    let parts = samples.chunks_mut(STRIDE * channels).zip(blurred.chunks(STRIDE * blurred_channels));
    for (part, blurred) in parts {
        stop.check()?;
        for (pixel, blurred) in part.chunks_exact_mut(channels).zip(blurred.chunks_exact(blurred_channels)) {
            // If the blurred alpha is 0, the blurred luma is meaningless.
            let is_hidden =
                has_alpha && (pixel.last().is_none_or(|alpha| alpha.widen() == 0) || blurred[1] == 0);
            if is_hidden {
                continue;
            }
            let difference = AMOUNT * (f32::from(luma(pixel)) - f32::from(blurred[0]));
            let colours = pixel.len() - usize::from(has_alpha);
            pixel[..colours].iter_mut().for_each(|colour| *colour = colour.moved(difference));
        }
    }
    Ok(())
}
