//! The inverse transform with AVX2.
//!
//! Frequencies are in pairs, so that `vpmaddwd` multiplies both by their cosines and adds the products. Each
//! pass starts with pairs and ends with a sum of 32 bits for each sample.
#![allow(unsafe_code, reason = "calls of functions that require AVX2, and stores of rows")]
#![allow(clippy::wildcard_imports, reason = "dozens of intrinsics")]

use super::mean;
use crate::dct::{
    CONSTANT_BITS, PASS_BITS,
    avx2::{gather_pairs, pair},
    basis::BASES,
};
use bytemuck::must_cast;
use std::arch::x86_64::*;

/// Quantisation tables in the order of the kernels. They exist only if AVX2 was detected.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    /// The [`COLUMNS`] of both rows of each of [`PAIRS`], alternating.
    whole: [[i16; 16]; 4],
    /// The first four columns of the first two pairs, twice.
    low: [[i16; 16]; 2],
    /// The first two columns of the first two rows, four times each.
    lowest: [[i16; 8]; 2],
}

/// The frequencies that one instruction multiplies: even and odd ones, below 4 and from 4 on.
const PAIRS: [[usize; 2]; 4] = [[0, 2], [1, 3], [4, 6], [5, 7]];
/// The order of columns that makes the results of the first pass the pairs of the second.
const COLUMNS: [usize; 8] = [0, 2, 1, 3, 4, 6, 5, 7];
/// The last coefficient in zigzag order of the diagonals within the lowest 4 × 4.
const LAST_LOW: usize = 9;

const FIRST_SHIFT: i32 = (CONSTANT_BITS - PASS_BITS).cast_signed();
const FIRST_ROUND: i32 = 1 << (FIRST_SHIFT - 1);
/// Two passes of 8 points are 8 times too large.
const SECOND_SHIFT: i32 = (CONSTANT_BITS + PASS_BITS + 3).cast_signed();
/// One half, for rounding, and the middle of the range of samples.
const SECOND_ROUND: i32 = (1 << (SECOND_SHIFT - 1)) + (128 << SECOND_SHIFT);

impl Tables {
    /// Reorders a table. Returns `None` if the processor has no AVX2.
    pub(super) fn detect(quantisation: &[i16; 64]) -> Option<Self> {
        let alternate = |rows: [usize; 2], columns: usize| {
            std::array::from_fn(|i| quantisation[rows[i % 2] * 8 + COLUMNS[i / 2 % columns]])
        };
        is_x86_feature_detected!("avx2").then(|| Self {
            whole: PAIRS.map(|rows| alternate(rows, 8)),
            low: [alternate(PAIRS[0], 4), alternate(PAIRS[1], 4)],
            lowest: [0, 8].map(|at| std::array::from_fn(|i| quantisation[at + i % 2])),
        })
    }

    /// Transforms a block to n × n samples, 2 ≤ n ≤ 8.
    #[inline]
    pub(super) fn block(
        &self,
        n: usize,
        coefficients: &[i16; 64],
        last: usize,
        out: &mut [u8],
        stride: usize,
    ) {
        if last == 0 {
            return fill(mean(coefficients[0], self.lowest[0][0]), n, out, stride);
        }
        // SAFETY: tables exist only if AVX2 was detected.
        unsafe {
            match n {
                8 if last <= LAST_LOW => eight_of_low(&self.low, coefficients, out, stride),
                8 => transform::<8>(&self.whole, coefficients, out, stride),
                7 => transform::<7>(&self.whole, coefficients, out, stride),
                6 => transform::<6>(&self.whole, coefficients, out, stride),
                5 => transform::<5>(&self.whole, coefficients, out, stride),
                4 => small::<4>(&self.low, coefficients, out, stride),
                3 => small::<3>(&self.low, coefficients, out, stride),
                _ => two(&self.lowest, coefficients, out, stride),
            }
        }
    }
}

