//! The errors between two images at one scale.

use crate::{
    blur::{self, RADIUS, TAPS},
    colour::to_xyb,
};

/// The planes that are blurred: both images, the sum of their squares, and their product.
const BLURRED: usize = 4;
/// Rows of samples that wait for their blurred surroundings.
const WAITING: usize = RADIUS + 1;

/// The norms of the errors of each channel, X, Y and B: the mean, and the fourth root of the mean of fourth powers, of
/// dissimilarity, of edges that the image adds and of edges that it lost.
pub(crate) type Norms = [[[f64; 3]; 2]; 3];

/// One scale of both images. A row is a sequence of three planes of `width` samples.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    width: usize,
    height: usize,
    /// The number of rows that were pushed.
    pushed: usize,
    /// The last rows of both images in XYB.
    samples: [[Vec<f32>; WAITING]; 2],
    /// The last rows, blurred across: each has the planes of each channel.
    blurred: [Vec<f32>; TAPS],
    /// A row of zeros, as the surroundings of the image.
    zeros: Vec<f32>,
    /// A plane of a row between zeros.
    padded: Vec<f32>,
    /// The planes of a row, blurred in both directions.
    row: [Vec<f32>; BLURRED],
    /// The sums of the errors and of their fourth powers.
    sums: Norms,
    /// Half of a row of the next scale: those of the original and of the image.
    half: [Vec<f32>; 2],
}

impl Scale {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let row = || vec![0.0; 3 * width];
        let half = || vec![0.0; 3 * width.div_ceil(2)];
        Self {
            width,
            height,
            pushed: 0,
            samples: std::array::from_fn(|_| std::array::from_fn(|_| row())),
            blurred: std::array::from_fn(|_| vec![0.0; 3 * BLURRED * width]),
            zeros: vec![0.0; width],
            padded: vec![0.0; width + 2 * RADIUS],
            row: std::array::from_fn(|_| vec![0.0; width]),
            sums: Norms::default(),
            half: [half(), half()],
        }
    }

    /// Adds a row of linear light.
    pub(crate) fn push(&mut self, original: &[f32], image: &[f32]) {
        let y = self.pushed;
        self.pushed += 1;
        let [originals, images] = &mut self.samples;
        let (one, two) = (&mut originals[y % WAITING], &mut images[y % WAITING]);
        to_xyb(original, one);
        to_xyb(image, two);
        let width = self.width;
        let blurred = &mut self.blurred[y % TAPS];
        let channels = one.chunks_exact(width).zip(two.chunks_exact(width));
        for (planes, (one, two)) in blurred.chunks_exact_mut(BLURRED * width).zip(channels) {
            for (index, plane) in planes.chunks_exact_mut(width).enumerate() {
                let padded = &mut self.padded[RADIUS..][..width];
                match index {
                    0 => padded.copy_from_slice(one),
                    1 => padded.copy_from_slice(two),
                    2 => fill(padded, one, two, |one, two| one * one + two * two),
                    _ => fill(padded, one, two, |one, two| one * two),
                }
                blur::across(&self.padded, plane);
            }
        }
        if let Some(y) = y.checked_sub(RADIUS) {
            self.compare(y);
        }
    }

    /// Returns the norms, once all rows were pushed.
    pub(crate) fn finish(&mut self) -> Norms {
        for y in self.pushed.saturating_sub(RADIUS)..self.pushed {
            self.compare(y);
        }
        let pixels = (self.width * self.height) as f64;
        self.sums.map(|[means, fourths]| {
            [means.map(|sum| sum / pixels), fourths.map(|sum| (sum / pixels).sqrt().sqrt())]
        })
    }

    /// Adds the errors of row `y`, whose surroundings were pushed as far as there are any.
    fn compare(&mut self, y: usize) {
        let width = self.width;
        for channel in 0..3 {
            for (index, out) in self.row.iter_mut().enumerate() {
                let start = (channel * BLURRED + index) * width;
                let rows = std::array::from_fn(|tap| match (y + tap).checked_sub(RADIUS) {
                    Some(row) if row < self.pushed => &self.blurred[row % TAPS][start..start + width],
                    _ => &self.zeros[..],
                });
                blur::down(rows, out);
            }
            let [mean_one, mean_two, squares, product] = &self.row;
            let part = channel * width..(channel + 1) * width;
            let one = &self.samples[0][y % WAITING][part.clone()];
            let two = &self.samples[1][y % WAITING][part];
            let means = (&mean_one[..], &mean_two[..]);
            let sums = &mut self.sums[channel];
            add_errors(sums, (one, two), means, (squares, product));
        }
    }

    /// Adds a row to that of the next scale. Returns whether this completes it.
    pub(crate) fn halve(&mut self, original: &[f32], image: &[f32]) -> bool {
        let is_second = self.pushed.is_multiple_of(2);
        for (half, row) in self.half.iter_mut().zip([original, image]) {
            let planes = half.chunks_exact_mut(self.width.div_ceil(2)).zip(row.chunks_exact(self.width));
            for (half, row) in planes {
                for (half, pair) in half.iter_mut().zip(row.chunks(2)) {
                    // At the edge, the last sample is its own neighbour.
                    let sum = (pair[0] + pair[pair.len() - 1]) * 0.25;
                    *half = if is_second { *half + sum } else { sum };
                }
            }
        }
        is_second
    }

    /// Returns the row of the next scale that [`Scale::halve`] completed.
    pub(crate) fn halved(&self) -> (&[f32], &[f32]) {
        (&self.half[0], &self.half[1])
    }

    /// Returns the last row of the next scale, if the height is odd: the last row is then its own neighbour.
    pub(crate) fn take_halved_end(&mut self) -> Option<(Vec<f32>, Vec<f32>)> {
        if self.pushed.is_multiple_of(2) {
            return None;
        }
        let [mut one, mut two] = std::mem::take(&mut self.half);
        one.iter_mut().chain(&mut two).for_each(|sample| *sample *= 2.0);
        Some((one, two))
    }
}

