//! The curve of sRGB (IEC 61966-2-1), for samples of linear light.

use std::sync::LazyLock;

/// Steps of the table: fine enough for 16 bits, between which values are interpolated.
const STEPS: usize = 1 << 12;

/// sRGB's curve over the cube root of linear light, where it is nearly a line.
static CURVE: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let level = |step: usize| {
        let linear = (step as f64 / STEPS as f64).powi(3);
        let level =
            if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
        level as f32
    };
    (0..=STEPS + 1).map(level).collect()
});

/// The level, 0 to 1, of `linear` light, which is clamped to 0 to 1.
pub(crate) fn srgb(linear: f32) -> f32 {
    let at = linear.clamp(0.0, 1.0).cbrt() * STEPS as f32;
    let step = at as usize;
    CURVE[step] + (CURVE[step + 1] - CURVE[step]) * (at - step as f32)
}

/// As [`srgb`], rounded to 8 bits.
pub(crate) fn srgb8(linear: f32) -> u8 {
    (srgb(linear) * 255.0).round() as u8
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
}
