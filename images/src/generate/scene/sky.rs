//! The sky at sunset: gradient, sun, haze and two layers of cloud.

use super::noise::fractal;
use super::vector::{Light, Vec2, smoothstep};

/// Direction of a ray: `x` to the right and `y` up, per unit of depth.
pub(super) type Ray = Vec2;

/// Direction of the sun.
pub(super) const SUN: Ray = Vec2::new(-0.155, 0.050);

const ZENITH: Light = Light::new(0.035, 0.095, 0.290);
const MIDDLE: Light = Light::new(0.230, 0.240, 0.400);
const HORIZON: Light = Light::new(0.950, 0.430, 0.200);
const GLOW: Light = Light::new(1.900, 0.820, 0.260);

/// Returns the sky's light along `ray`, including the sun's disc.
pub(super) fn sky(ray: Ray) -> Light {
    let clear = air(ray);
    let disc = smoothstep(0.0115, 0.0085, distance_to_sun(ray));
    let (cover, cloud) = clouds(ray, clear);
    (clear + Light::new(34.0, 19.0, 8.0) * disc).mix(cloud, cover)
}

/// Returns the light of the cloudless air along `ray`, into which haze fades too.
pub(super) fn air(ray: Ray) -> Light {
    let up = ray.y.max(0.0);
    let low = libm::expf(-up * 7.5);
    let base = ZENITH.mix(MIDDLE, libm::expf(-up * 3.4)).mix(HORIZON, low * 0.85);
    let away = distance_to_sun(ray);
    let halo =
        0.38 * libm::expf(-away * 4.2) + 0.8 * libm::expf(-away * 15.0) + 4.0 * libm::expf(-away * 75.0);
    // Away from the sun, the horizon cools to the violet of the earth's shadow.
    let cool = smoothstep(0.25, 1.1, away) * low;
    base.mix(Light::new(0.46, 0.30, 0.36), cool * 0.75) + GLOW * halo
}

fn distance_to_sun(ray: Ray) -> f32 {
    let to_sun = ray - SUN;
    to_sun.dot(to_sun).sqrt()
}

/// Returns the share of the sky that a cloud covers along `ray`, and the cloud's light.
fn clouds(ray: Ray, behind: Light) -> (f32, Light) {
    if ray.y < 0.01 {
        return (0.0, behind);
    }
    // The point where the ray meets a flat layer at height 1; distant clouds crowd together at the horizon.
    let plane = Vec2::new(ray.x, 1.0) * (1.0 / (ray.y + 0.06));
    let warp = Vec2::new(fractal(plane * 0.35, 3, 11), fractal(plane * 0.35, 3, 23));
    let heap = fractal(plane * 0.55 + warp * 1.6, 7, 31);
    let streak = fractal(Vec2::new(plane.x * 0.22 + plane.y * 0.05, plane.y * 0.9) + warp * 0.8, 6, 47);
    let thick = smoothstep(0.0, 0.24, heap + 0.05);
    let thin = smoothstep(0.0, 0.55, streak + 0.04) * 0.55;
    let cover = (thick + thin * (1.0 - thick)) * smoothstep(0.02, 0.12, ray.y);

    // Thin parts let the low sun through, thick parts show their shaded side.
    let near = libm::expf(-distance_to_sun(ray) * 2.4);
    let lit = Light::new(1.10, 0.42, 0.26).mix(Light::new(2.6, 1.35, 0.60), near);
    let shade = Light::new(0.20, 0.17, 0.25).mix(Light::new(0.62, 0.30, 0.24), near);
    (cover * 0.92, lit.mix(shade, smoothstep(0.25, 1.0, thick)).mix(behind, 0.15))
}
