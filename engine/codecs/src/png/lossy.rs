//! Palettes of the nearest colours, for images of many colours that may lose some.

use crate::quantise::nearest;
use safelight_core::{Compression, Encode, Size};

/// The highest quality.
pub(super) const MAX_QUALITY: u8 = 100;
/// The number of colours at the highest qualities.
const MAX_COLOURS: u32 = 256;
/// The lowest quality at which a palette is full. Below it, the number of colours falls with the square of the quality.
const FULL_QUALITY: u32 = 80;
const MIN_COLOURS: u32 = 8;

/// Returns whether `options` allow other colours than those of the image: they name a quality, or ask for loss.
pub(super) fn is_allowed(options: &Encode) -> bool {
    match options.compression {
        None => options.quality.is_some(),
        Some(compression) => compression == Compression::Lossy,
    }
}

/// Returns the pixels of `samples`, shape `[size.h, size.w, channels]`, with `channels` 3 or 4, in a few colours, and
/// dithered; `None` if a pixel is translucent.
pub(super) fn reduce(samples: &[u8], size: Size, channels: usize, quality: Option<u8>) -> Option<Vec<u8>> {
    let mut rgba = Vec::with_capacity(samples.len() / channels * 4);
    for pixel in samples.chunks_exact(channels) {
        let mut colour = [0, 0, 0, u8::MAX];
        colour[..channels].copy_from_slice(pixel);
        if !matches!(colour[3], 0 | u8::MAX) {
            return None;
        }
        rgba.extend(colour);
    }
    let has_transparent = rgba.chunks_exact(4).any(|pixel| pixel[3] == 0);
    let (indices, palette) = nearest(&rgba, size, colours(quality) - usize::from(has_transparent));
    let (palette, _) = palette.as_chunks::<3>();
    for (pixel, index) in rgba.chunks_exact_mut(4).zip(indices) {
        let colour = if pixel[3] == 0 { [0; 3] } else { palette[usize::from(index)] };
        pixel[..3].copy_from_slice(&colour);
    }
    Some(rgba)
}

/// Returns the number of colours for a quality.
fn colours(quality: Option<u8>) -> usize {
    let quality = quality.map_or(FULL_QUALITY, u32::from);
    let colours = MAX_COLOURS * quality.pow(2) / FULL_QUALITY.pow(2);
    colours.clamp(MIN_COLOURS, MAX_COLOURS) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const SIZE: Size = Size::new(64, 64);

    fn gradient(alpha: impl Fn(u32) -> u8) -> Vec<u8> {
        (0..SIZE.w * SIZE.h)
            .flat_map(|at| [(at % 64 * 4) as u8, (at / 64 * 4) as u8, 128, alpha(at)])
            .collect()
    }

    #[test]
    fn colours_follow_the_quality() {
        assert_eq!([1, 20, 40, 80, 100].map(|quality| colours(Some(quality))), [8, 16, 64, 256, 256]);
        assert_eq!(colours(None), 256);
    }

    #[test]
    fn pixels_get_the_nearest_of_few_colours() {
        let pixels = gradient(|at| if at % 7 == 0 { 0 } else { 255 });
        let reduced = reduce(&pixels, SIZE, 4, Some(40)).unwrap();
        let colours: HashSet<_> = reduced.chunks_exact(4).collect();
        assert!((32..=64).contains(&colours.len()), "{}", colours.len());
        let mut error = 0;
        for (now, before) in reduced.chunks_exact(4).zip(pixels.chunks_exact(4)) {
            assert_eq!(now[3], before[3], "transparency is exact");
            if before[3] != 0 {
                error += now.iter().zip(before).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum::<u64>();
            }
        }
        let mean = error as f64 / f64::from(3 * SIZE.w * SIZE.h);
        assert!(mean < 400.0, "mean squared error {mean}");
    }

    #[test]
    fn translucent_pixels_need_all_colours() {
        assert_eq!(reduce(&gradient(|at| at as u8), SIZE, 4, None), None);
    }

    #[test]
    fn loss_is_asked_for() {
        let check = |compression, quality, expected| {
            assert_eq!(is_allowed(&Encode { compression, quality, ..Encode::default() }), expected);
        };
        check(None, None, false);
        check(None, Some(80), true);
        check(Some(Compression::Lossy), None, true);
        check(Some(Compression::Lossless), Some(80), false);
        check(Some(Compression::NearLossless), Some(80), false);
    }
}
