//! The inverse transform of 12-bit samples, in plain Rust.

use crate::dct::{CONSTANT_BITS, basis::BASES};

/// Fractional bits of the values between the passes, as in libjpeg for 12 bits.
const PASS_BITS: u32 = 1;
/// The largest sample.
const MAX: i64 = 4095;
/// The sample of a block without coefficients.
const MIDDLE: i64 = 2048;

/// The inverse transform of the 12-bit blocks of one component.
///
/// For n = 8 it equals libjpeg-turbo's accurate integer transform of 12 bits bit by bit. For smaller n it is
/// that of [`Inverse`](super::Inverse). Any coefficients and tables of 16 bits give sums of less than 53 bits,
/// so nothing wraps before samples saturate at 0 and 4095.
#[derive(Clone, Debug)]
pub(crate) struct WideInverse {
    n: usize,
    quantisation: [u16; 64],
}

impl WideInverse {
    /// Prepares the transform to n × n samples, 1 ≤ n ≤ 8, of coefficients that were divided by
    /// `quantisation`, a table in natural order (row by row).
    pub(crate) fn new(quantisation: &[u16; 64], n: usize) -> Self {
        assert!((1..=8).contains(&n), "a block has 1 to 8 columns and rows");
        Self { n, quantisation: *quantisation }
    }

    /// Writes the n × n samples of a block to `out`: n rows from its start, `stride` samples apart.
    ///
    /// `coefficients` are in natural order and not dequantised. With a `last` of 0, only the first one, the
    /// mean, may be nonzero.
    ///
    /// # Panics
    /// If the rows do not fit `out`.
    pub(crate) fn block(&self, coefficients: &[i16; 64], last: usize, out: &mut [u16], stride: usize) {
        let dequantise = |at: usize| i64::from(coefficients[at]) * i64::from(self.quantisation[at]);
        if last == 0 {
            let sample = (((dequantise(0) + 4) >> 3) + MIDDLE).clamp(0, MAX) as u16;
            return (0..self.n).for_each(|y| out[y * stride..][..self.n].fill(sample));
        }
        match self.n {
            1 => transform::<1>(dequantise, out, stride),
            2 => transform::<2>(dequantise, out, stride),
            3 => transform::<3>(dequantise, out, stride),
            4 => transform::<4>(dequantise, out, stride),
            5 => transform::<5>(dequantise, out, stride),
            6 => transform::<6>(dequantise, out, stride),
            7 => transform::<7>(dequantise, out, stride),
            _ => transform::<8>(dequantise, out, stride),
        }
    }
}

/// Transforms to N × N samples.
fn transform<const N: usize>(coefficient: impl Fn(usize) -> i64, out: &mut [u16], stride: usize) {
    let mut columns = [[0; N]; N];
    for (x, column) in columns.iter_mut().enumerate() {
        let sums = pass::<N>(std::array::from_fn(|k| coefficient(k * 8 + x)));
        *column = sums.map(|sum| shift_rounded(sum, CONSTANT_BITS - PASS_BITS));
    }
    for y in 0..N {
        let sums = pass::<N>(std::array::from_fn(|k| columns[k][y]));
        let row = sums.map(|sum| shift_rounded(sum, CONSTANT_BITS + PASS_BITS + 3) + MIDDLE);
        out[y * stride..][..N].copy_from_slice(&row.map(|sample| sample.clamp(0, MAX) as u16));
    }
}

/// Applies the one-dimensional transform; the result has [`CONSTANT_BITS`] fractional bits.
fn pass<const N: usize>(frequencies: [i64; N]) -> [i64; N] {
    let basis = &BASES[N];
    let mut samples = [0; N];
    for y in 0..N.div_ceil(2) {
        let sum =
            |from: usize| (from..N).step_by(2).map(|k| frequencies[k] * i64::from(basis[k][y])).sum::<i64>();
        let (even, odd) = (sum(0), sum(1));
        samples[y] = even + odd;
        samples[N - 1 - y] = even - odd;
    }
    samples
}

fn shift_rounded(value: i64, bits: u32) -> i64 {
    (value + (1 << (bits - 1))) >> bits
}
