//! The inverse transform with NEON, which every 64-bit ARM processor has.
#![allow(unsafe_code, reason = "calls of functions that require NEON")]
#![allow(clippy::wildcard_imports, reason = "dozens of intrinsics")]

use super::scalar;
use crate::dct::{CONSTANT_BITS, PASS_BITS, basis::BASES, neon::transpose};
use bytemuck::must_cast;
use std::arch::aarch64::*;

/// The last coefficient in zigzag order of the diagonals within the lowest 4 × 4.
const LAST_LOW: usize = 9;

const FIRST_SHIFT: i32 = (CONSTANT_BITS - PASS_BITS).cast_signed();
/// Two passes of 8 points are 8 times too large.
const SECOND_SHIFT: i32 = (CONSTANT_BITS + PASS_BITS + 3).cast_signed();
/// The middle of the range of samples, shifted like the sums.
const MIDDLE: i32 = 128 << SECOND_SHIFT;

/// Transforms a block to n × n samples, 2 ≤ n ≤ 8.
pub(super) fn block(
    quantisation: &[i16; 64],
    n: usize,
    coefficients: &[i16; 64],
    last: usize,
    out: &mut [u8],
    stride: usize,
) {
    match (n, last) {
        // SAFETY: NEON is part of this architecture.
        (4, 1..) => scalar::store(&unsafe { four(quantisation, coefficients) }, out, stride),
        // SAFETY: as above.
        (8, 1..=LAST_LOW) => scalar::store(&unsafe { eight::<4>(quantisation, coefficients) }, out, stride),
        // SAFETY: as above.
        (8, 10..) => scalar::store(&unsafe { eight::<8>(quantisation, coefficients) }, out, stride),
        _ => scalar::block(quantisation, n, coefficients, last, out, stride),
    }
}

/// Transforms the K × K lowest frequencies to 8 × 8 samples.
#[inline]
#[target_feature(enable = "neon")]
fn eight<const K: usize>(quantisation: &[i16; 64], coefficients: &[i16; 64]) -> [[u8; 8]; 8] {
    let ((table, _), (all, _)) = (quantisation.as_chunks::<8>(), coefficients.as_chunks::<8>());
    let mut rows = [vdupq_n_s16(0); 8];
    for (k, row) in rows.iter_mut().enumerate().take(K) {
        *row = vmulq_s16(must_cast(all[k]), must_cast(table[k]));
    }
    let columns = pass::<K>(rows, |low, high| {
        vcombine_s16(vqrshrn_n_s32::<FIRST_SHIFT>(low), vqrshrn_n_s32::<FIRST_SHIFT>(high))
    });
    let samples = pass::<K>(transpose(columns), |low, high| {
        let [low, high] =
            [low, high].map(|sum| vrshrq_n_s32::<SECOND_SHIFT>(vaddq_s32(sum, vdupq_n_s32(MIDDLE))));
        vcombine_s16(vqmovn_s32(low), vqmovn_s32(high))
    });
    transpose(samples).map(|row| must_cast(vqmovun_s16(row)))
}

/// Transforms K frequencies to eight samples.
#[inline]
#[target_feature(enable = "neon")]
fn pass<const K: usize>(
    frequencies: [int16x8_t; 8],
    narrow: impl Fn(int32x4_t, int32x4_t) -> int16x8_t,
) -> [int16x8_t; 8] {
    let mut samples = [vdupq_n_s16(0); 8];
    for y in 0..4 {
        let sum = |from: usize| {
            let (first, cosine) = (frequencies[from], BASES[8][from][y]);
            let mut low = vmull_n_s16(vget_low_s16(first), cosine);
            let mut high = vmull_high_n_s16(first, cosine);
            for k in (from + 2..K).step_by(2) {
                low = vmlal_n_s16(low, vget_low_s16(frequencies[k]), BASES[8][k][y]);
                high = vmlal_high_n_s16(high, frequencies[k], BASES[8][k][y]);
            }
            (low, high)
        };
        let (even, odd) = (sum(0), sum(1));
        samples[y] = narrow(vaddq_s32(even.0, odd.0), vaddq_s32(even.1, odd.1));
        samples[7 - y] = narrow(vsubq_s32(even.0, odd.0), vsubq_s32(even.1, odd.1));
    }
    samples
}

/// Transforms to 4 × 4 samples.
#[inline]
#[target_feature(enable = "neon")]
fn four(quantisation: &[i16; 64], coefficients: &[i16; 64]) -> [[u8; 4]; 4] {
    let ((table, _), (all, _)) = (quantisation.as_chunks::<4>(), coefficients.as_chunks::<4>());
    let rows = [0, 2, 4, 6].map(|at| vmul_s16(must_cast(all[at]), must_cast(table[at])));
    let columns = pass_of_four(rows).map(|v| vqrshrn_n_s32::<FIRST_SHIFT>(v));
    let samples = pass_of_four(transpose_four(columns))
        .map(|sum| vqmovn_s32(vrshrq_n_s32::<SECOND_SHIFT>(vaddq_s32(sum, vdupq_n_s32(MIDDLE)))));
    let [r0, r1, r2, r3] = transpose_four(samples);
    let [r0, r1]: [[u8; 4]; 2] = must_cast(vqmovun_s16(vcombine_s16(r0, r1)));
    let [r2, r3]: [[u8; 4]; 2] = must_cast(vqmovun_s16(vcombine_s16(r2, r3)));
    [r0, r1, r2, r3]
}

/// Transforms four frequencies to four samples.
#[inline]
#[target_feature(enable = "neon")]
fn pass_of_four(frequencies: [int16x4_t; 4]) -> [int32x4_t; 4] {
    let sum = |k: usize, y: usize| {
        let first = vmull_n_s16(frequencies[k], BASES[4][k][y]);
        vmlal_n_s16(first, frequencies[k + 2], BASES[4][k + 2][y])
    };
    let [(e0, o0), (e1, o1)] = [0, 1].map(|y| (sum(0, y), sum(1, y)));
    [vaddq_s32(e0, o0), vaddq_s32(e1, o1), vsubq_s32(e1, o1), vsubq_s32(e0, o0)]
}

/// Transposes 4 × 4 values.
#[inline]
#[target_feature(enable = "neon")]
fn transpose_four([a, b, c, d]: [int16x4_t; 4]) -> [int16x4_t; 4] {
    let [(a, b), (c, d)] = [(a, b), (c, d)]
        .map(|(a, b)| (vreinterpret_s32_s16(vtrn1_s16(a, b)), vreinterpret_s32_s16(vtrn2_s16(a, b))));
    [vtrn1_s32(a, c), vtrn1_s32(b, d), vtrn2_s32(a, c), vtrn2_s32(b, d)].map(|v| vreinterpret_s16_s32(v))
}
