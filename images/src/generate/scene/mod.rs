//! The image in all samples: a mountain lake at sunset, computed instead of photographed.
//!
//! Land is drawn column by column from near to far over a height field, as in the voxel landscapes of the
//! early nineties; the sky is evaluated per pixel; the lake mirrors both. Everything uses arithmetic that
//! IEEE 754 defines exactly, and `libm` for the rest, so the image is the same on every machine.

mod noise;
mod sky;
mod terrain;
mod vector;
mod water;

use super::picture::{Picture, encoded};
use noise::{hash, unit};
use vector::{Light, Vec2, smoothstep};

/// Samples per pixel along each axis.
const OVERSAMPLING: usize = 2;
/// Focal length in widths of the image: 33 mm on 36 mm film.
const FOCAL: f32 = 0.92;
/// Height of the camera above the lake in metres.
const CAMERA: f32 = 4.0;
/// Position of the horizon from the top, as a fraction of the image's height.
const SKYLINE: f32 = 0.60;
/// Nearest and farthest land in metres, and the ratio of one depth to the next.
const DEPTHS: (f32, f32, f32) = (90.0, 42_000.0, 1.003);

/// Draws the scene with `w` × `h` pixels.
pub(super) fn draw(w: usize, h: usize) -> Picture {
    let view = View::new(w * OVERSAMPLING, h * OVERSAMPLING);
    let mut canvas = view.land_and_sky();
    view.lake(&mut canvas);
    develop(&canvas, &view, w, h)
}

/// Geometry of the camera, in oversampled pixels.
struct View {
    w: usize,
    h: usize,
    focal: f32,
    skyline: f32,
}

/// Linear light, and for each column the row where land or sky ends and the lake begins.
struct Canvas {
    light: Vec<Light>,
    shore: Vec<usize>,
}

impl View {
    fn new(w: usize, h: usize) -> Self {
        Self { w, h, focal: w as f32 * FOCAL, skyline: h as f32 * SKYLINE }
    }

    /// Returns the ray through the centre of the pixel at `x`, `y`.
    fn ray(&self, x: usize, y: usize) -> Vec2 {
        Vec2::new(
            (x as f32 + 0.5 - self.w as f32 * 0.5) / self.focal,
            (self.skyline - y as f32 - 0.5) / self.focal,
        )
    }

    /// Returns the row of a point at `height` and `depth`.
    fn row(&self, height: f32, depth: f32) -> usize {
        (self.skyline - self.focal * (height - CAMERA) / depth).clamp(0.0, self.h as f32) as usize
    }

    fn land_and_sky(&self) -> Canvas {
        let (near, far, ratio) = DEPTHS;
        let mut depths = vec![near];
        while let Some(&depth) = depths.last().filter(|depth| **depth < far) {
            depths.push(depth * ratio);
        }
        let heights = |x: usize| -> Vec<f32> {
            let across = self.ray(x, 0).x;
            let finest = 1.5 / self.focal;
            depths.iter().map(|&z| terrain::height(Vec2::new(across * z, z), z * finest)).collect()
        };

        let mut canvas = Canvas { light: vec![Light::default(); self.w * self.h], shore: vec![0; self.w] };
        let (mut left, mut here) = (heights(0), heights(0));
        for x in 0..self.w {
            let right = heights(x + 1);
            self.column(x, &depths, [&left, &here, &right], &mut canvas);
            left = std::mem::replace(&mut here, right);
        }
        canvas
    }

