//! The choice between the two algorithms for a line.

use super::{recursive::Recursive, taps::Taps};

/// Number of lines that are filtered together, one lane each.
pub(crate) const LANES: usize = 16;

/// One sample point of each line.
pub(crate) type Lanes = [f32; LANES];

/// Sigma from which on the recursive filter, with 40 operations, is faster than a kernel of 8 taps on a side.
const RECURSIVE_FROM: f64 = 2.0;

/// A Gaussian along one axis.
#[derive(Debug)]
pub(crate) enum Filter {
    Taps(Taps),
    Recursive(Recursive),
}

impl Filter {
    /// Returns the filter for standard deviation `sigma`, in sample points.
    pub(crate) fn new(sigma: f64) -> Self {
        if sigma < RECURSIVE_FROM {
            Self::Taps(Taps::new(sigma))
        } else {
            Self::Recursive(Recursive::new(sigma))
        }
    }

    /// Filters the lines of `input` into `output`, which has the same length. Equal samples stay
    /// bit-identical.
    pub(crate) fn run(&self, input: &[Lanes], output: &mut [Lanes]) {
        match self {
            Self::Taps(taps) => taps.run(input, output),
            Self::Recursive(recursive) => recursive.run(input, output),
        }
    }
}
