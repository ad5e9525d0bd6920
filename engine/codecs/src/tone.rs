//! The curve of sRGB (IEC 61966-2-1), for samples of linear light, and tables of such curves.

use std::sync::LazyLock;

/// The end of the straight part of the curve is above this.
const STRAIGHT: f32 = 1.0 / 512.0;

/// sRGB's curve above [`STRAIGHT`].
static CURVE: LazyLock<Octaves> = LazyLock::new(|| {
    Octaves::new(STRAIGHT, 1.0, |linear| {
        let linear = f64::from(linear);
        let level =
            if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
        level as f32
    })
});

/// The level, 0 to 1, of `linear` light, which is clamped to 0 to 1.
pub(crate) fn srgb(linear: f32) -> f32 {
    let linear = linear.clamp(0.0, 1.0);
    if linear < STRAIGHT { 12.92 * linear } else { CURVE.at(linear) }
}

/// As [`srgb`], rounded to 8 bits.
pub(crate) fn srgb8(linear: f32) -> u8 {
    (srgb(linear) * 255.0).round() as u8
}

/// A smooth function of light, of which the values between parts of octaves are interpolated. Floating-point numbers
/// are such parts already, so that no logarithm is needed.
pub(crate) struct Octaves {
    values: Vec<f32>,
    /// The bits of the lowest light, without those of a part.
    first: u32,
}

impl Octaves {
    /// Bits below those of a part: an octave has 256 parts.
    const SHIFT: u32 = f32::MANTISSA_DIGITS - 1 - 8;

    /// The function from `low`, a power of two, to `high`.
    pub(crate) fn new(low: f32, high: f32, value: impl Fn(f32) -> f32) -> Self {
        let (first, last) = (low.to_bits() >> Self::SHIFT, high.to_bits() >> Self::SHIFT);
        let values = (first..=last + 1).map(|part| value(f32::from_bits(part << Self::SHIFT))).collect();
        Self { values, first }
    }

    /// The value for `light`, which is not negative; outside of the range, that of its end.
    pub(crate) fn at(&self, light: f32) -> f32 {
        let bits = light.to_bits();
        let part = (bits >> Self::SHIFT).saturating_sub(self.first) as usize;
        let [.., last] = *self.values else { return 0.0 };
        let Some(&[below, above]) = self.values.get(part..part + 2) else { return last };
        let share = (bits & ((1 << Self::SHIFT) - 1)) as f32 / (1_u32 << Self::SHIFT) as f32;
        below + (above - below) * share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_of_the_standard() {
        for (linear, expected) in
            [(-1.0, 0), (0.0, 0), (0.001, 3), (0.2140, 127), (0.5, 188), (1.0, 255), (9.0, 255)]
        {
            assert_eq!(srgb8(linear), expected, "{linear}");
        }
    }

    #[test]
    fn levels_are_exact_to_16_bits() {
        for step in 0..=100_000 {
            let linear = f64::from(step) / 100_000.0;
            let exact =
                if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
            let found = f64::from(srgb(linear as f32));
            assert!((found - exact).abs() < 0.25 / 65_535.0, "{linear}: {found}, not {exact}");
        }
    }
}
