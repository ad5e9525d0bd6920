//! The weights of one axis: which samples make each output, and how much of each.

use std::f64::consts::FRAC_PI_3;

/// Fraction bits of a weight: those of an output sum to exactly `1 << WEIGHT_BITS`.
pub(super) const WEIGHT_BITS: u32 = 14;

/// Lobes of Lanczos3 on each side.
const LOBES: f64 = 3.0;

/// How outputs are made of samples along one axis. Samples count from the first that may be read, and go in
/// pairs, as multiply-and-add instructions take them: pair `n` is the samples `2n` and `2n + 1`.
#[derive(Debug)]
pub(super) struct Axis {
    /// How many pairs make an output: as many for each, so that loops have one length.
    pub(super) pairs: usize,
    /// The first pair of each output, never falling.
    pub(super) starts: Vec<u32>,
    /// `pairs` for each output. Those that no kernel touches are 0.
    pub(super) weights: Vec<[i16; 2]>,
    /// Where every output is one sample unchanged: the sample of the first output.
    pub(super) copies_from: Option<usize>,
}

impl Axis {
    /// Weights for `outputs` that divide the box of `length` at `start` evenly, of the `count` samples that may
    /// be read.
    ///
    /// The box may be anywhere, but what it covers further off than the extent of all the samples is the same
    /// everywhere, and ends there: so weights take at most 60 bytes for each sample, and 12 where the box lies
    /// on them.
    ///
    /// What lies beyond the samples weighs nothing, and the others weigh more for it. An output centred beyond
    /// them is as if centred on their edge.
    pub(super) fn new(count: usize, (start, length): (f64, f64), outputs: usize) -> Self {
        let count = count.max(1);
        let extent = count as f64;
        let end = (start + length).clamp(-2.0 * extent, 3.0 * extent);
        let start = start.clamp(-2.0 * extent, 3.0 * extent);
        let scale = (end - start).max(0.0) / outputs as f64;
        let centre = |output: usize| (start + (output as f64 + 0.5) * scale).clamp(0.0, extent);
        let kernel = Kernel::new(scale.max(1.0), count);

        let spans: Vec<_> = (0..outputs).map(|output| kernel.span(centre(output))).collect();
        let pairs = spans.iter().map(|(first, last)| last / 2 - first / 2 + 1).max().unwrap_or(1);
        let latest = count.div_ceil(2) - pairs;
        let mut starts = Vec::with_capacity(outputs);
        let mut weights = vec![[0; 2]; pairs * outputs];
        let mut exact = vec![0.0; 2 * pairs + LANES];
        for (output, (&(first, last), weights)) in
            spans.iter().zip(weights.chunks_exact_mut(pairs)).enumerate()
        {
            let pair = (first / 2).min(latest);
            let touched = &mut weights.as_flattened_mut()[first - 2 * pair..=last - 2 * pair];
            kernel.weigh(centre(output), first, &mut exact[..touched.len().next_multiple_of(LANES)]);
            round(&exact[..touched.len()], touched);
            starts.push(pair as u32);
        }
        let first = start.round();
        #[allow(clippy::float_cmp, reason = "what is nearly whole is not copied")]
        let is_copy = scale == 1.0 && start == first && 0.0 <= first && first + outputs as f64 <= extent;
        Self { pairs, starts, weights, copies_from: is_copy.then_some(first as usize) }
    }

    /// The weights of one output.
    pub(super) fn weights(&self, output: usize) -> &[[i16; 2]] {
        &self.weights[output * self.pairs..][..self.pairs]
    }

    /// The pairs under the kernels of some outputs.
    pub(super) fn window(&self, outputs: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let starts = &self.starts[outputs];
        let first = starts.first().map_or(0, |&start| start as usize);
        first..starts.last().map_or(0, |&start| start as usize + self.pairs)
    }
}

/// Lanczos3 over some samples.
struct Kernel {
    /// Samples from its centre to its last zero.
    reach: f64,
    count: usize,
    /// The angle from a sample to the next.
    step: f64,
    /// Sines and cosines of 0 to [`LANES`] such angles.
    turns: [(f64, f64); LANES + 1],
}

/// Taps that are weighed at a time: each depends on the one so many before it.
const LANES: usize = 4;

impl Kernel {
    /// `stretch` is how many samples its first zero is from its centre.
    fn new(stretch: f64, count: usize) -> Self {
        let step = FRAC_PI_3 / stretch;
        let turns = std::array::from_fn(|turn| (turn as f64 * step).sin_cos());
        Self { reach: LOBES * stretch, count, step, turns }
    }

    /// First and last of the samples that it touches.
    fn span(&self, centre: f64) -> (usize, usize) {
        // No number below 0 reaches the conversion as such: it rounds down.
        let first = (centre - self.reach + 0.5).max(0.0) as usize;
        let end = (centre + self.reach - 0.5).max(0.0);
        #[allow(
            clippy::float_cmp,
            reason = "the kernel is 0 on the sample where it ends, and near it next to 0"
        )]
        let last = if end == (end as usize) as f64 { (end as usize).saturating_sub(1) } else { end as usize };
        let most = self.count - 1;
        (first.min(most), last.min(most))
    }

    /// Weighs samples from `first` on, to no particular sum.
    ///
    /// With `a = πx / 3` the kernel `sin(πx) / πx · sin(a) / a` is `sin² a · (3 − 4 sin² a) / 3a²`, because
    /// `sin 3a = 3 sin a − 4 sin³ a`: one sine a tap, and each is one before it, turned by a constant angle.
    fn weigh(&self, centre: f64, first: usize, weights: &mut [f64]) {
        let start = (first as f64 + 0.5 - centre) * self.step;
        let start_turn = start.sin_cos();
        let mut lanes = [(start_turn, start); LANES];
        for (lane, turn) in self.turns[..LANES].iter().enumerate() {
            lanes[lane] = (turned(start_turn, *turn), start + lane as f64 * self.step);
        }
        let stride = LANES as f64 * self.step;
        for taps in weights.as_chunks_mut::<LANES>().0 {
            for (weight, (turn, angle)) in taps.iter_mut().zip(&mut lanes) {
                let square = turn.0 * turn.0;
                let exact = square * (3.0 - 4.0 * square) / (3.0 * *angle * *angle);
                *weight = if angle.abs() < 1e-6 { 1.0 } else { exact };
                *turn = turned(*turn, self.turns[LANES]);
                *angle += stride;
            }
        }
    }
}

/// Sine and cosine of the sum of two angles.
fn turned((sin, cos): (f64, f64), (by_sin, by_cos): (f64, f64)) -> (f64, f64) {
    (sin * by_cos + cos * by_sin, cos * by_cos - sin * by_sin)
}

/// Rounds weights so that their sum is exactly one: each is the rise of the rounded sum of all up to it. So no
/// run of them is off by more than one unit either, which matters where thousands are less than a unit each.
fn round(exact: &[f64], weights: &mut [i16]) {
    /// Keeps sums, of which none is below minus one, from being negative: conversion then rounds down.
    const ABOVE_ZERO: i32 = 1 << WEIGHT_BITS;
    let unit = f64::from(1 << WEIGHT_BITS) / exact.iter().sum::<f64>();
    let (mut sum, mut before) = (f64::from(ABOVE_ZERO) + 0.5, ABOVE_ZERO);
    for (exact, weight) in exact.iter().zip(weights) {
        sum += exact * unit;
        let rounded = sum as i32;
        *weight = (rounded - before) as i16;
        before = rounded;
    }
}
