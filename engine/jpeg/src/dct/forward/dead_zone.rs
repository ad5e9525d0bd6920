//! Small coefficients that become zero, because the bits that they take are worth more elsewhere.

/// The limits below which a coefficient becomes zero, in natural order. They are for 8 times its magnitude.
#[derive(Clone, Debug)]
pub(crate) struct Thresholds {
    /// The limit of any coefficient.
    pub(crate) kept: [u16; 64],
    /// The limit of an isolated one.
    pub(crate) strong: [u16; 64],
}

/// Numbers of neighbours in zigzag order, before and after a weak coefficient: if all of these are zero, it is
/// isolated. A long run of zeros makes its symbol expensive, and one at the end adds a symbol.
const BEFORE: u32 = 2;
const AFTER: u32 = 1;

impl Thresholds {
    /// Returns the limits for the steps of a table. `zones` are the limits in steps: of any coefficient, and of an
    /// isolated one, which must be less than 1.5. Limits of half a step have no effect.
    pub(crate) fn new(steps: &[u16; 64], zones: &[[f32; 2]; 64]) -> Self {
        // The kernels compare signed numbers.
        let limit = |which: usize| {
            std::array::from_fn(|at| {
                (8.0 * f32::from(steps[at]) * zones[at][which]).min(32_767.0).ceil() as u16
            })
        };
        Self { kept: limit(0), strong: limit(1) }
    }
}

/// Clears the isolated ones of the `weak` coefficients, and returns the mask of the nonzero ones. Bit k is for
/// coefficient k in zigzag order.
#[inline]
pub(super) fn drop_isolated(nonzero: u64, weak: u64, out: &mut [i16; 64]) -> u64 {
    let before = (1..=BEFORE).fold(0, |near, step| near | nonzero << step);
    let near = (1..=AFTER).fold(before, |near, step| near | nonzero >> step);
    // Weak coefficients may also be zero.
    let isolated = weak & nonzero & !near;
    let mut rest = isolated;
    while rest != 0 {
        out[rest.trailing_zeros() as usize % 64] = 0;
        rest &= rest - 1;
    }
    nonzero & !isolated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_coefficients_without_neighbours_become_zero() {
        let check = |nonzero: u64, weak: u64, expected: u64| {
            let bit = |mask: u64, k: usize| (mask >> k & 1) as i16;
            let mut out = std::array::from_fn(|k| bit(nonzero, k));
            assert_eq!(drop_isolated(nonzero, weak, &mut out), expected, "{nonzero:b}, {weak:b}");
            assert_eq!(out, std::array::from_fn(|k| bit(expected, k)), "{nonzero:b}, {weak:b}");
        };
        check(0b1_0000, 0b1_0000, 0);
        check(0b1_0000, 0, 0b1_0000);
        check(0b1_0001, u64::MAX, 0);
        check(0b1_0100, 0b1_0000, 0b1_0100);
        check(0b11_0000, 0b01_0000, 0b11_0000);
        check(0b101_0000, 0b001_0000, 0b100_0000);
        check(1 << 63 | 1, 1 << 63, 1);
    }

    #[test]
    fn limits_are_in_steps() {
        let found = Thresholds::new(&[10; 64], &[[0.5, 0.75]; 64]);
        assert_eq!((found.kept[0], found.strong[63]), (40, 60));
        let largest = Thresholds::new(&[u16::MAX; 64], &[[0.7, 0.9]; 64]);
        assert_eq!((largest.kept[0], largest.strong[63]), (32_767, 32_767));
    }
}
