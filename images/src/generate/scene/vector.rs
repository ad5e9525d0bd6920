//! Plane vectors and linear colours.

use std::ops::{Add, Mul, Sub};

/// A point or direction in the plane.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Vec2 {
    pub(super) x: f32,
    pub(super) y: f32,
}

impl Vec2 {
    pub(super) const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    pub(super) fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y
    }

    /// Returns the vector rotated by the angle of a 3-4-5 triangle, which hides the lattice of noise in a
    /// fractal sum.
    pub(super) fn turned(self) -> Self {
        Self::new(0.8 * self.x - 0.6 * self.y, 0.6 * self.x + 0.8 * self.y)
    }
}

impl Add for Vec2 {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Vec2 {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f32> for Vec2 {
    type Output = Self;

    fn mul(self, factor: f32) -> Self {
        Self::new(self.x * factor, self.y * factor)
    }
}

/// Linear light, red, green and blue of the sRGB primaries; 1 is the film's white.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Light {
    pub(super) r: f32,
    pub(super) g: f32,
    pub(super) b: f32,
}

impl Light {
    pub(super) const fn new(r: f32, g: f32, b: f32) -> Self {
        Self { r, g, b }
    }

    /// Interpolates from `self` at 0 to `other` at 1.
    pub(super) fn mix(self, other: Self, t: f32) -> Self {
        self * (1.0 - t) + other * t
    }
}

impl Add for Light {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.r + other.r, self.g + other.g, self.b + other.b)
    }
}

impl Mul for Light {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self::new(self.r * other.r, self.g * other.g, self.b * other.b)
    }
}

impl Mul<f32> for Light {
    type Output = Self;

    fn mul(self, factor: f32) -> Self {
        Self::new(self.r * factor, self.g * factor, self.b * factor)
    }
}

/// Returns 0 below `from`, 1 above `to`, and a smooth transition between (cubic Hermite).
pub(super) fn smoothstep(from: f32, to: f32, value: f32) -> f32 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
