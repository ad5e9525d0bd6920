//! The choice between the two ways to convolve a line with a Gaussian.

use super::{recursive::Recursive, taps::Taps};

/// Lines that are filtered side by side, one lane each.
pub(crate) const LANES: usize = 16;

/// One sample point of each line.
pub(crate) type Lanes = [f32; LANES];

/// From here on the recursive filter takes fewer operations than the kernel: 40 against 8 taps.
const RECURSIVE_FROM: f64 = 2.0;

/// A Gaussian along one axis.
#[derive(Debug)]
pub(crate) enum Filter {
    Taps(Taps),
    Recursive(Recursive),
}

impl Filter {
    /// A Gaussian of standard deviation `sigma`, in sample points.
    pub(crate) fn new(sigma: f64) -> Self {
        if sigma < RECURSIVE_FROM {
            Self::Taps(Taps::new(sigma))
        } else {
            Self::Recursive(Recursive::new(sigma))
        }
    }

    /// Filters the lines of `input` into `output`, which is as long. Equal samples stay as they are, to
    /// the bit.
    pub(crate) fn run(&self, input: &[Lanes], output: &mut [Lanes]) {
        match self {
            Self::Taps(taps) => taps.run(input, output),
            Self::Recursive(recursive) => recursive.run(input, output),
        }
    }
}
