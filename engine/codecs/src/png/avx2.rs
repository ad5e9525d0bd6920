//! Reverses the filters of rows (section 9.2), with AVX2.
#![allow(unsafe_code, reason = "code for AVX2 may be called only where there is AVX2")]
#![allow(clippy::wildcard_imports, reason = "as in other kernels")]

use super::rows::Filter;
use std::arch::x86_64::*;

/// Proof that this machine has AVX2.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

#[allow(clippy::unused_self, reason = "having one is what matters")]
impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// Reverses `filter` in `row`, which follows the row `above`.
    pub(super) fn row<const N: usize>(self, filter: Filter, above: &[[u8; N]], row: &mut [[u8; N]]) {
        match filter {
            Filter::None => (),
            Filter::Up => {
                for (sample, above) in row.as_flattened_mut().iter_mut().zip(above.as_flattened()) {
                    *sample = sample.wrapping_add(*above);
                }
            }
            // SAFETY: an `Avx2` exists only where AVX2 was detected.
            Filter::Sub => unsafe { sub(row) },
            // SAFETY: as above.
            Filter::Average => unsafe { average(above, row) },
            // SAFETY: as above.
            Filter::Paeth => unsafe { paeth(above, row) },
        }
    }

    /// Reverses [`Filter::Paeth`] in the two rows after the row `above`, all of the same length.
    ///
    /// Each pixel depends on its left neighbour, and that latency is the cost of a row. The lower row follows the
    /// upper row by one pixel, so both latencies overlap.
    pub(super) fn paeth_pair<const N: usize>(
        self,
        above: &[[u8; N]],
        upper: &mut [[u8; N]],
        lower: &mut [[u8; N]],
    ) {
        // SAFETY: an `Avx2` exists only where AVX2 was detected.
        unsafe { paeth_pair(above, upper, lower) }
    }
}

#[target_feature(enable = "avx2")]
fn sub<const N: usize>(row: &mut [[u8; N]]) {
    let mut left = _mm_setzero_si128();
    for pixel in row {
        left = _mm_add_epi8(left, load(pixel));
        *pixel = stored(left);
    }
}

#[target_feature(enable = "avx2")]
fn average<const N: usize>(above: &[[u8; N]], row: &mut [[u8; N]]) {
    let one = _mm_set1_epi8(1);
    let mut left = _mm_setzero_si128();
    for (pixel, above) in row.iter_mut().zip(above) {
        let above = load(above);
        // The instruction rounds up, the filter down.
        let is_odd = _mm_and_si128(_mm_xor_si128(left, above), one);
        let middle = _mm_sub_epi8(_mm_avg_epu8(left, above), is_odd);
        left = _mm_add_epi8(middle, load(pixel));
        *pixel = stored(left);
    }
}

#[target_feature(enable = "avx2")]
fn paeth<const N: usize>(above: &[[u8; N]], row: &mut [[u8; N]]) {
    let mut state = Paeth::new();
    for (pixel, above) in row.iter_mut().zip(above) {
        state.next(pixel, wide(above));
    }
}

#[target_feature(enable = "avx2")]
fn paeth_pair<const N: usize>(above: &[[u8; N]], upper: &mut [[u8; N]], lower: &mut [[u8; N]]) {
    let ([first_above, above @ ..], [first, upper @ ..]) = (above, upper) else { return };
    let (mut ahead, mut behind) = (Paeth::new(), Paeth::new());
    let mut done = ahead.next(first, wide(first_above));
    let (last, lower) = lower.split_last_mut().map_or((None, &mut [][..]), |(last, rest)| (Some(last), rest));
    for ((above, upper), lower) in above.iter().zip(upper).zip(lower) {
        let next = ahead.next(upper, wide(above));
        behind.next(lower, done);
        done = next;
    }
    if let Some(last) = last {
        behind.next(last, done);
    }
}

/// The state of a row between two pixels, in samples of 16 bits.
struct Paeth {
    left: __m128i,
    above_left: __m128i,
}

impl Paeth {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new() -> Self {
        let zero = _mm_setzero_si128();
        Self { left: zero, above_left: zero }
    }

