//! Downsampling of chroma to half the resolution: means of four samples, rounded as in libjpeg.
//!
//! Exact halves are rounded down and up alternately along a row, so that they do not brighten the plane.

use super::avx2::vectorised;

/// Writes the means of 2 × 2 samples of two rows of equal length to all of `out`, usually half as long,
/// rounded up.
///
/// Past the end of the rows, their last samples repeat. For the last of an odd number of rows, pass it as
/// both `upper` and `lower`.
pub fn two_by_two(upper: &[u8], lower: &[u8], out: &mut [u8]) {
    vectorised(|| means_of_four(upper, lower, out));
}

#[expect(clippy::inline_always, reason = "vectorised code must be inlined")]
#[inline(always)]
fn means_of_four(upper: &[u8], lower: &[u8], out: &mut [u8]) {
    let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
    let whole = pairs.len();
    let mean = |i: usize, [a, b]: [u8; 2], [c, d]: [u8; 2]| {
        let sum = u16::from(a) + u16::from(b) + u16::from(c) + u16::from(d);
        ((sum + 1 + (i as u16 & 1)) >> 2) as u8
    };
    for (i, (out, (upper, lower))) in out.iter_mut().zip(pairs).enumerate() {
        *out = mean(i, *upper, *lower);
    }
    if let (Some(&upper), Some(&lower)) = (upper.last(), lower.last()) {
        for (i, out) in out.iter_mut().enumerate().skip(whole) {
            *out = mean(i, [upper; 2], [lower; 2]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{means_of_four, two_by_two};

    #[test]
    fn rounds_quarters_to_the_nearest() {
        let check = |upper: &[u8], lower: &[u8], expected: &[u8]| {
            let mut out = vec![0; expected.len()];
            two_by_two(upper, lower, &mut out);
            assert_eq!(out, expected, "{upper:?}, {lower:?}");
        };
        check(&[], &[], &[]);
        check(&[8], &[8], &[8, 8]);
        check(&[0, 0, 0, 0], &[1, 1, 1, 1], &[0, 1]);
        check(&[0, 1, 0, 1, 255, 255, 3], &[0, 0, 0, 0, 255, 255, 4], &[0, 0, 255, 4, 3]);
        check(&[0, 3, 0, 3], &[0, 0, 0, 0], &[1, 1, 1]);
    }

    /// The loop compiled for the processor of the test and the loop compiled for any processor agree.
    #[test]
    fn kernels_agree() {
        let samples: Vec<u8> = (0..600u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for width in 0..300 {
            let (upper, lower) = (&samples[..width], &samples[300..300 + width]);
            let (mut fast, mut plain) = (vec![1; width / 2 + 5], vec![2; width / 2 + 5]);
            two_by_two(upper, lower, &mut fast[..width.div_ceil(2)]);
            means_of_four(upper, lower, &mut plain[..width.div_ceil(2)]);
            assert_eq!(fast[..width.div_ceil(2)], plain[..width.div_ceil(2)], "width {width}");
        }
    }
}