/// Writes what `combine` makes of the samples at the same place.
fn fill(out: &mut [f32], one: &[f32], two: &[f32], combine: impl Fn(f32, f32) -> f32) {
    for ((out, one), two) in out.iter_mut().zip(one).zip(two) {
        *out = combine(*one, *two);
    }
}

/// Adds the errors of a row to `sums`.
fn add_errors(
    sums: &mut [[f64; 3]; 2],
    (one, two): (&[f32], &[f32]),
    (mean_one, mean_two): (&[f32], &[f32]),
    (squares, product): (&[f32], &[f32]),
) {
    /// Sums that are added apart, so that the loop becomes vector code.
    const LANES: usize = 8;
    let mut lanes = [[[0.0_f32; LANES]; 3]; 2];
    let parts = [one, two, mean_one, mean_two, squares, product].map(|row| row.as_chunks::<LANES>());
    let (chunks, ends) = (parts.map(|(chunks, _)| chunks), parts.map(|(_, end)| end));
    let [one, two, mean_one, mean_two, squares, product] = chunks;
    for i in 0..one.len() {
        let row = [&one[i], &two[i], &mean_one[i], &mean_two[i], &squares[i], &product[i]];
        for lane in 0..LANES {
            let errors = errors(row.map(|samples| samples[lane]));
            for kind in 0..3 {
                lanes[0][kind][lane] += errors[kind];
                lanes[1][kind][lane] += (errors[kind] * errors[kind]) * (errors[kind] * errors[kind]);
            }
        }
    }
    for i in 0..ends[0].len() {
        for (kind, error) in errors(ends.map(|samples| samples[i])).into_iter().enumerate() {
            lanes[0][kind][0] += error;
            lanes[1][kind][0] += (error * error) * (error * error);
        }
    }
    for (sums, lanes) in sums.iter_mut().zip(&lanes) {
        for (sum, lanes) in sums.iter_mut().zip(lanes) {
            *sum += lanes.iter().copied().map(f64::from).sum::<f64>();
        }
    }
}

/// Returns the errors of a pixel: dissimilarity, an edge that the image adds, and an edge that it lost.
fn errors([one, two, mean_one, mean_two, squares, product]: [f32; 6]) -> [f32; 3] {
    const C2: f32 = 0.0009;
    let difference = mean_one - mean_two;
    let covariance = 2.0 * (product - mean_one * mean_two) + C2;
    // In this order, equal images have no error at all.
    let variances = squares - (mean_one * mean_one + mean_two * mean_two) + C2;
    let similarity = (1.0 - difference * difference) * covariance / variances;
    let edges = (1.0 + (two - mean_two).abs()) / (1.0 + (one - mean_one).abs()) - 1.0;
    [(1.0 - similarity).max(0.0), edges.max(0.0), (-edges).max(0.0)]
}