    /// Reverses the filter in the next pixel, and returns it.
    ///
    /// Compares three times the pixel above left, less the two others, with both of these: above the larger or below
    /// the smaller one, the predictor is the other one; in between, it is the pixel above left.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn next<const N: usize>(&mut self, pixel: &mut [u8; N], above: __m128i) -> __m128i {
        let Self { left, above_left } = *self;
        let thrice = _mm_add_epi16(above_left, _mm_add_epi16(above_left, above_left));
        let side = _mm_sub_epi16(_mm_sub_epi16(thrice, above), left);
        let (least, most) = (_mm_min_epi16(left, above), _mm_max_epi16(left, above));
        let low = _mm_blendv_epi8(least, above_left, _mm_cmpgt_epi16(most, side));
        let nearest = _mm_blendv_epi8(most, low, _mm_cmpgt_epi16(side, least));
        let sum = _mm_and_si128(_mm_add_epi16(nearest, wide(pixel)), _mm_set1_epi16(0xFF));
        *pixel = stored(_mm_packus_epi16(sum, sum));
        *self = Self { left: sum, above_left: above };
        sum
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load<const N: usize>(pixel: &[u8; N]) -> __m128i {
    let mut four = [0; 4];
    four[..N].copy_from_slice(pixel);
    _mm_cvtsi32_si128(i32::from_le_bytes(four))
}

#[inline]
#[target_feature(enable = "avx2")]
fn wide<const N: usize>(pixel: &[u8; N]) -> __m128i {
    _mm_cvtepu8_epi16(load(pixel))
}

#[inline]
#[target_feature(enable = "avx2")]
fn stored<const N: usize>(samples: __m128i) -> [u8; N] {
    let four = _mm_cvtsi128_si32(samples).to_le_bytes();
    std::array::from_fn(|channel| four[channel])
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILTERS: [Filter; 5] = [Filter::None, Filter::Sub, Filter::Up, Filter::Average, Filter::Paeth];

    /// The filter as the standard describes it (section 9.4), sample by sample.
    fn plain<const N: usize>(filter: Filter, above: &[[u8; N]], row: &mut [[u8; N]]) {
        for x in 0..row.len() {
            for channel in 0..N {
                let at = |row: &[[u8; N]], x: usize| i32::from(row[x][channel]);
                let (a, c) = if x == 0 { (0, 0) } else { (at(row, x - 1), at(above, x - 1)) };
                let b = at(above, x);
                let (pa, pb, pc) = ((b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs());
                let guess = match filter {
                    Filter::None => 0,
                    Filter::Sub => a,
                    Filter::Up => b,
                    Filter::Average => a.midpoint(b),
                    Filter::Paeth if pa <= pb && pa <= pc => a,
                    Filter::Paeth if pb <= pc => b,
                    Filter::Paeth => c,
                };
                row[x][channel] = row[x][channel].wrapping_add(guess as u8);
            }
        }
    }

    fn check<const N: usize>(avx2: Avx2) {
        let mut state = 1_u32;
        let mut pixel = || {
            [(); N].map(|()| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Small and large values are mixed, so that sums wrap and distances are equal.
                [0, 1, 127, 128, 254, 255, (state >> 8) as u8, (state >> 16) as u8][state as usize >> 29]
            })
        };
        for round in 0..400 {
            let mut row = || (0..round % 40).map(|_| pixel()).collect::<Vec<_>>();
            let (above, upper, lower) = (row(), row(), row());
            for filter in FILTERS {
                let (mut ours, mut expected) = (upper.clone(), upper.clone());
                avx2.row(filter, &above, &mut ours);
                plain(filter, &above, &mut expected);
                assert_eq!(ours, expected, "{filter:?}");
            }
            let (mut ours, mut expected) = ((upper.clone(), lower.clone()), (upper, lower));
            avx2.paeth_pair(&above, &mut ours.0, &mut ours.1);
            plain(Filter::Paeth, &above, &mut expected.0);
            plain(Filter::Paeth, &expected.0, &mut expected.1);
            assert_eq!(ours, expected);
        }
    }

    #[test]
    fn filters_are_those_of_the_standard() {
        let Some(avx2) = Avx2::detect() else { return };
        check::<3>(avx2);
        check::<4>(avx2);
    }
}
