//! Steps from queries, test images, and a measure of their difference.

#![allow(dead_code, reason = "every test file uses its own part of this")]

use safelight_core::{
    Frame, Geometry, Model, Orientation, PixelOp, Plane, Query, Result, Samples, Size, Step, Transform, View,
    params::BACKGROUND,
};
use safelight_resize::Resize;

pub(crate) fn query(raw: &str) -> Result<Query> {
    // The transform `background` declares the last one.
    Query::parse(raw, "", Resize.params().iter().chain(&[BACKGROUND]))
}

pub(crate) fn op(raw: &str) -> Box<dyn PixelOp> {
    match Resize.step(&query(raw).unwrap()).unwrap() {
        Some(Step::Pixels(op)) => op,
        _ => panic!("{raw} requests no step"),
    }
}

pub(crate) fn geometry(w: u32, h: u32) -> Geometry {
    Geometry { size: Size::new(w, h), orientation: Orientation::UPRIGHT }
}

/// The linear congruential generator of Numerical Recipes, with an arbitrary seed.
pub(crate) struct Random(pub(crate) u32);

impl Random {
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(self.0) * u64::from(end)) >> 32) as u32
    }

    pub(crate) fn within(&mut self, start: u32, end: u32) -> u32 {
        start + self.below(end - start + 1)
    }
}

/// Returns smooth noise from 0 to 1 in all channels: waves of at least 40 pixels.
pub(crate) fn noise(size: Size, channels: u8, random: &mut Random) -> Vec<f64> {
    let waves: Vec<[f64; 3]> = (0..usize::from(channels) * 6)
        .map(|_| [(); 3].map(|()| f64::from(random.below(1000)) / 1000.0))
        .collect();
    let (w, h) = (size.w as usize, size.h as usize);
    let mut samples = Vec::with_capacity(w * h * usize::from(channels));
    for y in 0..h {
        for x in 0..w {
            for waves in waves.chunks_exact(6) {
                let wave = |&[u, v, phase]: &[f64; 3]| {
                    let turns = (x as f64 * (u - 0.5) + y as f64 * (v - 0.5)) / 40.0 + phase;
                    (turns * std::f64::consts::TAU).sin()
                };
                samples.push(0.5 + waves.iter().map(wave).sum::<f64>() / 12.0);
            }
        }
    }
    samples
}

/// Returns `samples`, from 0 to 1, as a frame decoded at `1 / shrink`: each sample is the mean of a square, cut off at
/// the image's edge.
pub(crate) fn frame(samples: &[f64], size: Size, model: Model, shrink: u32, has_16_bits: bool) -> Frame {
    let channels = usize::from(model.channels());
    let small = Size::new(size.w.div_ceil(shrink), size.h.div_ceil(shrink));
    let mut means = Vec::new();
    for y in 0..small.h {
        for x in 0..small.w {
            for channel in 0..channels {
                let mut sum = 0.0;
                // Decoders repeat the last column and row to fill their blocks.
                for (dx, dy) in (0..shrink * shrink).map(|i| (i % shrink, i / shrink)) {
                    let (x, y) = ((x * shrink + dx).min(size.w - 1), (y * shrink + dy).min(size.h - 1));
                    sum += samples[(y as usize * size.w as usize + x as usize) * channels + channel];
                }
                means.push(sum / f64::from(shrink * shrink));
            }
        }
    }
    let samples = if has_16_bits {
        Samples::U16(means.iter().map(|mean| (mean * 65_535.0).round() as u16).collect())
    } else {
        Samples::U8(means.iter().map(|mean| (mean * 255.0).round() as u8).collect())
    };
    let step = (f64::from(shrink), f64::from(shrink));
    let plane = Plane { size: small, channels: model.channels(), samples, step };
    let geometry = geometry(size.w, size.h);
    Frame { geometry, view: View::whole(size), model, planes: vec![plane], encoding: None }
}

/// Returns all samples, from 0 to 1.
pub(crate) fn samples(frame: &Frame) -> Vec<f64> {
    match &frame.planes[0].samples {
        Samples::U8(samples) => samples.iter().map(|&sample| f64::from(sample) / 255.0).collect(),
        Samples::U16(samples) => samples.iter().map(|&sample| f64::from(sample) / 65_535.0).collect(),
    }
}

/// Returns the peak signal-to-noise ratio in decibels.
pub(crate) fn psnr(one: &Frame, other: &Frame) -> f64 {
    let (one, other) = (samples(one), samples(other));
    assert_eq!(one.len(), other.len());
    let squares: f64 = one.iter().zip(&other).map(|(a, b)| (a - b).powi(2)).sum();
    -10.0 * (squares / one.len() as f64).max(1e-12).log10()
}
