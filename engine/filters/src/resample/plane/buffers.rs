//! The buffers between the passes.

/// Rows that are scaled at a time.
pub(super) const ROWS: usize = 16;

/// Columns that are scaled down at a time.
pub(super) const CHUNK: usize = 64;

/// Fraction bits between the passes. A kernel overshoots by a third, so 9 bits remain for the integer part.
pub(super) const FRACTION_BITS: u32 = 6;

/// [`CHUNK`] pixels of `N` channels of [`ROWS`] rows after the vertical pass: shape `[row, N * CHUNK]`.
#[repr(align(64))]
pub(super) struct Chunk<const N: usize> {
    /// One row more than used, because kernels may read past the end of a row.
    pub(super) rows: [[[i16; CHUNK]; N]; ROWS + 1],
}

impl<const N: usize> Default for Chunk<N> {
    fn default() -> Self {
        Self { rows: [[[0; CHUNK]; N]; ROWS + 1] }
    }
}

/// Two neighbouring columns of one channel of [`ROWS`] rows: shape `[row, column]`.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
pub(super) struct Pair(pub(super) [[i16; 2]; ROWS]);

/// [`CHUNK`] transposed pixels: shape `[pair of columns, channel]`.
pub(super) type Turned<const N: usize> = [[Pair; N]; CHUNK / 2];

/// A row pair of a chunk, in the order that its kernel uses.
pub(super) type Wide = [[i16; 2]; CHUNK];