/// Transforms to N × N samples, in lanes of eight.
#[target_feature(enable = "avx2")]
fn transform<const N: usize>(
    table: &[[i16; 16]; 4],
    coefficients: &[i16; 64],
    out: &mut [u8],
    stride: usize,
) {
    let mut pairs = [_mm256_setzero_si256(); 4];
    for ((pair, rows), table) in pairs.iter_mut().zip(PAIRS).zip(table) {
        if rows[0] < N {
            *pair = dequantise(coefficients, rows, &SPREAD, table);
        }
    }
    let mut sums = pass::<N>(pairs, FIRST_ROUND);
    for sum in &mut sums {
        *sum = _mm256_srai_epi32::<FIRST_SHIFT>(*sum);
    }
    let [top, bottom] = [0, 4].map(|y| {
        let packed = [_mm256_packs_epi32(sums[y], sums[y + 1]), _mm256_packs_epi32(sums[y + 2], sums[y + 3])];
        gather_pairs(packed)
    });
    let pairs = [
        _mm256_permute2x128_si256::<0x20>(top[0], bottom[0]),
        _mm256_permute2x128_si256::<0x20>(top[1], bottom[1]),
        _mm256_permute2x128_si256::<0x31>(top[0], bottom[0]),
        _mm256_permute2x128_si256::<0x31>(top[1], bottom[1]),
    ];
    let rows = rows_of_bytes(pass::<N>(pairs, SECOND_ROUND));
    let mut part = [[0; N]; N];
    for (part, row) in part.iter_mut().zip(rows) {
        part.copy_from_slice(&row[..N]);
    }
    store(&part, out, stride);
}

/// Transforms to 8 × 8 samples if only the lowest 4 × 4 coefficients are nonzero.
#[target_feature(enable = "avx2")]
fn eight_of_low(table: &[[i16; 16]; 2], coefficients: &[i16; 64], out: &mut [u8], stride: usize) {
    // Four columns fill half a register, so each half computes another row of them.
    let halves = low_pairs(table, coefficients);
    let [top_01, bottom_76] = mirrored_rows::<8>(halves, [0, 1]);
    let [top_23, bottom_54] = mirrored_rows::<8>(halves, [2, 3]);
    // Rows 0, 2, 7, 5 and 1, 3, 6, 4.
    let pairs = gather_pairs([_mm256_packs_epi32(top_01, top_23), _mm256_packs_epi32(bottom_76, bottom_54)]);
    let zero = _mm256_setzero_si256();
    let [r0, r2, r7, r5, r1, r3, r6, r4] =
        rows_of_bytes(pass_of::<8, 1>([pairs[0], pairs[1], zero, zero], SECOND_ROUND));
    store(&[r0, r1, r2, r3, r4, r5, r6, r7], out, stride);
}

/// Transforms to N × N samples, N = 3 or 4.
#[target_feature(enable = "avx2")]
fn small<const N: usize>(table: &[[i16; 16]; 2], coefficients: &[i16; 64], out: &mut [u8], stride: usize) {
    // With N = 3, the middle row is its own mirror.
    let [top, bottom] = mirrored_rows::<N>(low_pairs(table, coefficients), [0, 1]);
    // Rows 0, N − 1 and 1, N − 2, each of a pair of even and a pair of odd frequencies.
    let rows = _mm256_packs_epi32(top, bottom);
    let products = [0, 1].map(|x| {
        let (even, odd) = (cosines(N, PAIRS[0], x), cosines(N, PAIRS[1], x));
        _mm256_madd_epi16(rows, _mm256_setr_epi32(even, odd, even, odd, even, odd, even, odd))
    });
    let [even, odd] = gather_pairs(products);
    let even = _mm256_add_epi32(even, _mm256_set1_epi32(SECOND_ROUND));
    let left = _mm256_srai_epi32::<SECOND_SHIFT>(_mm256_add_epi32(even, odd));
    let right = _mm256_srai_epi32::<SECOND_SHIFT>(_mm256_sub_epi32(even, odd));
    // Columns 0, 1, N − 1, N − 2, each of both rows.
    let samples = _mm256_packs_epi32(left, right);
    let samples = _mm256_packus_epi16(samples, samples);
    let order = if N == 4 { [0i8, 2, 6, 4, 1, 3, 7, 5] } else { [0, 2, 4, -1, 1, 3, 5, -1] };
    let order = _mm256_set1_epi64x(must_cast(order));
    let [r0, r3, _, _, r1, r2, ..]: [[u8; 4]; 8] = must_cast(_mm256_shuffle_epi8(samples, order));
    let rows = if N == 4 { [r0, r1, r2, r3] } else { [r0, r1, r3, [0; 4]] };
    let rows = std::array::from_fn::<_, N, _>(|y| std::array::from_fn::<_, N, _>(|x| rows[y][x]));
    store(&rows, out, stride);
}

