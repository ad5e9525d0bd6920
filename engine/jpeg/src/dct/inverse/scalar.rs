//! The inverse transform in plain Rust, the reference of the other kernels.

use super::mean;
use crate::dct::{CONSTANT_BITS, PASS_BITS, basis::BASES};

/// Transforms a block to n × n samples, 2 ≤ n ≤ 8.
pub(super) fn block(
    quantisation: &[i16; 64],
    n: usize,
    coefficients: &[i16; 64],
    last: usize,
    out: &mut [u8],
    stride: usize,
) {
    if last == 0 {
        let sample = mean(coefficients[0], quantisation[0]);
        return (0..n).for_each(|y| out[y * stride..][..n].fill(sample));
    }
    let dequantise = |at: usize| i32::from(coefficients[at].wrapping_mul(quantisation[at]));
    match n {
        2 => store(&two(dequantise), out, stride),
        3 => store(&transform::<3>(dequantise), out, stride),
        4 => store(&transform::<4>(dequantise), out, stride),
        5 => store(&transform::<5>(dequantise), out, stride),
        6 => store(&transform::<6>(dequantise), out, stride),
        7 => store(&transform::<7>(dequantise), out, stride),
        _ => store(&transform::<8>(dequantise), out, stride),
    }
}

/// Writes rows of samples to `out`, `stride` samples apart.
pub(super) fn store<const N: usize>(rows: &[[u8; N]; N], out: &mut [u8], stride: usize) {
    for (y, row) in rows.iter().enumerate() {
        out[y * stride..][..N].copy_from_slice(row);
    }
}

/// Transforms to 2 × 2 samples. All scaled cosines of two points are 1, so one rounding is enough.
fn two(coefficient: impl Fn(usize) -> i32) -> [[u8; 2]; 2] {
    let (mean, horizontal, vertical, both) = (coefficient(0), coefficient(1), coefficient(8), coefficient(9));
    let sample = |sum: i32| (((sum + 4) >> 3) + 128).clamp(0, 255) as u8;
    [
        [sample(mean + horizontal + vertical + both), sample(mean - horizontal + vertical - both)],
        [sample(mean + horizontal - vertical - both), sample(mean - horizontal - vertical + both)],
    ]
}

/// Transforms to N × N samples.
fn transform<const N: usize>(coefficient: impl Fn(usize) -> i32) -> [[u8; N]; N] {
    let mut columns = [[0i16; N]; N];
    for (x, column) in columns.iter_mut().enumerate() {
        let sums = pass::<N>(std::array::from_fn(|k| coefficient(k * 8 + x)));
        let descale = |sum| shift_rounded(sum, CONSTANT_BITS - PASS_BITS);
        *column = sums.map(|sum| descale(sum).clamp(i16::MIN.into(), i16::MAX.into()) as i16);
    }
    std::array::from_fn(|y| {
        let sums = pass::<N>(std::array::from_fn(|k| columns[k][y].into()));
        sums.map(|sum| (shift_rounded(sum, CONSTANT_BITS + PASS_BITS + 3) + 128).clamp(0, 255) as u8)
    })
}

/// Applies the one-dimensional transform; the result has [`CONSTANT_BITS`] fractional bits. Sums of any
/// 16-bit values fit.
#[inline]
fn pass<const N: usize>(frequencies: [i32; N]) -> [i32; N] {
    let basis = &BASES[N];
    let mut samples = [0; N];
    for y in 0..N.div_ceil(2) {
        let sum =
            |from: usize| (from..N).step_by(2).map(|k| frequencies[k] * i32::from(basis[k][y])).sum::<i32>();
        let (even, odd) = (sum(0), sum(1));
        samples[y] = even + odd;
        samples[N - 1 - y] = even - odd;
    }
    samples
}

fn shift_rounded(value: i32, bits: u32) -> i32 {
    (value + (1 << (bits - 1))) >> bits
}
