//! The prediction of the quality at which an encoder reaches a score.

/// The number of properties of an image that a prediction uses.
pub const PROPERTIES: usize = 7;

/// Properties of an image that tell how much an encoder loses of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Texture([f64; PROPERTIES]);

impl Texture {
    /// Returns the properties of an image of rows of `width` pixels, `[r, g, b]` in sRGB.
    pub fn new(pixels: &[[u8; 3]], width: usize) -> Self {
        /// Differences of levels up to which a pixel is flat, and from which it is at an edge.
        const MAX_FLAT: i32 = 1;
        const MIN_EDGE: i32 = 48;
        let (mut slopes, mut bends, mut colours) = (0_u64, 0_u64, 0_u64);
        let (mut flat, mut edges) = (0_u64, 0_u64);
        for two in pixels.windows(width.saturating_add(2)) {
            let (here, right, after, below) = (two[0], two[1], two[2], two[width]);
            let (luma, next) = (luma(here), luma(right));
            let slope = luma.abs_diff(next) + luma.abs_diff(self::luma(below));
            slopes += u64::from(slope);
            bends += u64::from((luma - 2 * next + self::luma(after)).unsigned_abs());
            let difference = |channel: usize| {
                let of = |pixel: [u8; 3]| i32::from(pixel[channel]) - i32::from(pixel[1]);
                u64::from(of(here).abs_diff(of(right)))
            };
            colours += difference(0) + difference(2);
            flat += u64::from(slope <= MAX_FLAT.unsigned_abs());
            edges += u64::from(MIN_EDGE.unsigned_abs() <= slope);
        }
        let pixels = (pixels.len() as f64).max(1.0);
        let mean = |sum: u64| sum as f64 / pixels;
        // Of an image without any texture, the logarithm is that of a twentieth of a level.
        let log = |sum: u64| (mean(sum) + 0.05).ln();
        Self([1.0, log(slopes), log(bends), log(colours), mean(flat), mean(edges), pixels.ln()])
    }

    /// Returns the properties, of which the first is 1.
    pub fn properties(&self) -> &[f64; PROPERTIES] {
        &self.0
    }

    /// Returns the share of pixels that differ from their neighbours by at most a level: most of a drawing, little of a
    /// photo.
    pub fn flat(&self) -> f64 {
        self.0[4]
    }
}

/// Returns luma by ITU-R BT.601, as JPEG does, in whole levels.
fn luma([r, g, b]: [u8; 3]) -> i32 {
    (i32::from(r) * 77 + i32::from(g) * 150 + i32::from(b) * 29) >> 8
}

/// The way in which the score of an encoder's output depends on its quality and on the image.
///
/// The loss is `100 - score`. Its logarithm is that of an average image, which the curve has, plus an offset that hardly
/// depends on the quality, so that one measurement of an image tells the quality for any score near it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// Qualities, ascending, and the logarithm of the loss of an average image at each. At least two.
    pub knots: &'static [(u8, f64)],
    /// The weights of the properties in the offset of an image.
    pub weights: [f64; PROPERTIES],
}

/// The smallest loss that is told from none.
const MIN_LOSS: f64 = 0.5;

impl Curve {
    /// Returns the quality at which the image is expected to get the score `target`.
    pub fn predict(&self, texture: &Texture, target: f64) -> u8 {
        let offset = texture.0.iter().zip(&self.weights).map(|(property, weight)| property * weight).sum();
        self.quality(offset, target)
    }

    /// Returns the quality at which an image that got `score` at `quality` is expected to get the score `target`.
    pub fn correct(&self, quality: u8, score: f64, target: f64) -> u8 {
        self.quality(log_of_loss(score) - self.log_of_loss_at(quality), target)
    }

    /// Returns the lowest quality at which an image of this offset gets at least `target`, or the highest one.
    fn quality(&self, offset: f64, target: f64) -> u8 {
        let (lowest, highest) = (self.knots[0].0, self.knots[self.knots.len() - 1].0);
        let wanted = log_of_loss(target) - offset;
        (lowest..highest).find(|quality| self.log_of_loss_at(*quality) <= wanted).unwrap_or(highest)
    }

    /// Returns the logarithm of the loss of an average image.
    fn log_of_loss_at(&self, quality: u8) -> f64 {
        let above = self.knots.partition_point(|(knot, _)| *knot < quality).clamp(1, self.knots.len() - 1);
        let ((low, low_loss), (high, high_loss)) = (self.knots[above - 1], self.knots[above]);
        let share = (f64::from(quality) - f64::from(low)) / (f64::from(high) - f64::from(low));
        low_loss + (high_loss - low_loss) * share
    }
}

/// Returns the logarithm of what is missing from a perfect score.
pub fn log_of_loss(score: f64) -> f64 {
    (100.0 - score).max(MIN_LOSS).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURVE: Curve =
        Curve { knots: &[(10, 4.5), (50, 3.7), (90, 2.5)], weights: [0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0] };

    #[test]
    fn a_correction_aims_at_the_target() {
        // As good as the average at 50: so the target of the same loss needs no other quality.
        let score = 100.0 - 3.7_f64.exp();
        assert_eq!(CURVE.correct(50, score, score), 50);
        assert!(CURVE.correct(50, score, score + 10.0) > 50);
        assert!(CURVE.correct(50, score, score - 10.0) < 50);
        for score in [f64::NEG_INFINITY, -500.0, 0.0, 100.0, f64::NAN] {
            assert!((10..=90).contains(&CURVE.correct(50, score, 70.0)), "{score}");
        }
    }

    #[test]
    fn more_texture_takes_another_quality() {
        let flat = vec![[7; 3]; 64 * 64];
        let rough: Vec<_> = (0..64 * 64_usize).map(|i| [(i * 7919 % 251) as u8; 3]).collect();
        let quality = |pixels: &[[u8; 3]]| CURVE.predict(&Texture::new(pixels, 64), 70.0);
        assert!(quality(&flat) < quality(&rough));
        assert!(Texture::new(&[], 0).properties().iter().all(|value| value.is_finite()));
        assert!(Texture::new(&[[1; 3]], usize::MAX).properties().iter().all(|value| value.is_finite()));
    }
}
