//! The unsharp mask: what a blur takes away, once more.

use safelight_core::{Plane, Samples};
use safelight_filters::gaussian;

/// How much of what a blur takes away is added.
const AMOUNT: f32 = 1.0;

/// Weights of red, green and blue in luma: ITU-R BT.709-6, item 3.2.
const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// Sharpens the luma of `plane` in place, whose last channel is alpha or not; each colour moves as far as
/// the luma does. What is transparent stays as it is.
pub(crate) fn sharpen(plane: &mut Plane, sigma: f64, has_alpha: bool) {
    let luma = match &plane.samples {
        Samples::U8(samples) => luma_plane(samples, plane.channels, has_alpha),
        Samples::U16(samples) => luma_plane(samples, plane.channels, has_alpha),
    };
    let channels = 1 + u8::from(has_alpha);
    let mut blurred = Plane { channels, samples: Samples::U16(luma), ..*plane };
    gaussian(&mut blurred, sigma, has_alpha);
    let Samples::U16(blurred) = blurred.samples else { unreachable!("a filter keeps the depth") };
    match &mut plane.samples {
        Samples::U8(samples) => add_mask(samples, plane.channels, &blurred, has_alpha),
        Samples::U16(samples) => add_mask(samples, plane.channels, &blurred, has_alpha),
    }
}

/// A sample of a plane.
trait Sample: Copy {
    /// Of 65 535.
    fn widen(self) -> u16;

    /// Moves by `difference` of 65 535, as far as it goes.
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

/// Luma, with alpha if there is, at 16 bits: the mask is a small difference, which 8 bits would make
/// rough.
fn luma_plane<T: Sample>(samples: &[T], channels: u8, has_alpha: bool) -> Vec<u16> {
    let pixels = samples.chunks_exact(channels.into());
    let mut plane = Vec::with_capacity(pixels.len() * (1 + usize::from(has_alpha)));
    for pixel in pixels {
        plane.push(luma(pixel));
        plane.extend(pixel.last().filter(|_| has_alpha).map(|alpha| alpha.widen()));
    }
    plane
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

fn add_mask<T: Sample>(samples: &mut [T], channels: u8, blurred: &[u16], has_alpha: bool) {
    let pixels = samples.chunks_exact_mut(channels.into());
    for (pixel, blurred) in pixels.zip(blurred.chunks_exact(1 + usize::from(has_alpha))) {
        // Where the blur leaves no alpha it leaves no luma either, and there is nothing to compare with.
        let is_hidden = has_alpha && (pixel.last().is_none_or(|alpha| alpha.widen() == 0) || blurred[1] == 0);
        if is_hidden {
            continue;
        }
        let difference = AMOUNT * (f32::from(luma(pixel)) - f32::from(blurred[0]));
        let colours = pixel.len() - usize::from(has_alpha);
        pixel[..colours].iter_mut().for_each(|colour| *colour = colour.moved(difference));
    }
}
