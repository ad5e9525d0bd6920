//! The hash of a picture: the first terms of a cosine transform in linear light, in base 83.

use safelight_filters::Thumbnail;
use std::f64::consts::PI;

/// The digits.
const BASE_83: &[u8; 83] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/// Returns the BlurHash of `picture` with `nx × ny` terms, 1 to 9 each. Alpha is ignored.
pub fn hash(picture: &Thumbnail, (nx, ny): (u32, u32)) -> String {
    let (w, h) = (picture.size.w as usize, picture.size.h as usize);
    let linear: Vec<[f64; 3]> = picture
        .rgba
        .as_chunks::<4>()
        .0
        .iter()
        .map(|&[red, green, blue, _]| [red, green, blue].map(to_linear))
        .collect();
    let wave = |at: usize, side: usize, term: u32| (PI * f64::from(term) * at as f64 / side as f64).cos();
    let terms = (0..ny).flat_map(|cy| (0..nx).map(move |cx| (cx, cy)));
    let mut terms = terms.map(|(cx, cy)| {
        let across: Vec<f64> = (0..w).map(|x| wave(x, w, cx)).collect();
        let mut sums = [0.0; 3];
        for (y, row) in linear.chunks_exact(w).enumerate() {
            let down = wave(y, h, cy);
            for (pixel, across) in row.iter().zip(&across) {
                sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += across * down * value);
            }
        }
        let norm = if (cx, cy) == (0, 0) { 1.0 } else { 2.0 };
        sums.map(|sum| sum * norm / (w * h) as f64)
    });
    let mean = terms.next().unwrap_or_default();
    let others: Vec<_> = terms.collect();

    let mut hash = String::new();
    push(&mut hash, nx - 1 + (ny - 1) * 9, 1);
    let largest = others.iter().flatten().fold(0.0_f64, |largest, term| largest.max(term.abs()));
    let scale = if others.is_empty() {
        push(&mut hash, 0, 1);
        1.0
    } else {
        let scale = (largest * 166.0 - 0.5).floor().clamp(0.0, 82.0);
        push(&mut hash, scale as u32, 1);
        (scale + 1.0) / 166.0
    };
    let [red, green, blue] = mean.map(to_srgb);
    push(&mut hash, red << 16 | green << 8 | blue, 4);
    for term in others {
        let [red, green, blue] = term.map(|value| {
            let root = (value / scale).abs().sqrt().copysign(value);
            (root * 9.0 + 9.5).floor().clamp(0.0, 18.0) as u32
        });
        push(&mut hash, (red * 19 + green) * 19 + blue, 2);
    }
    hash
}

/// Appends `value` in `digits` digits.
fn push(hash: &mut String, value: u32, digits: u32) {
    for digit in (0..digits).rev() {
        let index = value / 83_u32.pow(digit) % 83;
        hash.push(BASE_83[index as usize].into());
    }
}

fn to_linear(sample: u8) -> f64 {
    let value = f64::from(sample) / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn to_srgb(value: f64) -> u32 {
    let value = value.clamp(0.0, 1.0);
    let curved = if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
    (curved * 255.0 + 0.5) as u32
}