/// Transforms to 2 × 2 samples: all cosines are 1.
#[target_feature(enable = "avx2")]
fn two(table: &[[i16; 8]; 2], coefficients: &[i16; 64], out: &mut [u8], stride: usize) {
    let (pairs, _) = coefficients.as_chunks::<2>();
    let row = |y: usize| _mm_mullo_epi16(_mm_set1_epi32(must_cast(pairs[y * 4])), must_cast(table[y]));
    let upper = _mm_madd_epi16(row(0), must_cast([1i16, 1, 1, -1, 1, 1, 1, -1]));
    let lower = _mm_madd_epi16(row(1), must_cast([1i16, 1, 1, -1, -1, -1, -1, 1]));
    let sums = _mm_add_epi32(_mm_add_epi32(upper, lower), _mm_set1_epi32(4 + (128 << 3)));
    let samples = _mm_srai_epi32::<3>(sums);
    let samples = _mm_packs_epi32(samples, samples);
    let [r0, r1, ..]: [[u8; 2]; 8] = must_cast(_mm_packus_epi16(samples, samples));
    store(&[r0, r1], out, stride);
}

/// Fills a block with one sample. It is not inlined, so that other blocks need not save its registers.
#[inline(never)]
fn fill(sample: u8, n: usize, out: &mut [u8], stride: usize) {
    match n {
        8 => store(&[[sample; 8]; 8], out, stride),
        7 => store(&[[sample; 7]; 7], out, stride),
        6 => store(&[[sample; 6]; 6], out, stride),
        5 => store(&[[sample; 5]; 5], out, stride),
        4 => store(&[[sample; 4]; 4], out, stride),
        3 => store(&[[sample; 3]; 3], out, stride),
        _ => store(&[[sample; 2]; 2], out, stride),
    }
}

/// Returns the coefficients of two rows, alternating, times the table. `spread` has the shuffles of both
/// rows, to even and to odd places.
#[inline]
#[target_feature(enable = "avx2")]
fn dequantise(
    coefficients: &[i16; 64],
    rows: [usize; 2],
    spread: &[[i8; 32]; 2],
    table: &[i16; 16],
) -> __m256i {
    let (all, _) = coefficients.as_chunks::<8>();
    let row = |i: usize| {
        let row = _mm256_broadcastsi128_si256(must_cast(all[rows[i]]));
        _mm256_shuffle_epi8(row, must_cast(spread[i]))
    };
    _mm256_mullo_epi16(_mm256_or_si256(row(0), row(1)), must_cast(*table))
}

/// The shuffles that move [`COLUMNS`] to even places, and to odd places.
const SPREAD: [[i8; 32]; 2] = [spread(0, 8), spread(1, 8)];
/// The shuffles of the first four columns, in both halves.
const SPREAD_LOW: [[i8; 32]; 2] = [spread(0, 4), spread(1, 4)];

/// Builds a shuffle of [`COLUMNS`] to even (`odd` = 0) or odd (1) places.
const fn spread(odd: usize, columns: usize) -> [i8; 32] {
    let mut bytes = [-1; 32];
    let mut i = 0;
    while i < 8 {
        let at = i * 4 + odd * 2;
        bytes[at] = COLUMNS[i % columns] as i8 * 2;
        bytes[at + 1] = bytes[at] + 1;
        i += 1;
    }
    bytes
}

/// Returns the first two pairs of four columns, in both halves.
#[inline]
#[target_feature(enable = "avx2")]
fn low_pairs(table: &[[i16; 16]; 2], coefficients: &[i16; 64]) -> [__m256i; 2] {
    [
        dequantise(coefficients, PAIRS[0], &SPREAD_LOW, &table[0]),
        dequantise(coefficients, PAIRS[1], &SPREAD_LOW, &table[1]),
    ]
}

