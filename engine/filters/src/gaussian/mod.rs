//! A Gaussian filter: in place, in a time that does not depend on sigma, exact to the rounding of the samples.

mod axes;
mod filter;
mod recursive;
mod taps;

use filter::Filter;
use safelight_core::{Plane, Result, Samples, Stop};

/// Filters every channel of `plane` in place with a Gaussian of standard deviation `sigma`, in sample
/// points, along both axes. Beyond its edges the plane continues with its last samples.
///
/// With `has_alpha` the other channels are weighted with the last one, so colours of transparent pixels have no
/// effect. Samples are straight before and after; where the resulting alpha is 0, so are the colours.
///
/// # Errors
/// Those of [`Stop::check`]; the samples are then partly filtered.
///
/// # Panics
/// If `sigma` is not positive, or the plane has more than four channels.
pub fn gaussian(plane: &mut Plane, sigma: f64, has_alpha: bool, stop: &Stop) -> Result<()> {
    assert!(0.0 < sigma, "sigma must be positive");
    let filter = Filter::new(sigma);
    let size = plane.size;
    match (&mut plane.samples, plane.channels) {
        (Samples::U8(samples), channels) => axes::filter(samples, size, channels, has_alpha, &filter, stop),
        (Samples::U16(samples), channels) => axes::filter(samples, size, channels, has_alpha, &filter, stop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::Size;

    const SIGMAS: &[f64] = &[0.3, 0.5, 0.8, 1.0, 1.999, 2.0, 3.7, 10.0, 31.0, 100.0];

    fn plane(size: Size, channels: u8, samples: Samples) -> Plane {
        Plane { size, channels, samples, step: (1.0, 1.0) }
    }

    /// Filters a plane and returns its values from 0 to 1.
    fn filtered(mut plane: Plane, sigma: f64, has_alpha: bool) -> Vec<f64> {
        gaussian(&mut plane, sigma, has_alpha, &Stop::default()).unwrap();
        match plane.samples {
            Samples::U8(samples) => samples.iter().map(|&sample| f64::from(sample) / 255.0).collect(),
            Samples::U16(samples) => samples.iter().map(|&sample| f64::from(sample) / 65_535.0).collect(),
        }
    }

    /// Convolves `values`, of shape `[h, w, channels]`, in double precision.
    fn reference(values: &[f64], size: Size, channels: usize, sigma: f64) -> Vec<f64> {
        let radius = (6.0 * sigma).ceil() as isize;
        let kernel: Vec<_> =
            (-radius..=radius).map(|x| (x, (-0.5 * (x as f64 / sigma).powi(2)).exp())).collect();
        let sum: f64 = kernel.iter().map(|(_, weight)| weight).sum();
        let (w, h) = (size.w as usize, size.h as usize);
        let at = |position: usize, distance, length: usize| {
            position.saturating_add_signed(distance).min(length - 1)
        };
        let mut rows = vec![0.0; values.len()];
        let mut both = vec![0.0; values.len()];
        let samples = || (0..h).flat_map(|y| (0..w * channels).map(move |x| (x, y)));
        for (x, y) in samples() {
            let (pixel, channel) = (x / channels, x % channels);
            let sample = |distance| values[(y * w + at(pixel, distance, w)) * channels + channel];
            rows[y * w * channels + x] =
                kernel.iter().map(|&(distance, weight)| weight / sum * sample(distance)).sum();
        }
        for (x, y) in samples() {
            let sample = |distance| rows[at(y, distance, h) * w * channels + x];
            both[y * w * channels + x] =
                kernel.iter().map(|&(distance, weight)| weight / sum * sample(distance)).sum();
        }
        both
    }

    fn psnr(left: &[f64], right: &[f64]) -> f64 {
        let square: f64 = left.iter().zip(right).map(|(left, right)| (left - right).powi(2)).sum();
        -10.0 * (square / left.len() as f64).log10()
    }

    /// Returns steps with noise from Knuth's linear congruential generator (MMIX).
    fn steps(length: usize, w: usize, channels: usize) -> impl Iterator<Item = f64> {
        (0..length).scan(1_u64, move |seed, i| {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (x, y) = (i / channels % w, i / channels / w);
            let step = if (x / 23 + y / 17) % 2 == 0 { 0.8 } else { 0.0 };
            Some(step + 0.2 * ((*seed >> 40) as f64 / f64::from(1 << 24)))
        })
    }

    #[test]
    fn result_is_near_an_exact_convolution() {
        let size = Size::new(120, 70);
        for channels in [1, 3] {
            let values: Vec<_> = steps(120 * 70 * channels, 120, channels).collect();
            let eight: Vec<_> = values.iter().map(|value| (value * 255.0).round() as u8).collect();
            let sixteen: Vec<_> = values.iter().map(|value| (value * 65_535.0).round() as u16).collect();
            let channels_u8 = u8::try_from(channels).unwrap();
            for &sigma in SIGMAS {
                let exact = reference(&values, size, channels, sigma);
                let found = filtered(plane(size, channels_u8, Samples::U16(sixteen.clone())), sigma, false);
                let sixteen = psnr(&found, &exact);
                assert!(79.0 < sixteen, "sigma {sigma}: {sixteen} dB");

                let rounded: Vec<_> = eight.iter().map(|&sample| f64::from(sample) / 255.0).collect();
                let exact = reference(&rounded, size, channels, sigma);
                let found = filtered(plane(size, channels_u8, Samples::U8(eight.clone())), sigma, false);
                let eight = psnr(&found, &exact);
                assert!(56.0 < eight, "sigma {sigma}: {eight} dB");
                println!("sigma {sigma}: {eight:.1} dB at 8 bits, {sixteen:.1} at 16");
                let is_near = |(found, exact): (&f64, &f64)| (found - exact).abs() < 1.0 / 255.0;
                assert!(found.iter().zip(&exact).all(is_near), "sigma {sigma}");
            }
        }
    }

    #[test]
    fn colours_are_weighted_with_alpha() {
        let size = Size::new(90, 60);
        let values: Vec<_> = steps(90 * 60 * 4, 90, 4).collect();
        let samples: Vec<_> = values.iter().map(|value| (value * 255.0).round() as u8).collect();
        let seen = |pixels: &[f64]| -> Vec<f64> {
            let premultiply =
                |pixel: &[f64]| [pixel[0] * pixel[3], pixel[1] * pixel[3], pixel[2] * pixel[3], pixel[3]];
            pixels.chunks_exact(4).flat_map(premultiply).collect()
        };
        let straight: Vec<_> = samples.iter().map(|&sample| f64::from(sample) / 255.0).collect();
        for &sigma in SIGMAS {
            let exact = reference(&seen(&straight), size, 4, sigma);
            let found = filtered(plane(size, 4, Samples::U8(samples.clone())), sigma, true);
            let found = psnr(&seen(&found), &exact);
            assert!(50.0 < found, "sigma {sigma}: {found} dB");
        }
    }

    #[test]
    fn transparent_pixels_have_no_effect() {
        let red = [255, 0, 0, 0];
        let blue = [0, 0, 200, 255];
        let pixels = (0..40 * 30).flat_map(|i| if i % 40 < 20 { red } else { blue });
        for &sigma in SIGMAS {
            let mut plane = plane(Size::new(40, 30), 4, Samples::U8(pixels.clone().collect()));
            gaussian(&mut plane, sigma, true, &Stop::default()).unwrap();
            let Samples::U8(samples) = plane.samples else { unreachable!() };
            for pixel in samples.chunks_exact(4) {
                let colour = if pixel[3] == 0 { [0, 0, 0] } else { [0, 0, 200] };
                assert_eq!(pixel[..3], colour, "sigma {sigma}, alpha {}", pixel[3]);
            }
        }
    }

    #[test]
    fn flat_planes_are_unchanged() {
        for &sigma in SIGMAS {
            for channels in 1..=4 {
                let pixel = [1, 254, 0, 77].map(|value: u16| value * 257).into_iter().take(channels.into());
                let samples: Vec<_> = pixel.cycle().take(37 * 50 * usize::from(channels)).collect();
                for has_alpha in [false, channels % 2 == 0] {
                    let flat = plane(Size::new(37, 50), channels, Samples::U16(samples.clone()));
                    let mut found = flat.clone();
                    gaussian(&mut found, sigma, has_alpha);
                    assert!(found == flat, "sigma {sigma}, {channels} channels, alpha {has_alpha}");
                }
            }
        }
    }

    #[test]
    fn the_mean_stays() {
        // Edge samples count more than once, so the edges are flat.
        let size = Size::new(150, 150);
        let inside = |i: u32| (60..90).contains(&(i % 150)) && (60..90).contains(&(i / 150));
        let samples: Vec<_> = (0..150 * 150).map(|i| if inside(i) { 50_000 } else { 0 }).collect();
        let mean = |samples: &[u16]| samples.iter().map(|&sample| f64::from(sample)).sum::<f64>() / 22_500.0;
        for sigma in [0.3, 1.0, 2.0, 5.0, 14.0] {
            let mut plane = plane(size, 1, Samples::U16(samples.clone()));
            gaussian(&mut plane, sigma, false);
            let Samples::U16(found) = &plane.samples else { unreachable!() };
            let (found, expected) = (mean(found), mean(&samples));
            assert!((found - expected).abs() < 1e-3 * expected, "sigma {sigma}: {found} of {expected}");
        }
    }

    #[test]
    fn every_shape_is_filtered() {
        for (w, h) in [(0, 0), (0, 5), (1, 1), (1, 40), (40, 1), (5, 16), (17, 3)] {
            for channels in 1..=4 {
                let length = w * h * u32::from(channels);
                let before =
                    plane(Size::new(w, h), channels, Samples::U8((0..length).map(|i| i as u8).collect()));
                for &sigma in SIGMAS {
                    let mut after = before.clone();
                    gaussian(&mut after, sigma, channels % 2 == 0);
                    let Samples::U8(samples) = &after.samples else { unreachable!() };
                    assert_eq!(samples.len(), length as usize);
                    assert!(w * h != 1 || after == before);
                }
            }
        }
    }
}
