//! The forward transform with AVX2.
//!
//! Sums and differences of mirrored samples are in pairs, so that `vpmaddwd` multiplies both by their cosines
//! and adds the products.
#![allow(unsafe_code, reason = "the call of a function that requires AVX2, and loads of rows")]
#![allow(clippy::wildcard_imports, reason = "dozens of intrinsics")]

use super::{
    dead_zone::{Thresholds, drop_isolated},
    reciprocal::Reciprocals,
};
use crate::{
    dct::{
        CONSTANT_BITS, PASS_BITS,
        avx2::{gather_pairs, pair},
        basis::BASES,
    },
    zigzag::NATURAL_ORDER,
};
use bytemuck::must_cast;
use std::arch::x86_64::*;

/// The tables, in the order of rows 0, 7, 1, 6, 2, 5, 3 and 4. They exist only if AVX2 was detected.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    reciprocals: Reciprocals,
    thresholds: Thresholds,
}

const FIRST_SHIFT: i32 = (CONSTANT_BITS - PASS_BITS).cast_signed();
const SECOND_SHIFT: i32 = (CONSTANT_BITS + PASS_BITS).cast_signed();

impl Tables {
    /// Prepares tables. Returns `None` if the processor has no AVX2.
    pub(super) fn detect(quantisation: &[u16; 64], thresholds: &Thresholds) -> Option<Self> {
        let ordered =
            |table: &[u16; 64]| std::array::from_fn(|i| table[[i / 16, 7 - i / 16][i / 8 % 2] * 8 + i % 8]);
        is_x86_feature_detected!("avx2").then(|| Self {
            reciprocals: Reciprocals::new(&ordered(quantisation)),
            thresholds: Thresholds { kept: ordered(&thresholds.kept), strong: ordered(&thresholds.strong) },
        })
    }

    /// Transforms and quantises a block.
    #[inline]
    pub(super) fn block(&self, samples: &[u8], stride: usize, out: &mut [i16; 64]) -> u64 {
        // SAFETY: tables exist only if AVX2 was detected.
        unsafe { block(self, samples, stride, out) }
    }
}

