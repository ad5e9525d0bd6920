//! The picture that a hash stands for: at most 32 pixels a side.

use crate::hash::to_rgb;
use std::f64::consts::PI;

/// A small picture of 8-bit red, green, blue and straight alpha.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Row-major, four bytes a pixel.
    pub rgba: Vec<u8>,
}

impl Picture {
    /// Encodes it as a PNG.
    #[allow(clippy::missing_panics_doc, reason = "a Vec takes all, and the size is that of the pixels")]
    pub fn to_png(&self) -> Vec<u8> {
        let mut png = Vec::new();
        let mut encoder = png::Encoder::new(&mut png, self.width, self.height);
        encoder.set_color(png::ColorType::Rgba);
        let mut writer = encoder.write_header().expect("a header is written to a Vec");
        writer.write_image_data(&self.rgba).expect("the pixels have the size of the header");
        writer.finish().expect("an end is written to a Vec");
        png
    }
}

/// Draws the picture of `hash`; `None` if it is too short for what its header says.
pub fn picture(hash: &[u8]) -> Option<Picture> {
    /// Colours are stronger than the terms say, to make up for rounding.
    const BOOST: f64 = 1.25;
    let header = u32::from_le_bytes([*hash.first()?, *hash.get(1)?, *hash.get(2)?, 0]);
    let more = u32::from(u16::from_le_bytes([*hash.get(3)?, *hash.get(4)?]));
    let part = |bits: u32, shift: u32, mask: u32| f64::from(bits >> shift & mask) / f64::from(mask);
    let (has_alpha, is_wide) = (header >> 23 == 1, more >> 15 == 1);
    let limit = if has_alpha { 5 } else { 7 };
    let shorter = more & 7;
    let (lx, ly) = if is_wide { (limit, shorter) } else { (shorter, limit) };
    let (nx, ny) = (lx.max(3) as usize, ly.max(3) as usize);

    let alpha_scale = if has_alpha { f64::from(hash.get(5)? >> 4) / 15.0 } else { 0.0 };
    let mean_alpha = if has_alpha { f64::from(hash.get(5)? & 15) / 15.0 } else { 1.0 };
    let mut nibbles =
        hash.get(if has_alpha { 6 } else { 5 }..)?.iter().flat_map(|byte| [byte & 15, byte >> 4]);
    let mut terms = |nx: usize, ny: usize, scale: f64| -> Option<Vec<(usize, usize, f64)>> {
        let mut terms = Vec::new();
        for cy in 0..ny {
            for cx in (usize::from(cy == 0)..).take_while(|cx| cx * ny < nx * (ny - cy)) {
                terms.push((cx, cy, (f64::from(nibbles.next()?) / 7.5 - 1.0) * scale));
            }
        }
        Some(terms)
    };
    let channels = [
        (part(header, 0, 63), terms(nx, ny, part(header, 18, 31))?),
        (part(header, 6, 63).mul_add(2.0, -1.0), terms(3, 3, part(more, 3, 63) * BOOST)?),
        (part(header, 12, 63).mul_add(2.0, -1.0), terms(3, 3, part(more, 9, 63) * BOOST)?),
        (mean_alpha, if has_alpha { terms(5, 5, alpha_scale)? } else { Vec::new() }),
    ];

    let ratio = f64::from(lx.max(1)) / f64::from(ly.max(1));
    let (width, height) =
        if 1.0 < ratio { (32, (32.0 / ratio).round() as u32) } else { ((32.0 * ratio).round() as u32, 32) };
    let cosine =
        |at: u32, side: u32, c: usize| (PI / f64::from(side) * (f64::from(at) + 0.5) * c as f64).cos();
    let mut rgba = Vec::with_capacity(4 * (width * height) as usize);
    for y in 0..height {
        for x in 0..width {
            let [l, p, q, alpha] = channels.each_ref().map(|(mean, terms)| {
                terms.iter().fold(*mean, |sum, (cx, cy, term)| {
                    let down = if *cy == 0 { 1.0 } else { cosine(y, height, *cy) };
                    sum + 2.0 * term * cosine(x, width, *cx) * down
                })
            });
            let [red, green, blue] = to_rgb([l, p, q]);
            rgba.extend([red, green, blue, alpha].map(|value| (255.0 * value.clamp(0.0, 1.0)) as u8));
        }
    }
    Some(Picture { width, height, rgba })
}
