//! Samples as numbers from 0 to 1 and as indices of tables.

/// A sample of 8 or 16 bits.
pub(crate) trait Sample: Copy + Default {
    /// The largest value.
    const MAX: u16;

    fn index(self) -> usize;

    /// Returns the sample of an index, which is at most [`Sample::MAX`].
    fn of(index: usize) -> Self;

    /// Returns the sample for a value from 0 to its maximum, rounded and limited to this range.
    fn rounded(value: f32) -> Self;

    /// Returns the sample for a value from 0 to 1, rounded and limited to this range.
    fn from_unit(value: f64) -> Self;

    /// Returns the value, from 0 to 1, of each sample in order.
    fn levels() -> impl Iterator<Item = f64> {
        (0..=Self::MAX).map(|sample| f64::from(sample) / f64::from(Self::MAX))
    }
}

impl Sample for u8 {
    const MAX: u16 = 255;

    fn index(self) -> usize {
        self.into()
    }

    fn of(index: usize) -> Self {
        index as Self
    }

    fn rounded(value: f32) -> Self {
        (value + 0.5) as Self
    }

    fn from_unit(value: f64) -> Self {
        (value * 255.0).round() as Self
    }
}

impl Sample for u16 {
    const MAX: u16 = 65_535;

    fn index(self) -> usize {
        self.into()
    }

    fn of(index: usize) -> Self {
        index as Self
    }

    fn rounded(value: f32) -> Self {
        (value + 0.5) as Self
    }

    fn from_unit(value: f64) -> Self {
        (value * 65_535.0).round() as Self
    }
}
