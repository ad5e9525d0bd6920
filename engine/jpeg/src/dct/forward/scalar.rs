//! The forward transform in plain Rust, the reference of the other kernels.

use super::dead_zone::{Thresholds, drop_isolated};
use crate::{
    dct::{CONSTANT_BITS, PASS_BITS, basis::BASES},
    zigzag::NATURAL_ORDER,
};

/// Transforms and quantises a block.
pub(super) fn block(
    quantisation: &[u16; 64],
    thresholds: &Thresholds,
    samples: &[u8],
    stride: usize,
    out: &mut [i16; 64],
) -> u64 {
    let rows: [[i32; 8]; 8] = std::array::from_fn(|y| {
        let row = &samples[y * stride..][..8];
        pass(|x| i32::from(row[x]) - 128, CONSTANT_BITS - PASS_BITS)
    });
    let columns: [[i32; 8]; 8] = std::array::from_fn(|x| pass(|y| rows[y][x], CONSTANT_BITS + PASS_BITS));
    let (mut nonzero, mut weak) = (0, 0);
    for (k, &natural) in NATURAL_ORDER.iter().enumerate() {
        let at = usize::from(natural);
        // Coefficients are 8 times too large.
        let value = columns[at % 8][at / 8];
        let is_kept = i32::from(thresholds.kept[at]) <= value.abs();
        out[k] = if is_kept { divide(value, i32::from(quantisation[at]) * 8) as i16 } else { 0 };
        nonzero |= u64::from(out[k] != 0) << k;
        weak |= u64::from(value.abs() < i32::from(thresholds.strong[at])) << k;
    }
    drop_isolated(nonzero, weak, out)
}

/// Applies the one-dimensional transform, with the cosines of the inverse one.
fn pass(sample: impl Fn(usize) -> i32, shift: u32) -> [i32; 8] {
    let even: [i32; 4] = std::array::from_fn(|y| sample(y) + sample(7 - y));
    let odd: [i32; 4] = std::array::from_fn(|y| sample(y) - sample(7 - y));
    std::array::from_fn(|k| {
        let samples = if k % 2 == 0 { &even } else { &odd };
        let sum: i32 =
            samples.iter().zip(BASES[8][k]).map(|(sample, cosine)| sample * i32::from(cosine)).sum();
        (sum + (1 << (shift - 1))) >> shift
    })
}

/// Returns the nearest integer to a quotient, halves away from zero.
fn divide(value: i32, divisor: i32) -> i32 {
    value.signum() * ((value.abs() + divisor / 2) / divisor)
}
