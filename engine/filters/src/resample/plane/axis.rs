//! The weights of one axis: the samples that contribute to each output, and their weights.

use std::f64::consts::FRAC_PI_3;

/// Fraction bits of a weight: those of an output sum to exactly `1 << WEIGHT_BITS`.
pub(super) const WEIGHT_BITS: u32 = 14;

/// Lobes of Lanczos3 on each side.
const LOBES: f64 = 3.0;

/// Weights along one axis. Samples are numbered from the first readable one and form pairs, as multiply-and-add
/// instructions take them: pair `n` is samples `2n` and `2n + 1`.
#[derive(Debug)]
pub(super) struct Axis {
    /// Number of pairs for each output; the same for all, so that loops have one length.
    pub(super) pairs: usize,
    /// The first pair of each output, in ascending order.
    pub(super) starts: Vec<u32>,
    /// `pairs` weights for each output; 0 outside the kernel.
    pub(super) weights: Vec<[i16; 2]>,
    /// If every output is one unchanged sample: the sample of the first output.
    pub(super) copies_from: Option<usize>,
}

impl Axis {
    /// Computes weights of the `count` readable samples for `outputs` that divide the box of `length` at `start`
    /// evenly.
    ///
    /// The box may be anywhere. Its distance from the samples is limited to their extent, since the result is the
    /// same beyond that; so weights take at most 60 bytes for each sample, and 12 if the box is within them.
    ///
    /// Positions beyond the samples have no weight; the other weights are scaled up. An output centred beyond
    /// the samples is treated as centred on their edge.
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

    /// Returns the weights of one output.
    pub(super) fn weights(&self, output: usize) -> &[[i16; 2]] {
        &self.weights[output * self.pairs..][..self.pairs]
    }

    /// Returns the pairs under the kernels of a range of outputs.
    pub(super) fn window(&self, outputs: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let starts = &self.starts[outputs];
        let first = starts.first().map_or(0, |&start| start as usize);
        first..starts.last().map_or(0, |&start| start as usize + self.pairs)
    }
}

/// The Lanczos3 kernel at one scale.
struct Kernel {
    /// Samples from its centre to its last zero.
    reach: f64,
    count: usize,
    /// The angle from one sample to the next.
    step: f64,
    /// Sines and cosines of 0 to [`LANES`] times that angle.
    turns: [(f64, f64); LANES + 1],
}

/// Number of taps that are computed together; each depends on the tap this many before it.
const LANES: usize = 4;

impl Kernel {
    /// `stretch` is the distance of the first zero from the centre, in samples.
    fn new(stretch: f64, count: usize) -> Self {
        let step = FRAC_PI_3 / stretch;
        let turns = std::array::from_fn(|turn| (turn as f64 * step).sin_cos());
        Self { reach: LOBES * stretch, count, step, turns }
    }

    /// Returns the first and the last sample under the kernel.
    fn span(&self, centre: f64) -> (usize, usize) {
        // Conversion truncates, which equals rounding down because negative numbers were clamped.
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

    /// Computes weights from sample `first` on, not normalised.
    ///
    /// With `a = πx / 3` the kernel `sin(πx) / πx · sin(a) / a` is `sin² a · (3 − 4 sin² a) / 3a²`, because
    /// `sin 3a = 3 sin a − 4 sin³ a`. That takes one sine a tap, which is an earlier one rotated by a constant angle.
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

/// Returns sine and cosine of the sum of two angles.
fn turned((sin, cos): (f64, f64), (by_sin, by_cos): (f64, f64)) -> (f64, f64) {
    (sin * by_cos + cos * by_sin, cos * by_cos - sin * by_sin)
}

/// Rounds weights so that their sum is exactly one: each is the difference between rounded cumulative sums. The sum
/// of any run of weights is then also exact to one unit, which matters if thousands are below a unit each.
fn round(exact: &[f64], weights: &mut [i16]) {
    /// Offset that makes cumulative sums, which are above −1, positive, so that conversion rounds down.
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
