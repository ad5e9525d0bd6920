//! Scores are those of the crate `ssimulacra2`.

use fastrand::Rng;
use safelight_similarity::Comparison;
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

type Pixels = Vec<[u8; 3]>;

/// The largest difference between a score and that of the reference.
const MAX_DIFFERENCE: f64 = 0.1;

fn reference(original: &Pixels, image: &Pixels, width: usize) -> f64 {
    let rgb = |pixels: &Pixels| {
        let height = pixels.len() / width;
        let pixels = pixels.iter().map(|pixel| pixel.map(|level| f32::from(level) / 255.0)).collect();
        Rgb::new(pixels, width, height, TransferCharacteristic::SRGB, ColorPrimaries::BT709)
            .expect("as many pixels as the size says")
    };
    compute_frame_ssimulacra2(rgb(original), rgb(image)).expect("two images of one size")
}

fn own(original: &Pixels, image: &Pixels, width: usize) -> f64 {
    let mut comparison = Comparison::new(width, original.len() / width).expect("sides of 8 pixels or more");
    for (original, image) in original.chunks(width).zip(image.chunks(width)) {
        comparison.push(original, image);
    }
    comparison.score()
}

/// Waves and edges of several colours, like those of photos and drawings.
fn scene(width: usize, height: usize) -> Pixels {
    let level = |value: f64| (127.0 + 120.0 * value) as u8;
    let pixel = |i: usize| {
        let (x, y) = ((i % width) as f64, (i / width) as f64);
        let edge = if (x * 0.7 + y) % 61.0 < 23.0 { 0.5 } else { -0.3 };
        let waves = [(x * 0.21).sin() * 0.4, (y * 0.13 + x * 0.02).cos() * 0.4, ((x + y) * 0.05).sin() * 0.5];
        waves.map(|wave| level(wave + edge))
    };
    (0..width * height).map(pixel).collect()
}

/// Adds noise of at most `amount` levels.
fn noisy(pixels: &Pixels, amount: i16, random: &mut Rng) -> Pixels {
    let mut change = |level: u8| (i16::from(level) + random.i16(-amount..=amount)).clamp(0, 255) as u8;
    pixels.iter().map(|pixel| pixel.map(&mut change)).collect()
}

/// Rounds levels, as a coarse quantiser does.
fn coarse(pixels: &Pixels, step: u8) -> Pixels {
    pixels.iter().map(|pixel| pixel.map(|level| level / step * step)).collect()
}

#[test]
fn scores_are_those_of_the_reference() {
    let mut random = Rng::with_seed(1);
    // Fewer scales than six, odd sides, and widths that are no multiple of a vector.
    for (width, height) in [(8, 8), (9, 33), (64, 64), (131, 77), (257, 160), (320, 241)] {
        let original = scene(width, height);
        let mut images = vec![original.clone()];
        images.extend([1, 3, 10, 40].map(|amount| noisy(&original, amount, &mut random)));
        images.extend([4, 16, 64].map(|step| coarse(&original, step)));
        images.push(vec![[0; 3]; original.len()]);
        for (index, image) in images.iter().enumerate() {
            let (found, expected) = (own(&original, image, width), reference(&original, image, width));
            let difference = (found - expected).abs();
            assert!(
                difference <= MAX_DIFFERENCE,
                "{width} × {height}, image {index}: {found:.3} instead of {expected:.3}"
            );
        }
    }
}

#[test]
fn a_small_image_has_no_score() {
    for (width, height) in [(0, 0), (7, 100), (100, 7)] {
        assert!(Comparison::new(width, height).is_none(), "{width} × {height}");
    }
}
