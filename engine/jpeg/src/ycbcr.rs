//! The conversion from RGB to YCbCr of JFIF 1.02 (full range), bit by bit that of libjpeg.

use super::avx2::vectorised;

/// Fractional bits of the weights.
const BITS: u32 = 16;
const HALF: i32 = 1 << (BITS - 1);
/// The chroma of grey.
const MIDDLE: i32 = 128 << BITS;

/// Converts interleaved RGB pixels of shape `[w, 3]` to rows of luma, blue difference and red difference of
/// `w` samples.
///
/// All samples are 0 to 255 (full range). The shortest of the four slices determines the number of pixels;
/// the rest of the others is unchanged.
pub fn from_rgb(rgb: &[u8], luma: &mut [u8], blue: &mut [u8], red: &mut [u8]) {
    vectorised(|| split(rgb, luma, blue, red));
}

#[expect(clippy::inline_always, reason = "vectorised code must be inlined")]
#[inline(always)]
fn split(rgb: &[u8], luma: &mut [u8], blue: &mut [u8], red: &mut [u8]) {
    let (pixels, _) = rgb.as_chunks::<3>();
    for (((pixel, luma), blue), red) in pixels.iter().zip(luma).zip(blue).zip(red) {
        let [r, g, b] = pixel.map(i32::from);
        // The weights are 0.299, 0.587 and 0.114, and halves of (b − y)/0.886 and (r − y)/0.701. Chroma is
        // rounded with one less than half, so that its maximum is 255 and not 256.
        *luma = ((19_595 * r + 38_470 * g + 7_471 * b + HALF) >> BITS) as u8;
        *blue = ((32_768 * b - 11_059 * r - 21_709 * g + MIDDLE + HALF - 1) >> BITS) as u8;
        *red = ((32_768 * r - 27_439 * g - 5_329 * b + MIDDLE + HALF - 1) >> BITS) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::{from_rgb, split};

    /// Every fifth level of each channel, including 0 and 255, in a row long enough for vectors and their
    /// remainders.
    fn cube() -> Vec<u8> {
        let levels = || (0..=255u8).step_by(5);
        let pixels = levels().flat_map(|a| levels().flat_map(move |b| levels().map(move |c| [a, b, c])));
        pixels.flatten().collect()
    }

    #[test]
    fn converts_to_the_nearest_levels() {
        let rgb = cube();
        let [mut luma, mut blue, mut red] = [(); 3].map(|()| vec![0; rgb.len() / 3]);
        from_rgb(&rgb, &mut luma, &mut blue, &mut red);
        for (i, pixel) in rgb.chunks(3).enumerate() {
            let [r, g, b] = [0, 1, 2].map(|c| f64::from(pixel[c]));
            let y = 0.299 * r + 0.587 * g + 0.114 * b;
            let exact = [y, (b - y) / 1.772 + 128.0, (r - y) / 1.402 + 128.0];
            for (level, exact) in [luma[i], blue[i], red[i]].into_iter().zip(exact) {
                assert!((f64::from(level) - exact.min(255.0)).abs() < 0.503, "{pixel:?}: {level}, {exact}");
            }
        }
    }

    /// The loop compiled for the processor of the test and the loop compiled for any processor agree.
    #[test]
    fn kernels_agree() {
        let cube = cube();
        for pixels in (0..70).chain([cube.len() / 3]) {
            let source = &cube[cube.len() - pixels * 3..];
            let mut rows = [(); 6].map(|()| vec![0; pixels]);
            let [luma, blue, red, plain_luma, plain_blue, plain_red] = &mut rows;
            from_rgb(source, luma, blue, red);
            split(source, plain_luma, plain_blue, plain_red);
            let (fast, plain) = rows.split_at(3);
            assert_eq!(fast, plain);
        }
    }
}
