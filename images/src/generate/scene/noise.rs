//! Gradient noise with derivatives, with the same values on every machine.

use super::vector::Vec2;

/// A noise value and its slope.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Noise {
    /// About -1 to 1.
    pub(super) value: f32,
    /// Partial derivatives of `value`.
    pub(super) slope: Vec2,
}

/// Returns 32 well-mixed bits for two numbers (the finaliser of `MurmurHash3`).
pub(super) fn hash(x: u32, y: u32, seed: u32) -> u32 {
    let mut h = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77) ^ seed;
    h = (h ^ (h >> 16)).wrapping_mul(0x85EB_CA6B);
    h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
    h ^ (h >> 16)
}

/// Returns the bits of the lattice point `x`, `y`.
pub(super) fn lattice(x: i32, y: i32, seed: u32) -> u32 {
    hash(x.cast_unsigned(), y.cast_unsigned(), seed)
}

/// Returns the upper 24 bits of `bits` as a number from 0 to 1, without 1.
pub(super) fn unit(bits: u32) -> f32 {
    (bits >> 8) as f32 / 16_777_216.0
}

/// Returns the largest integer that is not above `value`. On plain x86-64, `f32::floor` is a function call
/// and takes longer than all of the noise.
pub(super) fn floor(value: f32) -> i32 {
    let towards_zero = value as i32;
    towards_zero - i32::from(value < towards_zero as f32)
}

/// Returns Perlin's gradient noise at `p`: lattice spacing 1, quintic fade.
pub(super) fn gradient(p: Vec2, seed: u32) -> Noise {
    let (ix, iy) = (floor(p.x), floor(p.y));
    let f = p - Vec2::new(ix as f32, iy as f32);
    let fade = |t: f32| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let fade_slope = |t: f32| 30.0 * t * t * (t * (t - 2.0) + 1.0);
    let (u, v) = (fade(f.x), fade(f.y));

    // The plane through each corner of the cell.
    let corner = |dx: i32, dy: i32| {
        let bits = lattice(ix.wrapping_add(dx), iy.wrapping_add(dy), seed);
        let slope =
            Vec2::new((bits & 0xFFFF) as f32, (bits >> 16) as f32) * (1.0 / 32768.0) - Vec2::new(1.0, 1.0);
        Noise { value: slope.dot(f - Vec2::new(dx as f32, dy as f32)), slope }
    };
    let (near, right, far, both) = (corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1));
    let cross = near.value - right.value - far.value + both.value;
    let (along_x, along_y) = (right.value - near.value, far.value - near.value);
    let blend = near.slope
        + (right.slope - near.slope) * u
        + (far.slope - near.slope) * v
        + (near.slope - right.slope - far.slope + both.slope) * (u * v);
    let fading = Vec2::new(fade_slope(f.x) * (along_x + cross * v), fade_slope(f.y) * (along_y + cross * u));
    Noise { value: near.value + u * along_x + v * along_y + u * v * cross, slope: blend + fading }
}

/// Returns a fractal sum of `octaves` of noise, each at twice the frequency and half the height of the last.
pub(super) fn fractal(mut p: Vec2, octaves: u32, seed: u32) -> f32 {
    let (mut sum, mut height) = (0.0, 0.5);
    for octave in 0..octaves {
        sum += height * gradient(p, seed.wrapping_add(octave)).value;
        height *= 0.5;
        p = p.turned() * 2.0;
    }
    sum
}
