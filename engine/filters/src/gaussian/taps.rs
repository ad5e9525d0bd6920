//! Convolution with a sampled Gaussian, for small sigmas.

use super::filter::Lanes;

/// One side of a symmetric kernel.
#[derive(Debug)]
pub(crate) struct Taps {
    /// Weights at distance 1, 2, …; the weight of the centre is 1 minus twice their sum.
    weights: Vec<f32>,
}

impl Taps {
    /// Samples a Gaussian at integer distances up to four sigmas; less than a ten-thousandth is beyond.
    pub(crate) fn new(sigma: f64) -> Self {
        let radius = (4.0 * sigma).ceil() as u32;
        let at = |distance: u32| (-0.5 * (f64::from(distance) / sigma).powi(2)).exp();
        let sum = 1.0 + 2.0 * (1..=radius).map(at).sum::<f64>();
        Self { weights: (1..=radius).map(|distance| (at(distance) / sum) as f32).collect() }
    }

    /// Sums weighted differences from the centre, which are exactly 0 in flat areas.
    pub(crate) fn run(&self, input: &[Lanes], output: &mut [Lanes]) {
        let Some(last) = input.len().checked_sub(1) else { return };
        for (i, (out, centre)) in output.iter_mut().zip(input).enumerate() {
            *out = *centre;
            for (distance, weight) in (1..).zip(&self.weights) {
                let before = &input[i.saturating_sub(distance)];
                let after = &input[last.min(i + distance)];
                for (((out, x), a), b) in out.iter_mut().zip(centre).zip(before).zip(after) {
                    *out += weight * ((a - x) + (b - x));
                }
            }
        }
    }
}
