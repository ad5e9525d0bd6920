//! The cosines of the transforms as integers.

/// The cosines of an n-point transform: `[k][y]` is √2·cos((2y + 1)kπ/2n), or 1 where k = 0, with
/// [`CONSTANT_BITS`](super::CONSTANT_BITS) fractional bits, for the first half of the samples y.
///
/// The second half mirrors the first, with the opposite sign for odd k.
pub(super) type Basis = [[i16; 4]; 8];

/// The basis of each n-point transform at index n; there is none of 0 points.
///
/// The basis of 8 points has the sums and differences of libjpeg's rounded constants, which are not always
/// the nearest integers.
pub(super) const BASES: [Basis; 9] = [
    [[0; 4]; 8],
    pad([[8192, 0, 0, 0]]),
    pad([[8192, 0, 0, 0], [8192, 0, 0, 0]]),
    pad([[8192, 8192, 0, 0], [10033, 0, 0, 0], [5793, -11585, 0, 0]]),
    pad([[8192, 8192, 0, 0], [10703, 4433, 0, 0], [8192, -8192, 0, 0], [4433, -10703, 0, 0]]),
    pad([
        [8192, 8192, 8192, 0],
        [11018, 6810, 0, 0],
        [9373, -3580, -11585, 0],
        [6810, -11018, 0, 0],
        [3580, -9373, 11585, 0],
    ]),
    pad([
        [8192, 8192, 8192, 0],
        [11190, 8192, 2998, 0],
        [10033, 0, -10033, 0],
        [8192, -8192, -8192, 0],
        [5793, -11585, 5793, 0],
        [2998, -8192, 11190, 0],
    ]),
    pad([
        [8192, 8192, 8192, 8192],
        [11295, 9058, 5027, 0],
        [10438, 2578, -7223, -11585],
        [9058, -5027, -11295, 0],
        [7223, -10438, -2578, 11585],
        [5027, -11295, 9058, 0],
        [2578, -7223, 10438, -11585],
    ]),
    [
        [8192, 8192, 8192, 8192],
        [11363, 9633, 6437, 2260],
        [10703, 4433, -4433, -10703],
        [9633, -2259, -11362, -6436],
        [8192, -8192, -8192, 8192],
        [6437, -11362, 2261, 9633],
        [4433, -10704, 10704, -4433],
        [2260, -6436, 9633, -11363],
    ],
];

/// Returns a basis of fewer than eight rows; the others are zero.
const fn pad<const N: usize>(rows: [[i16; 4]; N]) -> Basis {
    let mut basis = [[0; 4]; 8];
    let mut k = 0;
    while k < N {
        basis[k] = rows[k];
        k += 1;
    }
    basis
}

#[cfg(test)]
mod tests {
    use super::BASES;
    use crate::dct::CONSTANT_BITS;
    use std::f64::consts::{PI, SQRT_2};

    #[test]
    fn basis_is_the_rounded_cosines() {
        for (n, basis) in BASES.iter().enumerate().skip(1) {
            for (k, row) in basis.iter().enumerate().take(n) {
                for (y, &cosine) in row.iter().enumerate().take(n.div_ceil(2)) {
                    let angle = ((2 * y + 1) * k) as f64 * PI / (2 * n) as f64;
                    let exact =
                        if k == 0 { 1.0 } else { SQRT_2 * angle.cos() } * f64::from(1 << CONSTANT_BITS);
                    // libjpeg's constants of 8 points are sums of up to four rounded ones.
                    let bound = if n == 8 { 1.2 } else { 0.5 };
                    let error = (f64::from(cosine) - exact).abs();
                    assert!(error <= bound, "n {n}, k {k}, y {y}: {error}");
                }
            }
        }
    }

    /// The largest sums of a pass stay within 32 bits, with room for rounding and the offset of samples.
    #[test]
    fn sums_fit_32_bits() {
        for (n, basis) in BASES.iter().enumerate() {
            for y in 0..4 {
                let weight: i64 = basis.iter().map(|row| i64::from(row[y]).abs()).sum();
                assert!(weight * 32_768 + (129 << 18) < 1 << 31, "n {n}, y {y}");
            }
        }
    }
}
