//! The kernels with AVX2.
#![allow(unsafe_code, reason = "code for AVX2 may be called only where there is AVX2")]
#![allow(clippy::wildcard_imports, clippy::many_single_char_names, reason = "a register is a letter")]

use super::{
    axis::Axis,
    kernels::{CHUNK, Chunk, Pair, ROWS, Wide},
    lines::Lines,
    scalar::{ACROSS_SHIFT, DOWN_SHIFT},
};
use bytemuck::{cast, cast_ref};
use std::{arch::x86_64::*, ops::Range};

/// Proof that this machine has AVX2.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

#[allow(clippy::unused_self, reason = "having one is what matters")]
impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    pub(super) fn down(
        self,
        lines: &Lines<'_>,
        column: usize,
        axis: &Axis,
        outputs: Range<usize>,
        window: &mut Vec<Wide>,
        chunk: &mut Chunk,
    ) {
        // SAFETY: there is AVX2 where there is an `Avx2`.
        unsafe { down(lines, column, axis, outputs, window, chunk) }
    }

    pub(super) fn turn(self, chunk: &Chunk, pairs: &mut [Pair; CHUNK / 2]) {
        // SAFETY: there is AVX2 where there is an `Avx2`.
        unsafe { turn(chunk, pairs) }
    }

    pub(super) fn across(self, strip: &[Pair], first: usize, axis: &Axis, answer: &mut [u8]) {
        // SAFETY: there is AVX2 where there is an `Avx2`.
        unsafe { across(strip, first, axis, answer) }
    }
}

#[target_feature(enable = "avx2")]
fn down(
    lines: &Lines<'_>,
    column: usize,
    axis: &Axis,
    outputs: Range<usize>,
    window: &mut Vec<Wide>,
    chunk: &mut Chunk,
) {
    let pairs = axis.window(outputs.clone());
    window.clear();
    for pair in pairs.clone() {
        // Rows are far apart in memory: no hardware guesses which columns come next.
        for ahead in lines.ahead(pair, column + 2 * CHUNK) {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(ahead).cast());
        }
        window.push(wide(lines.pair(pair, column)));
    }
    for (output, row) in outputs.zip(&mut chunk.0) {
        let wide = &window[axis.starts[output] as usize - pairs.start..];
        let mut sums = [_mm256_set1_epi32(1 << (DOWN_SHIFT - 1)); 8];
        for (wide, weights) in wide.iter().zip(axis.weights(output)) {
            let weights = _mm256_set1_epi32(cast(*weights));
            let wide: &[[i16; 16]; 8] = cast_ref(wide);
            for (sum, samples) in sums.iter_mut().zip(wide) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(cast(*samples), weights));
            }
        }
        let sums = sums.map(|sum| _mm256_srai_epi32::<{ DOWN_SHIFT.cast_signed() }>(sum));
        let [a, b, c, d, e, f, g, h] = sums;
        let [a, c] = [_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d)];
        let [e, g] = [_mm256_packs_epi32(e, f), _mm256_packs_epi32(g, h)];
        *row = cast([
            _mm256_permute2x128_si256::<0x20>(a, c),
            _mm256_permute2x128_si256::<0x31>(a, c),
            _mm256_permute2x128_si256::<0x20>(e, g),
            _mm256_permute2x128_si256::<0x31>(e, g),
        ]);
    }
}

/// Interleaves two rows and widens them. Each register holds columns `n` to `n + 3` and `n + 16` to `n + 19`,
/// as unpacking leaves them: packing the sums undoes it.
#[inline]
#[target_feature(enable = "avx2")]
fn wide([upper, lower]: [[u8; CHUNK]; 2]) -> Wide {
    let [upper, lower]: [[__m256i; 2]; 2] = [cast(upper), cast(lower)];
    let zero = _mm256_setzero_si256();
    let half = |upper, lower| {
        let (low, high) = (_mm256_unpacklo_epi8(upper, lower), _mm256_unpackhi_epi8(upper, lower));
        [
            _mm256_unpacklo_epi8(low, zero),
            _mm256_unpackhi_epi8(low, zero),
            _mm256_unpacklo_epi8(high, zero),
            _mm256_unpackhi_epi8(high, zero),
        ]
    };
    cast([half(upper[0], lower[0]), half(upper[1], lower[1])])
}

#[target_feature(enable = "avx2")]
fn turn(chunk: &Chunk, pairs: &mut [Pair; CHUNK / 2]) {
    for (group, pairs) in pairs.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let mut turned = [[_mm256_setzero_si256(); 8]; 2];
        for (half, turned) in turned.iter_mut().enumerate() {
            let rows: [__m256i; 8] = std::array::from_fn(|row| {
                let row: &[[i16; 16]; CHUNK / 16] = cast_ref(&chunk.0[8 * half + row]);
                cast(row[group])
            });
            *turned = transpose(rows);
        }
        for (index, pair) in pairs.iter_mut().enumerate() {
            pair.0 = cast([turned[0][index], turned[1][index]]);
        }
    }
}

