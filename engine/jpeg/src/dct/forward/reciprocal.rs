//! Division by a quantisation step as multiplication.

/// The factors that divide a coefficient by 8·q, rounded to the nearest integer, in 16-bit unsigned
/// arithmetic: `((|x| + half) * multiplier >> 16) * scale >> 16`.
///
/// Let s be the largest integer with 2^s less than the divisor d. The multiplier is 2^(16 + s)/d rounded up,
/// which has 16 bits, and the scale 2^(16 − s) shifts by s. The multiplier is too large by less than 1, so
/// the quotient of n is too large by less than n/2^(16 + s). The integer part stays right while that is at
/// most 1/d, which n < 2^15 guarantees since d ≤ 2^(s + 1). Coefficients of 8-bit samples are less than 2^14,
/// and so is half a divisor here: larger divisors make all coefficients zero, as a multiplier of 0 does. (T.
/// Granlund and P. L. Montgomery, "Division by invariant integers using multiplication", PLDI 1994.)
#[derive(Clone, Copy, Debug)]
pub(super) struct Reciprocal {
    pub(super) half: u16,
    pub(super) multiplier: u16,
    pub(super) scale: u16,
}

/// The reciprocals of a table, in its order.
#[derive(Clone, Debug)]
pub(super) struct Reciprocals {
    pub(super) half: [u16; 64],
    pub(super) multiplier: [u16; 64],
    pub(super) scale: [u16; 64],
}

impl Reciprocal {
    /// Returns the factors for q = `quantisation`, at least 1.
    fn new(quantisation: u16) -> Self {
        let divisor = u32::from(quantisation) * 8;
        if divisor >= 1 << 15 {
            return Self { half: 0, multiplier: 0, scale: 0 };
        }
        let shift = (divisor - 1).ilog2();
        Self {
            half: (divisor / 2) as u16,
            multiplier: (1u32 << (16 + shift)).div_ceil(divisor) as u16,
            scale: 1 << (16 - shift),
        }
    }
}

impl Reciprocals {
    /// Returns the factors for each step of a table.
    pub(super) fn new(quantisation: &[u16; 64]) -> Self {
        let all = quantisation.map(Reciprocal::new);
        Self { half: all.map(|r| r.half), multiplier: all.map(|r| r.multiplier), scale: all.map(|r| r.scale) }
    }
}

#[cfg(test)]
mod tests {
    use super::Reciprocal;

    /// Checks every divisor on both sides of every step of the quotient.
    #[test]
    fn divides_exactly() {
        for quantisation in 1..=u16::MAX {
            let Reciprocal { half, multiplier, scale } = Reciprocal::new(quantisation);
            let divisor = u32::from(quantisation) * 8;
            let check = |value: u32| {
                let product = ((value + u32::from(half)) * u32::from(multiplier)) >> 16;
                let quotient = (product * u32::from(scale)) >> 16;
                assert_eq!(quotient, (value + divisor / 2) / divisor, "{value} / {divisor}");
            };
            for step in (divisor / 2..1 << 14).step_by(divisor as usize) {
                check(step - 1);
                check(step);
            }
            check((1 << 14) - 1);
        }
    }
}
