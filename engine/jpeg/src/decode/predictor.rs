//! The predictors of lossless coding (ITU-T T.81 table H.1).

/// The rule that predicts a sample from its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Predictor(u8);

impl Default for Predictor {
    /// Returns the one that repeats the sample to the left.
    fn default() -> Self {
        Self(1)
    }
}

impl Predictor {
    /// Returns the predictor of a number, 1 to 7.
    pub(super) fn new(number: u8) -> Option<Self> {
        (1..=7).contains(&number).then_some(Self(number))
    }

    /// Predicts a sample from those to its left, above it, and to the left of the latter.
    #[inline]
    pub(super) fn predict(self, [left, above, before]: [i32; 3]) -> i32 {
        match self.0 {
            1 => left,
            2 => above,
            3 => before,
            4 => left + above - before,
            5 => left + ((above - before) >> 1),
            6 => above + ((left - before) >> 1),
            _ => (left + above) >> 1,
        }
    }
}
