//! The mountains: the height of every place, and its reflected light.

use super::noise::{floor, fractal, gradient, lattice, unit};
use super::sky::SUN;
use super::vector::{Light, Vec2, smoothstep};

/// Returns the height above the lake in metres at `at`, metres to the right and ahead.
///
/// Details smaller than `finest` metres are left out, because they would only flicker.
pub(super) fn height(at: Vec2, finest: f32) -> f32 {
    let ground = ground(at, finest);
    ground + tree(at, ground, finest)
}

/// Returns the height of the ground without its trees.
fn ground(at: Vec2, finest: f32) -> f32 {
    let envelope = envelope(at);
    let mut p = at * (1.0 / 3400.0);
    let (mut wavelength, mut weight) = (3400.0, 1.0);
    let (mut sum, mut slope) = (0.0, Vec2::default());
    let mut octave = 0;
    while finest < wavelength && octave < 13 {
        let noise = gradient(p, 101 + octave);
        slope = slope + noise.slope * 0.8;
        // Steep places get less detail, as if water had eroded them (after Iñigo Quílez).
        let worn = weight / (1.0 + slope.dot(slope) * 0.55);
        sum += worn * if octave < 3 { 0.62 - 1.5 * noise.value.abs() } else { noise.value };
        weight *= 0.49;
        wavelength *= 0.5;
        p = p.turned() * 2.0;
        octave += 1;
    }
    envelope.x + envelope.y * sum
}

/// Returns mean height (`x`) and ruggedness (`y`) of the land: a lake, shores, a valley towards the sun.
fn envelope(at: Vec2) -> Vec2 {
    let bays = gradient(at * (1.0 / 1900.0), 7).value * 620.0 + gradient(at * (1.0 / 520.0), 8).value * 170.0;
    let aside = (at.x - SUN.x * at.y).abs() + bays;
    let shore = smoothstep(-240.0, 700.0, aside - 820.0 + (at.y - 2900.0).max(0.0) * 0.42);
    let walls = smoothstep(200.0, 4300.0, aside);
    let far = smoothstep(1200.0, 9500.0, at.y);
    let range = smoothstep(9000.0, 19_000.0, at.y);
    let mean = 1650.0 * walls * (0.28 + 0.72 * far) + 300.0 * range;
    let rugged = 75.0 + 1350.0 * walls * (0.40 + 0.60 * far) + 60.0 * far + 520.0 * range;
    Vec2::new(mean * shore - 30.0 * (1.0 - shore) + 24.0 * shore, rugged * shore)
}

/// Returns the height of a conifer's crown at `at`, 0 between the trees.
fn tree(at: Vec2, ground: f32, finest: f32) -> f32 {
    const SPACING: f32 = 8.0;
    if !(1.5..=900.0).contains(&ground) || SPACING < finest {
        return 0.0;
    }
    let forest = smoothstep(-0.12, 0.12, fractal(at * (1.0 / 260.0), 5, 301) + (450.0 - ground) / 1500.0);
    if forest <= 0.0 {
        return 0.0;
    }
    let p = at * (1.0 / SPACING);
    let (cx, cy) = (floor(p.x), floor(p.y));
    let mut tallest = 0.0f32;
    for (dx, dy) in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))) {
        let (ix, iy) = (cx + dx, cy + dy);
        let bits = lattice(ix, iy, 401);
        let trunk = Vec2::new(ix as f32 + unit(bits), iy as f32 + unit(lattice(ix, iy, 402)));
        let away = p - trunk;
        let vigour = (0.25 + 0.75 * unit(lattice(ix, iy, 403))) * forest;
        tallest = tallest.max(vigour - away.dot(away).sqrt() * 1.25);
    }
    tallest * 26.0 * smoothstep(1.5, 6.0, ground)
}

/// Returns the light from the ground at `at` and `height`, where the surface falls by `slope`.
pub(super) fn shade(at: Vec2, height: f32, slope: Vec2) -> Light {
    let steep = 1.0 / (1.0 + slope.dot(slope)).sqrt();
    let grain = fractal(at * (1.0 / 160.0), 4, 501);
    let rock = Light::new(0.115, 0.098, 0.092).mix(Light::new(0.19, 0.165, 0.15), grain + 0.5);
    let grass = Light::new(0.050, 0.062, 0.024);
    let wood = Light::new(0.006, 0.020, 0.015).mix(Light::new(0.016, 0.030, 0.016), grain + 0.5);
    let snow = Light::new(0.80, 0.83, 0.90);

    let green = smoothstep(1250.0, 650.0, height + grain * 500.0) * smoothstep(0.55, 0.75, steep);
    let dark = smoothstep(950.0, 600.0, height + grain * 300.0);
    let white = smoothstep(1150.0, 1650.0, height + grain * 550.0) * smoothstep(0.50, 0.72, steep);
    let colour = rock.mix(grass, green).mix(wood, dark).mix(snow, white);

    // The normal is (-slope.x, 1, -slope.y) divided by its length. The light comes from farther left than
    // the sun, from the bright part of the sky, because it models the slopes better.
    let sun = (0.80 * slope.x + 0.16 - 0.42 * slope.y) * steep;
    let warm = Light::new(3.4, 1.60, 0.66) * sun.max(0.0);
    let sky = Light::new(0.30, 0.34, 0.52) * (0.35 + 0.65 * steep);
    // Light that the eastern sky reflects onto the slopes that face the camera.
    let bounce = Light::new(0.30, 0.20, 0.20) * (slope.y * steep).max(0.0);
    colour * (warm + sky + bounce)
}
