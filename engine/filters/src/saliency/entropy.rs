//! The strategy `entropy` of `vips_smartcrop`: slices with less information are cut off.

use super::miniature::Miniature;

/// The side of the image that is examined.
pub(super) const SIDE: usize = 256;

/// Slices on each axis.
const SLICES: usize = 8;

/// Returns the start, in shares of the image, of a part of these shares.
pub(super) fn start(image: &Miniature, part: (f64, f64)) -> (f64, f64) {
    let wanted = |part: f64| ((part * SIDE as f64).round() as usize).clamp(1, SIDE);
    let (w, h) = (wanted(part.0), wanted(part.1));
    let slice = (SIDE - w).max(SIDE - h).div_ceil(SLICES).max(1);
    let (mut x, mut y) = (0..SIDE, 0..SIDE);
    while w < x.len() || h < y.len() {
        let (columns, rows) = (slice.min(x.len() - w), slice.min(y.len() - h));
        if 0 < columns {
            let left = entropy(image, x.start..x.start + columns, y.clone());
            let right = entropy(image, x.end - columns..x.end, y.clone());
            x = if left < right { x.start + columns..x.end } else { x.start..x.end - columns };
        }
        if 0 < rows {
            let top = entropy(image, x.clone(), y.start..y.start + rows);
            let bottom = entropy(image, x.clone(), y.end - rows..y.end);
            y = if top < bottom { y.start + rows..y.end } else { y.start..y.end - rows };
        }
    }
    (x.start as f64 / SIDE as f64, y.start as f64 / SIDE as f64)
}

/// Returns the bits that a sample of a part takes: C. E. Shannon, "A mathematical theory of communication", 1948.
fn entropy(image: &Miniature, x: std::ops::Range<usize>, y: std::ops::Range<usize>) -> f64 {
    let mut counts = [0_u32; 256];
    for row in y {
        for pixel in &image.pixels[row * SIDE + x.start..row * SIDE + x.end] {
            for sample in pixel {
                counts[sample.round() as usize & 255] += 1;
            }
        }
    }
    let total: u32 = counts.iter().sum();
    let share = |count: &u32| f64::from(*count) / f64::from(total.max(1));
    counts.iter().map(share).filter(|share| 0.0 < *share).map(|share| -share * share.log2()).sum()
}