/// Transposes 8 by 8 numbers of 32 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose([a, b, c, d, e, f, g, h]: [__m256i; 8]) -> [__m256i; 8] {
    let quads = |a, b, c, d| {
        let (ab, cd) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
        let (ab_high, cd_high) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
        [
            _mm256_unpacklo_epi64(ab, cd),
            _mm256_unpackhi_epi64(ab, cd),
            _mm256_unpacklo_epi64(ab_high, cd_high),
            _mm256_unpackhi_epi64(ab_high, cd_high),
        ]
    };
    let (upper, lower) = (quads(a, b, c, d), quads(e, f, g, h));
    let low = |n: usize| _mm256_permute2x128_si256::<0x20>(upper[n], lower[n]);
    let high = |n: usize| _mm256_permute2x128_si256::<0x31>(upper[n], lower[n]);
    [low(0), low(1), low(2), low(3), high(0), high(1), high(2), high(3)]
}

/// Outputs of a row that are stored at once.
const GROUP: usize = 16;

#[target_feature(enable = "avx2")]
fn across(strip: &[Pair], first: usize, axis: &Axis, answer: &mut [u8]) {
    let columns = axis.starts.len();
    for column in (0..columns).step_by(GROUP) {
        let count = GROUP.min(columns - column);
        let mut quads = [[_mm256_setzero_si256(); GROUP / 4]; 2];
        let [upper, lower] = &mut quads;
        for (quad, (upper, lower)) in upper.iter_mut().zip(lower).enumerate() {
            let mut sums = [[_mm256_setzero_si256(); 2]; 4];
            for (index, sums) in sums.iter_mut().enumerate() {
                let output = (column + 4 * quad + index).min(columns - 1);
                *sums = sum(&strip[axis.starts[output] as usize - first..], axis.weights(output));
            }
            let [a, b, c, d] = sums;
            *upper = bytes([a[0], b[0], c[0], d[0]]);
            *lower = bytes([a[1], b[1], c[1], d[1]]);
        }
        let rows = [rows(quads[0]), rows(quads[1])];
        for (row, group) in answer.chunks_exact_mut(columns).zip(rows.as_flattened()) {
            let group: [u8; GROUP] = cast(*group);
            match row[column..].first_chunk_mut() {
                Some(whole) => *whole = group,
                None => row[column..].copy_from_slice(&group[..count]),
            }
        }
    }
}

/// An output of all rows.
#[inline]
#[target_feature(enable = "avx2")]
fn sum(pairs: &[Pair], weights: &[[i16; 2]]) -> [__m256i; 2] {
    let mut sums = [_mm256_set1_epi32(1 << (ACROSS_SHIFT - 1)); 2];
    for (pair, weights) in pairs.iter().zip(weights) {
        let weights = _mm256_set1_epi32(cast(*weights));
        let [upper, lower]: [__m256i; 2] = cast(pair.0);
        sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(upper, weights));
        sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(lower, weights));
    }
    sums.map(|sum| _mm256_srai_epi32::<{ ACROSS_SHIFT.cast_signed() }>(sum))
}

/// Four outputs of eight rows as bytes: rows 0 to 3 and 4 to 7, of each its four outputs.
#[inline]
#[target_feature(enable = "avx2")]
fn bytes([a, b, c, d]: [__m256i; 4]) -> __m256i {
    let by_output = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    let by_row = _mm256_setr_epi8(
        0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, //
        0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,
    );
    _mm256_shuffle_epi8(by_output, by_row)
}

/// Sixteen outputs of eight rows from four times [`bytes`].
#[inline]
#[target_feature(enable = "avx2")]
fn rows([a, b, c, d]: [__m256i; 4]) -> [__m128i; ROWS / 2] {
    let (ab, cd) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
    let (ab_high, cd_high) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
    let rows = [
        _mm256_unpacklo_epi64(ab, cd),
        _mm256_unpackhi_epi64(ab, cd),
        _mm256_unpacklo_epi64(ab_high, cd_high),
        _mm256_unpackhi_epi64(ab_high, cd_high),
    ];
    let low = |n: usize| _mm256_castsi256_si128(rows[n]);
    let high = |n: usize| _mm256_extracti128_si256::<1>(rows[n]);
    [low(0), low(1), low(2), low(3), high(0), high(1), high(2), high(3)]
}
