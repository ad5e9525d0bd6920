//! A generator of test data, the same in each run.

/// Marsaglia's xorshift generator of 64 bits.
pub(crate) struct Random(u64);

impl Random {
    /// Returns a generator; different seeds give different numbers.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Returns 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Returns a number in 0..`end`.
    pub(crate) fn below(&mut self, end: isize) -> isize {
        ((self.bits() >> 33) as usize).cast_signed() % end
    }
}
