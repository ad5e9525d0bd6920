//! NEON functions of both directions.
#![allow(clippy::wildcard_imports, reason = "dozens of intrinsics")]

use std::arch::aarch64::*;

/// Transposes 8 × 8 values.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn transpose(rows: [int16x8_t; 8]) -> [int16x8_t; 8] {
    let pairs = [0, 2, 4, 6].map(|y| {
        let (a, b) = (rows[y], rows[y + 1]);
        (vreinterpretq_s32_s16(vtrn1q_s16(a, b)), vreinterpretq_s32_s16(vtrn2q_s16(a, b)))
    });
    let fours = [(pairs[0], pairs[1]), (pairs[2], pairs[3])].map(|(a, b)| {
        [vtrn1q_s32(a.0, b.0), vtrn1q_s32(a.1, b.1), vtrn2q_s32(a.0, b.0), vtrn2q_s32(a.1, b.1)]
            .map(|v| vreinterpretq_s64_s32(v))
    });
    std::array::from_fn(|i| {
        let (top, bottom) = (fours[0][i % 4], fours[1][i % 4]);
        vreinterpretq_s16_s64(if i < 4 { vtrn1q_s64(top, bottom) } else { vtrn2q_s64(top, bottom) })
    })
}
