//! The forward transform with NEON, which every 64-bit ARM processor has.
#![allow(unsafe_code, reason = "the call of a function that requires NEON")]
#![allow(clippy::wildcard_imports, reason = "dozens of intrinsics")]

use super::{
    dead_zone::{Thresholds, drop_isolated},
    reciprocal::Reciprocals,
};
use crate::{
    dct::{CONSTANT_BITS, PASS_BITS, basis::BASES, neon::transpose},
    zigzag::NATURAL_ORDER,
};
use bytemuck::must_cast;
use std::arch::aarch64::*;

const FIRST_SHIFT: i32 = (CONSTANT_BITS - PASS_BITS).cast_signed();
const SECOND_SHIFT: i32 = (CONSTANT_BITS + PASS_BITS).cast_signed();

/// Transforms and quantises a block.
pub(super) fn block(
    tables: (&Reciprocals, &Thresholds),
    samples: &[u8],
    stride: usize,
    out: &mut [i16; 64],
) -> u64 {
    let mut rows = [[0; 8]; 8];
    for (y, row) in rows.iter_mut().enumerate() {
        row.copy_from_slice(&samples[y * stride..][..8]);
    }
    // SAFETY: NEON is part of this architecture.
    unsafe { transform(tables, rows, out) }
}

#[inline]
#[target_feature(enable = "neon")]
fn transform(tables: (&Reciprocals, &Thresholds), rows: [[u8; 8]; 8], out: &mut [i16; 64]) -> u64 {
    let rows = rows.map(|row| vreinterpretq_s16_u16(vsubl_u8(must_cast(row), vdup_n_u8(128))));
    let columns = pass(transpose(rows), |low, high| {
        vcombine_s16(vrshrn_n_s32::<FIRST_SHIFT>(low), vrshrn_n_s32::<FIRST_SHIFT>(high))
    });
    let frequencies = pass(transpose(columns), |low, high| {
        vcombine_s16(vrshrn_n_s32::<SECOND_SHIFT>(low), vrshrn_n_s32::<SECOND_SHIFT>(high))
    });
    let quotients: [uint8x16_t; 8] =
        std::array::from_fn(|v| vreinterpretq_u8_s16(quantise(frequencies[v], tables, v)));
    let [q0, q1, q2, q3, q4, q5, q6, q7] = quotients;
    let (upper, lower) = (uint8x16x4_t(q0, q1, q2, q3), uint8x16x4_t(q4, q5, q6, q7));
    let (parts, _) = out.as_chunks_mut::<8>();
    let (mut nonzero, mut weak) = ([0; 8], [0; 8]);
    let mask = |lanes: uint16x8_t| -> u8 {
        vaddv_u8(vand_u8(vmovn_u16(lanes), must_cast([1u8, 2, 4, 8, 16, 32, 64, 128])))
    };
    for (i, part) in parts.iter_mut().enumerate() {
        // An index outside a table of 64 bytes gives 0 in the first look-up, and no change in the second.
        let at: uint8x16_t = must_cast(ZIGZAG[i]);
        let both = vqtbx4q_u8(vqtbl4q_u8(upper, at), lower, vsubq_u8(at, vdupq_n_u8(64)));
        let values = vreinterpretq_s16_u8(both);
        // All bits are set where the sign differs from the next bit.
        let is_weak = vshrq_n_s16::<15>(veorq_s16(values, vshlq_n_s16::<1>(values)));
        let values = veorq_s16(values, vandq_s16(is_weak, vdupq_n_s16(WEAK)));
        *part = must_cast(values);
        nonzero[i] = mask(vtstq_s16(values, values));
        weak[i] = mask(vreinterpretq_u16_s16(is_weak));
    }
    drop_isolated(u64::from_le_bytes(nonzero), u64::from_le_bytes(weak), out)
}

/// The indexes of the bytes of the coefficients, in zigzag order.
const ZIGZAG: [[u8; 16]; 8] = {
    let mut bytes = [[0; 16]; 8];
    let mut i = 0;
    while i < 64 {
        bytes[i / 8][i % 8 * 2] = NATURAL_ORDER[i] * 2;
        bytes[i / 8][i % 8 * 2 + 1] = NATURAL_ORDER[i] * 2 + 1;
        i += 1;
    }
    bytes
};

/// Transforms eight samples to eight frequencies.
#[inline]
#[target_feature(enable = "neon")]
fn pass(samples: [int16x8_t; 8], narrow: impl Fn(int32x4_t, int32x4_t) -> int16x8_t) -> [int16x8_t; 8] {
    let even: [int16x8_t; 4] = std::array::from_fn(|y| vaddq_s16(samples[y], samples[7 - y]));
    let odd: [int16x8_t; 4] = std::array::from_fn(|y| vsubq_s16(samples[y], samples[7 - y]));
    std::array::from_fn(|k| {
        let (samples, cosines) = (if k % 2 == 0 { even } else { odd }, BASES[8][k]);
        let mut low = vmull_n_s16(vget_low_s16(samples[0]), cosines[0]);
        let mut high = vmull_high_n_s16(samples[0], cosines[0]);
        for y in 1..4 {
            low = vmlal_n_s16(low, vget_low_s16(samples[y]), cosines[y]);
            high = vmlal_high_n_s16(high, samples[y], cosines[y]);
        }
        narrow(low, high)
    })
}

/// The bit in which a weak quotient differs from its sign. Quotients have fewer bits.
const WEAK: i16 = 1 << 14;

/// Divides a row of coefficients by row `v` of the tables. Weak quotients have the bit [`WEAK`] inverted.
#[inline]
#[target_feature(enable = "neon")]
fn quantise(row: int16x8_t, (table, thresholds): (&Reciprocals, &Thresholds), v: usize) -> int16x8_t {
    let part = |values: &[u16; 64]| -> uint16x8_t {
        let (parts, _) = values.as_chunks::<8>();
        must_cast(parts[v])
    };
    let multiply = |a: uint16x8_t, b: uint16x8_t| {
        let low = vshrn_n_u32::<16>(vmull_u16(vget_low_u16(a), vget_low_u16(b)));
        vcombine_u16(low, vshrn_n_u32::<16>(vmull_high_u16(a, b)))
    };
    let magnitude = vreinterpretq_u16_s16(vabsq_s16(row));
    let value = vaddq_u16(magnitude, part(&table.half));
    let quotient = multiply(multiply(value, part(&table.multiplier)), part(&table.scale));
    let sign = vshrq_n_s16::<15>(row);
    let quotient = vsubq_s16(veorq_s16(vreinterpretq_s16_u16(quotient), sign), sign);
    let is_kept = vcgeq_u16(magnitude, part(&thresholds.kept));
    let is_weak = vcltq_u16(magnitude, part(&thresholds.strong));
    let weak = vandq_s16(vreinterpretq_s16_u16(is_weak), vdupq_n_s16(WEAK));
    vandq_s16(veorq_s16(quotient, weak), vreinterpretq_s16_u16(is_kept))
}