/// Applies the first pass to four columns. Returns two rows, one in each half, and the two that mirror them.
#[inline]
#[target_feature(enable = "avx2")]
fn mirrored_rows<const N: usize>([even, odd]: [__m256i; 2], rows: [usize; 2]) -> [__m256i; 2] {
    let products = |pair: __m256i, frequencies: [usize; 2]| {
        let [a, b] = rows.map(|y| cosines(N, frequencies, y));
        _mm256_madd_epi16(pair, _mm256_setr_epi32(a, a, a, a, b, b, b, b))
    };
    let even = _mm256_add_epi32(products(even, PAIRS[0]), _mm256_set1_epi32(FIRST_ROUND));
    let odd = products(odd, PAIRS[1]);
    [
        _mm256_srai_epi32::<FIRST_SHIFT>(_mm256_add_epi32(even, odd)),
        _mm256_srai_epi32::<FIRST_SHIFT>(_mm256_sub_epi32(even, odd)),
    ]
}

/// Returns the sums of N samples, from all frequencies.
#[inline]
#[target_feature(enable = "avx2")]
fn pass<const N: usize>(pairs: [__m256i; 4], round: i32) -> [__m256i; 8] {
    if N > 4 { pass_of::<N, 2>(pairs, round) } else { pass_of::<N, 1>(pairs, round) }
}

/// Returns the sums of N samples, from the first 4·HALVES frequencies.
#[inline]
#[target_feature(enable = "avx2")]
fn pass_of<const N: usize, const HALVES: usize>(pairs: [__m256i; 4], round: i32) -> [__m256i; 8] {
    let product =
        |i: usize, y: usize| _mm256_madd_epi16(pairs[i], _mm256_set1_epi32(cosines(N, PAIRS[i], y)));
    let mut samples = [_mm256_setzero_si256(); 8];
    for y in 0..N.div_ceil(2) {
        let mut even = _mm256_add_epi32(product(0, y), _mm256_set1_epi32(round));
        let mut odd = product(1, y);
        if HALVES == 2 {
            even = _mm256_add_epi32(even, product(2, y));
            odd = if N > 5 { _mm256_add_epi32(odd, product(3, y)) } else { odd };
        }
        samples[y] = _mm256_add_epi32(even, odd);
        samples[N - 1 - y] = _mm256_sub_epi32(even, odd);
    }
    samples
}

/// Returns the cosines of a pair of frequencies for sample `y`.
#[inline]
fn cosines(n: usize, [a, b]: [usize; 2], y: usize) -> i32 {
    pair(BASES[n][a][y], BASES[n][b][y])
}

/// Converts the sums of the second pass, a register for each column, to rows in the order of their lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn rows_of_bytes(columns: [__m256i; 8]) -> [[u8; 8]; 8] {
    let half = |x: usize| {
        let pack = |x: usize| {
            let [a, b] = [columns[x], columns[x + 1]].map(|sums| _mm256_srai_epi32::<SECOND_SHIFT>(sums));
            _mm256_packs_epi32(a, b)
        };
        let order = must_cast([[0i8, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15]; 2]);
        _mm256_shuffle_epi8(_mm256_packus_epi16(pack(x), pack(x + 2)), order)
    };
    let (left, right) = (half(0), half(4));
    let [[r0, r1], [r4, r5]]: [[[u8; 8]; 2]; 2] = must_cast(_mm256_unpacklo_epi32(left, right));
    let [[r2, r3], [r6, r7]]: [[[u8; 8]; 2]; 2] = must_cast(_mm256_unpackhi_epi32(left, right));
    [r0, r1, r2, r3, r4, r5, r6, r7]
}

/// Writes rows of samples, `stride` apart. It checks the range once for all rows: a check for each row would
/// cost as much as the transform of a small block.
#[inline]
fn store<const N: usize>(rows: &[[u8; N]; N], out: &mut [u8], stride: usize) {
    let end = stride.checked_mul(N - 1).and_then(|start| start.checked_add(N));
    assert!(end.is_some_and(|end| end <= out.len()), "rows out of range");
    let start = out.as_mut_ptr();
    for (y, row) in rows.iter().enumerate() {
        // SAFETY: y is at most N − 1, and the N bytes from (N − 1)·stride on are within `out`. Arrays of
        // bytes have no alignment.
        unsafe { start.add(y * stride).cast::<[u8; N]>().write(*row) };
    }
}
