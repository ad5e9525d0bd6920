//! The lake: a mirror with small waves.

use super::noise::gradient;
use super::vector::Vec2;

/// Returns the slope of the water at `at` (metres), and its roughness below the size of a pixel.
///
/// `footprint` is the length of lake that one pixel covers, in metres.
pub(super) fn waves(at: Vec2, footprint: f32) -> (Vec2, f32) {
    let (mut slope, mut rough) = (Vec2::default(), 0.0);
    let calm = 0.55 + 0.45 * gradient(Vec2::new(at.x / 260.0, at.y / 700.0), 61).value;
    let mut p = Vec2::new(at.x / 9.0, at.y / 6.0);
    let mut length = 6.0;
    for octave in 0..6 {
        let noise = gradient(p, 71 + octave);
        let height = 0.0085 * calm;
        let seen = 1.0 / (1.0 + footprint / length);
        slope = slope + noise.slope * (height * seen);
        rough += height * (1.0 - seen);
        length *= 0.5;
        p = p.turned() * 2.0;
    }
    (slope, rough)
}

/// Returns the share of light that water reflects at grazing `angle` in radians (Schlick, 1994).
pub(super) fn mirrored(angle: f32) -> f32 {
    let graze = 1.0 - angle.clamp(0.0, 1.0);
    0.02 + 0.98 * graze * graze * graze * graze * graze
}