    /// Draws column `x` from near to far: near points hide those farther away.
    fn column(&self, x: usize, depths: &[f32], heights: [&[f32]; 3], canvas: &mut Canvas) {
        const BLUE: Light = Light::new(0.085, 0.085, 0.135);
        let [left, here, right] = heights;
        let (mut top, mut shore) = (self.h, self.h);
        for step in 1..depths.len() - 1 {
            let (z, height) = (depths[step], here[step]);
            if height < 0.0 {
                continue;
            }
            let row = self.row(height, z);
            if top <= row {
                continue;
            }
            if top == self.h {
                shore = self.row(0.0, z);
                top = shore;
            }
            let ray = self.ray(x, row);
            let at = Vec2::new(ray.x * z, z);
            let slope = Vec2::new(
                (right[step] - left[step]) * self.focal / (2.0 * z),
                (here[step + 1] - here[step - 1]) / (depths[step + 1] - depths[step - 1]),
            );
            let haze = 1.0 - libm::expf(-z / 26_000.0 * (0.25 + libm::expf(-height / 700.0)));
            let veil = sky::air(Vec2::new(ray.x, ray.y.max(0.0) * 0.5 + 0.02)) * 0.42 + BLUE;
            let light = terrain::shade(at, height, slope).mix(veil, haze);
            for y in row..top {
                canvas.light[y * self.w + x] = light;
            }
            top = top.min(row);
        }
        for y in 0..top.min(self.skyline as usize) {
            canvas.light[y * self.w + x] = sky::sky(self.ray(x, y));
        }
        canvas.shore[x] = shore;
    }

    /// Fills the area below the shore with the mirrored scene.
    fn lake(&self, canvas: &mut Canvas) {
        const DEEP: Light = Light::new(0.010, 0.020, 0.026);
        for x in 0..self.w {
            for y in canvas.shore[x]..self.h {
                let ray = self.ray(x, y);
                let angle = (-ray.y).max(0.0005);
                let z = CAMERA / angle;
                let footprint = z * z / (self.focal * CAMERA);
                let (slope, rough) = water::waves(Vec2::new(ray.x * z, z), footprint);
                let mut sum = Light::default();
                for tap in 0..5 {
                    let spread = (tap as f32 - 2.0) * rough;
                    let dy = (slope.y + spread * 0.6) * 2.0 * self.focal;
                    let dx = slope.x * 2.0 * self.focal * angle * 4.0;
                    let mx = (x as f32 + dx).clamp(0.0, self.w as f32 - 1.0) as usize;
                    let mirror = 2.0 * canvas.shore[mx] as f32 - y as f32 - dy.abs();
                    let my = mirror.clamp(0.0, canvas.shore[mx] as f32 - 1.0) as usize;
                    sum = sum + canvas.light[my * self.w + mx];
                }
                let share = water::mirrored(angle + slope.y.abs());
                canvas.light[y * self.w + x] = DEEP + sum * (share / 5.0);
            }
        }
    }
}

/// Applies the film's curve, the lens's dark corners and the grain.
fn develop(canvas: &Canvas, view: &View, w: usize, h: usize) -> Picture {
    let mut rgb = Vec::with_capacity(w * h * 3);
    for (y, x) in (0..h).flat_map(|y| (0..w).map(move |x| (y, x))) {
        let mut sum = Light::default();
        for (dy, dx) in (0..OVERSAMPLING).flat_map(|dy| (0..OVERSAMPLING).map(move |dx| (dy, dx))) {
            let light = canvas.light[(y * OVERSAMPLING + dy) * view.w + x * OVERSAMPLING + dx];
            sum = sum + Light::new(film(light.r), film(light.g), film(light.b));
        }
        let mean = sum * (1.0 / (OVERSAMPLING * OVERSAMPLING) as f32);
        let off = Vec2::new(x as f32 / w as f32 - 0.5, y as f32 / h as f32 - 0.5);
        let vignette = 1.0 - 0.45 * smoothstep(0.15, 0.75, off.dot(off).sqrt() * 0.9);
        let noise = unit(hash(x as u32, y as u32, 901)) + unit(hash(x as u32, y as u32, 902)) - 1.0;
        for value in [mean.r, mean.g, mean.b] {
            let value = encoded(value * vignette) * 255.0 + noise * 3.0;
            rgb.push((value + 0.5).clamp(0.0, 255.0) as u8);
        }
    }
    Picture { w, h, rgb }
}

/// Returns the film curve of a value: linear in the shadows, a long shoulder (after Narkowicz's fit of
/// ACES).
fn film(light: f32) -> f32 {
    let x = light * 0.85;
    ((x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14)).clamp(0.0, 1.0)
}