#[target_feature(enable = "avx2")]
fn block(tables: &Tables, samples: &[u8], stride: usize, out: &mut [i16; 64]) -> u64 {
    // The halves of a register have mirrored rows in the same places.
    let [outer, inner] = load(samples, stride, [[0, 3, 7, 4], [1, 2, 6, 5]]).map(|rows| {
        // Each row as columns 0, 7, 3, 4, 1, 6, 2 and 5.
        let order = must_cast([[0i8, 7, 3, 4, 1, 6, 2, 5, 8, 15, 11, 12, 9, 14, 10, 13]; 2]);
        _mm256_shuffle_epi8(rows, order)
    });
    // Sums contain the middle of the range of samples twice; differences do not contain it.
    let twice_middle = _mm256_set1_epi16(256);
    let [sums_outer, sums_inner] = [outer, inner]
        .map(|rows| _mm256_sub_epi16(_mm256_maddubs_epi16(rows, _mm256_set1_epi8(1)), twice_middle));
    let minus_second = _mm256_set1_epi16(i16::from_le_bytes([1, u8::MAX]));
    let [differences_outer, differences_inner] =
        [outer, inner].map(|rows| _mm256_maddubs_epi16(rows, minus_second));
    let even = gather_pairs([sums_outer, sums_inner]);
    let odd = gather_pairs([differences_outer, differences_inner]);
    let [u0, u1, u2, u3, u4, u5, u6, u7] = pass::<FIRST_SHIFT>(even, odd);

    // Four frequencies at a time: their rows 0, 3, 1, 2 plus and minus rows 7, 4, 6, 5.
    let [(sums_01_45, differences_01_45), (sums_23_67, differences_23_67)] =
        [[u0, u1, u4, u5], [u2, u3, u6, u7]].map(|[a, b, c, d]| {
            let (low, high) = (_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
            let top = _mm256_permute2x128_si256::<0x20>(low, high);
            let bottom = _mm256_permute2x128_si256::<0x31>(low, high);
            (_mm256_add_epi16(top, bottom), _mm256_sub_epi16(top, bottom))
        });
    let even = gather_pairs([sums_01_45, sums_23_67]);
    let odd = gather_pairs([differences_01_45, differences_23_67]);
    let [v0, v1, v2, v3, v4, v5, v6, v7] = pass::<SECOND_SHIFT>(even, odd);
    let [q0, q1, q2, q3] = [
        quantise(v0, v7, tables, 0),
        quantise(v1, v6, tables, 16),
        quantise(v2, v5, tables, 32),
        quantise(v3, v4, tables, 48),
    ];
    let (nonzero, weak) = store_zigzag([q0, q1, q2, q3], out);
    drop_isolated(nonzero, weak, out)
}

/// Applies a pass to the pairs (0, 3) and (1, 2) of the four sums and of the four differences. Returns a
/// register for each frequency.
#[inline]
#[target_feature(enable = "avx2")]
fn pass<const SHIFT: i32>(even: [__m256i; 2], odd: [__m256i; 2]) -> [__m256i; 8] {
    let cosines = |k: usize, [a, b]: [usize; 2]| _mm256_set1_epi32(pair(BASES[8][k][a], BASES[8][k][b]));
    let mut frequencies = [_mm256_setzero_si256(); 8];
    for (k, frequency) in frequencies.iter_mut().enumerate() {
        let [outer, inner] = if k % 2 == 0 { even } else { odd };
        let outer = _mm256_madd_epi16(outer, cosines(k, [0, 3]));
        let inner = _mm256_madd_epi16(inner, cosines(k, [1, 2]));
        let sum = _mm256_add_epi32(_mm256_add_epi32(outer, _mm256_set1_epi32(1 << (SHIFT - 1))), inner);
        *frequency = _mm256_srai_epi32::<SHIFT>(sum);
    }
    frequencies
}

/// The bit in which a weak quotient differs from its sign. Quotients have fewer bits.
const WEAK: i16 = 1 << 14;

/// Divides two rows of coefficients by the values of the tables from `at` on. Weak quotients have the bit [`WEAK`]
/// inverted.
#[inline]
#[target_feature(enable = "avx2")]
fn quantise(a: __m256i, b: __m256i, tables: &Tables, at: usize) -> __m256i {
    let part = |values: &[u16; 64]| {
        let (parts, _) = values.as_chunks::<16>();
        must_cast(parts[at / 16])
    };
    let rows = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(a, b));
    let Tables { reciprocals, thresholds } = tables;
    let magnitude = _mm256_abs_epi16(rows);
    let value = _mm256_add_epi16(magnitude, part(&reciprocals.half));
    let product = _mm256_mulhi_epu16(value, part(&reciprocals.multiplier));
    // The highest bits of both factors are clear.
    let quotient = _mm256_sign_epi16(_mm256_mulhi_epi16(product, part(&reciprocals.scale)), rows);
    let is_zero = _mm256_cmpgt_epi16(part(&thresholds.kept), magnitude);
    let is_weak = _mm256_cmpgt_epi16(part(&thresholds.strong), magnitude);
    let weak = _mm256_and_si256(is_weak, _mm256_set1_epi16(WEAK));
    _mm256_andnot_si256(is_zero, _mm256_xor_si256(quotient, weak))
}

