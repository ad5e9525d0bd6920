//! The comparison of two images, as their rows arrive.

use crate::{colour::Linear, scale::Scale, weights};

/// The number of scales, each half as wide and high as the one before.
const SCALES: usize = 6;

/// The smallest side of an image that has a score, and of one that has another scale below it.
const MIN_SIDE: usize = 8;

/// Compares an image with its original: `comparison = push* score`, with one call of `push` for each row.
#[derive(Clone, Debug)]
pub struct Comparison {
    linear: Linear,
    /// The largest first.
    scales: Vec<Scale>,
    /// The linear samples of a row: those of the original and of the image, each as three planes.
    rows: [Vec<f32>; 2],
}

impl Comparison {
    /// Returns a comparison of images of `width` × `height` pixels; `None` if a side has less than 8.
    pub fn new(width: usize, height: usize) -> Option<Self> {
        if width.min(height) < MIN_SIDE {
            return None;
        }
        let mut scales = Vec::with_capacity(SCALES);
        let (mut w, mut h) = (width, height);
        for _ in 0..SCALES {
            scales.push(Scale::new(w, h));
            if w.min(h) < MIN_SIDE {
                break;
            }
            (w, h) = (w.div_ceil(2), h.div_ceil(2));
        }
        let row = || vec![0.0; 3 * width];
        Some(Self { linear: Linear::new(), scales, rows: [row(), row()] })
    }

    /// Returns the most bytes that a comparison of images of `width` columns allocates.
    pub const fn memory(width: u64) -> u64 {
        /// Bytes for each column of all scales.
        const COLUMN_BYTES: u64 = 1536;
        const WORK_BYTES: u64 = 64 << 10;
        width.saturating_mul(COLUMN_BYTES).saturating_add(WORK_BYTES)
    }

    /// Adds the next row of both images, from the top: `[r, g, b]` of each pixel, in sRGB.
    ///
    /// # Panics
    /// If a row does not have as many pixels as [`Comparison::new`] was told.
    pub fn push(&mut self, original: &[[u8; 3]], image: &[[u8; 3]]) {
        let [one, two] = &mut self.rows;
        self.linear.convert(original, one);
        self.linear.convert(image, two);
        push(&mut self.scales, one, two);
    }

    /// Returns the score, once all rows were pushed.
    pub fn score(mut self) -> f64 {
        let mut scales = self.scales.as_mut_slice();
        let mut norms = Vec::with_capacity(SCALES);
        while let [scale, below @ ..] = scales {
            if let Some((one, two)) = scale.take_halved_end() {
                push(below, &one, &two);
            }
            norms.push(scale.finish());
            scales = below;
        }
        weights::score(&norms)
    }
}

/// Adds a row to the first of `scales`, and the rows that it completes to those below it.
fn push(scales: &mut [Scale], original: &[f32], image: &[f32]) {
    let [scale, below @ ..] = scales else { return };
    scale.push(original, image);
    if !below.is_empty() && scale.halve(original, image) {
        let (one, two) = scale.halved();
        push(below, one, two);
    }
}
