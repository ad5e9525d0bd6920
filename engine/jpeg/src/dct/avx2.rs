//! AVX2 functions of both directions.

use std::arch::x86_64::{__m256i, _mm256_castps_si256, _mm256_castsi256_ps, _mm256_shuffle_ps};

/// Returns two numbers that `vpmaddwd` multiplies with a pair.
#[inline]
pub(super) fn pair(first: i16, second: i16) -> i32 {
    i32::from(first.cast_unsigned()) | i32::from(second) << 16
}

/// Separates alternating pairs in each half of the registers: the even pairs of both, and the odd pairs of
/// both.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn gather_pairs([a, b]: [__m256i; 2]) -> [__m256i; 2] {
    let (a, b) = (_mm256_castsi256_ps(a), _mm256_castsi256_ps(b));
    [
        _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(a, b)),
        _mm256_castps_si256(_mm256_shuffle_ps::<0b11_01_11_01>(a, b)),
    ]
}