/// Stores rows (0, 7), (1, 6), (2, 5) and (3, 4) in zigzag order, and returns masks of the nonzero and of the weak
/// coefficients.
///
/// The zigzag order is symmetric: eight coefficients from its start and eight from its end come from mirrored
/// rows in the two halves of registers, so that one shuffle moves both.
#[inline]
#[target_feature(enable = "avx2")]
fn store_zigzag([q0, q1, q2, q3]: [__m256i; 4], out: &mut [i16; 64]) -> (u64, u64) {
    let swap = |rows: __m256i| _mm256_permute2x128_si256::<0x01>(rows, rows);
    // The lower halves have the rows in their order.
    let rows = [q0, q1, q2, q3, swap(q3), swap(q2), swap(q1)];
    let (parts, _) = out.as_chunks_mut::<8>();
    let (mut zeros, mut weak) = ([_mm256_setzero_si256(); 4], [_mm256_setzero_si256(); 4]);
    for (i, (zeros, weak)) in zeros.iter_mut().zip(&mut weak).enumerate() {
        let mut part = _mm256_setzero_si256();
        for row in ROWS[i].0..ROWS[i].1 {
            part = _mm256_or_si256(part, _mm256_shuffle_epi8(rows[row], must_cast(ZIGZAG[i][row])));
        }
        // All bits are set where the sign differs from the next bit.
        *weak = _mm256_srai_epi16::<15>(_mm256_xor_si256(part, _mm256_slli_epi16::<1>(part)));
        let part = _mm256_xor_si256(part, _mm256_and_si256(*weak, _mm256_set1_epi16(WEAK)));
        [parts[i], parts[7 - i]] = must_cast(part);
        *zeros = _mm256_cmpeq_epi16(part, _mm256_setzero_si256());
    }
    (!mask(zeros), mask(weak))
}

/// Returns the bits of lanes whose bits are all set. Their upper halves have groups of eight in descending order.
#[inline]
#[target_feature(enable = "avx2")]
fn mask([a, b, c, d]: [__m256i; 4]) -> u64 {
    let pair = |a, b| _mm256_movemask_epi8(_mm256_packs_epi16(a, b)) as u32;
    let (outer, inner) = (pair(a, b), pair(c, d));
    let first = u64::from(outer & 0xFFFF) | u64::from(inner & 0xFFFF) << 16;
    let second =
        u64::from(((inner >> 16) as u16).swap_bytes()) | u64::from(((outer >> 16) as u16).swap_bytes()) << 16;
    first | second << 32
}

/// The range of rows with coefficients of each group of eight in the first half of the zigzag order.
const ROWS: [(usize, usize); 4] = [(0, 3), (0, 5), (1, 7), (0, 4)];

/// The shuffle of each row for each of the first four groups of eight. The upper half of a register has that
/// of the mirrored group and row.
const ZIGZAG: [[[i8; 32]; 7]; 4] = {
    let mut masks = [[[-1; 32]; 7]; 4];
    let mut i = 0;
    while i < 64 {
        let (eight, place) = (i / 8, i % 8);
        let natural = NATURAL_ORDER[i] as usize;
        let (part, row, at) = if eight < 4 {
            (eight, natural / 8, place * 2)
        } else {
            (7 - eight, 7 - natural / 8, 16 + place * 2)
        };
        masks[part][row][at] = (natural % 8 * 2) as i8;
        masks[part][row][at + 1] = (natural % 8 * 2 + 1) as i8;
        i += 1;
    }
    masks
};

/// Loads two registers of four rows of eight samples each. It checks the range once for all rows.
#[inline]
#[target_feature(enable = "avx2")]
fn load(samples: &[u8], stride: usize, rows: [[usize; 4]; 2]) -> [__m256i; 2] {
    let end = stride.checked_mul(7).and_then(|start| start.checked_add(8));
    assert!(end.is_some_and(|end| end <= samples.len()), "rows out of range");
    let start = samples.as_ptr();
    // SAFETY: y is at most 7, and the 8 bytes from 7·stride on are within `samples`. The load requires no
    // alignment.
    let row = |y: usize| unsafe { _mm_loadl_epi64(start.add(y * stride).cast()) };
    rows.map(|[a, b, c, d]| {
        _mm256_set_m128i(_mm_unpacklo_epi64(row(c), row(d)), _mm_unpacklo_epi64(row(a), row(b)))
    })
}
