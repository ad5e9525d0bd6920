//! A resize by the definition: every weight is computed in floating point, and nothing is rounded.

use super::Picture;
use std::f64::consts::PI;

/// The part of a picture that is scaled: left, top, width, height in pixels, possibly fractional.
pub(crate) type Part = [f64; 4];

/// The middle of a picture, as large as can be, of the aspect of `w` × `h`.
pub(crate) fn middle(picture: &Picture, w: usize, h: usize) -> Part {
    let (from_w, from_h) = (picture.w as f64, picture.h as f64);
    let shrink = (from_w / w as f64).min(from_h / h as f64);
    let (part_w, part_h) = (w as f64 * shrink, h as f64 * shrink);
    [(from_w - part_w) / 2.0, (from_h - part_h) / 2.0, part_w, part_h]
}

pub(crate) fn whole(picture: &Picture) -> Part {
    [0.0, 0.0, picture.w as f64, picture.h as f64]
}

/// Scales `part` to `w` × `h` with a Lanczos kernel of three lobes, with RGB multiplied with alpha.
pub(crate) fn lanczos3(picture: &Picture, part: Part, w: usize, h: usize) -> Picture {
    let weighed = picture.pixels().flat_map(|&[r, g, b, a]| [r * a, g * a, b * a, a]).collect::<Vec<_>>();
    let columns = axis(part[0], part[2], picture.w, w);
    let rows = axis(part[1], part[3], picture.h, h);
    let mut narrow = vec![[0.0; 4]; w * picture.h];
    for (row, out) in weighed.as_chunks().0.chunks_exact(picture.w).zip(narrow.chunks_exact_mut(w)) {
        for (pixel, (first, weights)) in out.iter_mut().zip(&columns) {
            *pixel = sum(weights, row[*first..].iter());
        }
    }
    let mut samples = Vec::with_capacity(w * h * 4);
    for (first, weights) in &rows {
        for x in 0..w {
            let [colour @ .., alpha] = sum(weights, narrow[first * w + x..].iter().step_by(w));
            let straight = |light: f32| if alpha <= 0.0 { 0.0 } else { (light / alpha).clamp(0.0, 1.0) };
            samples.extend(colour.map(straight));
            samples.push(alpha.clamp(0.0, 1.0));
        }
    }
    Picture { w, h, samples, frames: 1, has_profile: picture.has_profile }
}

fn sum<'a>(weights: &[f32], pixels: impl Iterator<Item = &'a [f32; 4]>) -> [f32; 4] {
    weights.iter().zip(pixels).fold([0.0; 4], |sum, (weight, pixel)| {
        [0, 1, 2, 3].map(|channel| sum[channel] + weight * pixel[channel])
    })
}

/// For each of `to` pixels the first of `from` pixels that it is made of, and their weights.
fn axis(start: f64, length: f64, from: usize, to: usize) -> Vec<(usize, Vec<f32>)> {
    let scale = length / to as f64;
    let stretch = scale.max(1.0);
    let weights_of = |pixel: usize| {
        let centre = start + (pixel as f64 + 0.5) * scale;
        let first = (centre - 3.0 * stretch).floor().max(0.0) as usize;
        let last = ((centre + 3.0 * stretch).ceil() as usize).min(from);
        let weights: Vec<_> = (first..last).map(|x| lanczos((x as f64 + 0.5 - centre) / stretch)).collect();
        let total: f64 = weights.iter().sum();
        (first, weights.iter().map(|weight| (weight / total) as f32).collect())
    };
    (0..to).map(weights_of).collect()
}

fn lanczos(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else if x.abs() < 3.0 {
        3.0 * (PI * x).sin() * (PI * x / 3.0).sin() / (PI * x).powi(2)
    } else {
        0.0
    }
}
