//! The hash of a picture: the first terms of a cosine transform of luma, two colour differences and alpha.
//!
//! ```text
//! 24 bits  mean of L (6), P (6), Q (6); largest term of L (5); whether there is alpha
//! 16 bits  terms of the shorter side (3); largest term of P (6), Q (6); whether the picture is wide
//!  8 bits  mean of alpha (4), its largest term (4); only with alpha
//! 4 each   the terms of L, P, Q and alpha
//! ```

use safelight_filters::Thumbnail;
use std::f64::consts::PI;

/// Returns the ThumbHash of `picture`, whose sides have at most 100 pixels.
pub fn hash(picture: &Thumbnail) -> Vec<u8> {
    let (w, h) = (picture.size.w as usize, picture.size.h as usize);
    let count = (w * h) as f64;
    let pixels =
        || picture.rgba.as_chunks::<4>().0.iter().map(|pixel| pixel.map(|sample| f64::from(sample) / 255.0));

    // Transparent pixels get the mean colour.
    let mut mean = [0.0; 4];
    for [red, green, blue, alpha] in pixels() {
        for (sum, value) in mean.iter_mut().zip([red * alpha, green * alpha, blue * alpha, alpha]) {
            *sum += value;
        }
    }
    if 0.0 < mean[3] {
        (0..3).for_each(|at| mean[at] /= mean[3]);
    }
    let has_alpha = mean[3] < count;
    let limit = if has_alpha { 5.0 } else { 7.0 };
    let longer = w.max(h) as f64;
    let terms = |side: usize| ((limit * side as f64 / longer).round() as usize).max(1);
    let (lx, ly) = (terms(w), terms(h));

    let mut channels: [Vec<f64>; 4] = Default::default();
    for [red, green, blue, alpha] in pixels() {
        let blend = |value: f64, mean: f64| mean * (1.0 - alpha) + alpha * value;
        let (red, green, blue) = (blend(red, mean[0]), blend(green, mean[1]), blend(blue, mean[2]));
        let values = [(red + green + blue) / 3.0, f64::midpoint(red, green) - blue, red - green, alpha];
        channels.iter_mut().zip(values).for_each(|(channel, value)| channel.push(value));
    }
    let [luma, yellow_blue, red_green, alpha] = &channels;
    let luma = Terms::new(luma, (w, h), (lx.max(3), ly.max(3)));
    let yellow_blue = Terms::new(yellow_blue, (w, h), (3, 3));
    let red_green = Terms::new(red_green, (w, h), (3, 3));

    let is_wide = h < w;
    let header = scaled(luma.constant, 63.0)
        | scaled(yellow_blue.constant.mul_add(0.5, 0.5), 63.0) << 6
        | scaled(red_green.constant.mul_add(0.5, 0.5), 63.0) << 12
        | scaled(luma.scale, 31.0) << 18
        | u32::from(has_alpha) << 23;
    let more = (if is_wide { ly } else { lx }) as u32
        | scaled(yellow_blue.scale, 63.0) << 3
        | scaled(red_green.scale, 63.0) << 9
        | u32::from(is_wide) << 15;
    let mut hash =
        vec![header as u8, (header >> 8) as u8, (header >> 16) as u8, more as u8, (more >> 8) as u8];
    let mut nibbles: Vec<f64> =
        [&luma, &yellow_blue, &red_green].iter().flat_map(|terms| terms.others.iter().copied()).collect();
    if has_alpha {
        let alpha = Terms::new(alpha, (w, h), (5, 5));
        hash.push((scaled(alpha.constant, 15.0) | scaled(alpha.scale, 15.0) << 4) as u8);
        nibbles.extend(alpha.others);
    }
    hash.extend(nibbles.chunks(2).map(|pair| {
        let low = scaled(pair[0], 15.0);
        (low | pair.get(1).map_or(0, |high| scaled(*high, 15.0) << 4)) as u8
    }));
    hash
}

/// Returns the mean colour in a hash, red, green, blue and alpha from 0 to 1; `None` if it is too short.
pub fn average(hash: &[u8]) -> Option<[f64; 4]> {
    let header = u32::from_le_bytes([*hash.first()?, *hash.get(1)?, *hash.get(2)?, 0]);
    let part = |shift: u32| f64::from(header >> shift & 63) / 63.0;
    let (l, p, q) = (part(0), part(6).mul_add(2.0, -1.0), part(12).mul_add(2.0, -1.0));
    let alpha = if header >> 23 == 1 { f64::from(hash.get(5)? & 15) / 15.0 } else { 1.0 };
    let [red, green, blue] = to_rgb([l, p, q]);
    Some([red.clamp(0.0, 1.0), green.clamp(0.0, 1.0), blue.clamp(0.0, 1.0), alpha])
}

/// Converts luma, the difference of yellow and blue, and that of red and green.
pub(crate) fn to_rgb([luma, yellow_blue, red_green]: [f64; 3]) -> [f64; 3] {
    let blue = luma - 2.0 / 3.0 * yellow_blue;
    let red = 0.5 * (3.0 * luma - blue + red_green);
    [red, red - red_green, blue]
}

/// The terms of a cosine transform of one channel.
struct Terms {
    /// The mean.
    constant: f64,
    /// From 0 to 1; 0.5 is none.
    others: Vec<f64>,
    /// The largest absolute value of the others.
    scale: f64,
}

impl Terms {
    /// Transforms `channel`, of `w × h` samples, to the terms below the diagonal of `nx × ny`.
    fn new(channel: &[f64], (w, h): (usize, usize), (nx, ny): (usize, usize)) -> Self {
        let (mut constant, mut others, mut scale) = (0.0, Vec::new(), 0.0_f64);
        for cy in 0..ny {
            for cx in (0..).take_while(|cx| cx * ny < nx * (ny - cy)) {
                let across: Vec<f64> =
                    (0..w).map(|x| (PI / w as f64 * cx as f64 * (x as f64 + 0.5)).cos()).collect();
                let mut sum = 0.0;
                for (y, row) in channel.chunks_exact(w).enumerate() {
                    let down = (PI / h as f64 * cy as f64 * (y as f64 + 0.5)).cos();
                    for (sample, across) in row.iter().zip(&across) {
                        sum += sample * across * down;
                    }
                }
                let term = sum / (w * h) as f64;
                if cx == 0 && cy == 0 {
                    constant = term;
                } else {
                    others.push(term);
                    scale = scale.max(term.abs());
                }
            }
        }
        if 0.0 < scale {
            for term in &mut others {
                *term = 0.5 + 0.5 / scale * *term;
            }
        }
        Self { constant, others, scale }
    }
}

/// A number from 0 to 1 as an integer up to `max`, halves up.
fn scaled(value: f64, max: f64) -> u32 {
    (value * max + 0.5).floor().clamp(0.0, max) as u32
}
