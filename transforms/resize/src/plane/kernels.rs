//! The inner loops, on what this machine has. All give the same bytes.

use super::{axis::Axis, lines::Lines, scalar};
use std::ops::Range;

/// Rows that are scaled at a time.
pub(super) const ROWS: usize = 16;

/// Columns that are scaled down at a time.
pub(super) const CHUNK: usize = 64;

/// Bits of fraction between the passes. A kernel overshoots by a third, so 9 bits are left for the number.
pub(super) const FRACTION_BITS: u32 = 6;

/// Some columns of [`ROWS`] rows that are scaled down: shape `[row, column]`.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Chunk(pub(super) [[i16; CHUNK]; ROWS]);

impl Default for Chunk {
    fn default() -> Self {
        Self([[0; CHUNK]; ROWS])
    }
}

/// Two neighbouring columns of [`ROWS`] rows: shape `[row, column]`.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
pub(super) struct Pair(pub(super) [[i16; 2]; ROWS]);

/// A row pair of a chunk, in the order that its kernel wants.
pub(super) type Wide = [[i16; 2]; CHUNK];

/// Which kernels run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kernels {
    /// In plain Rust: the meaning of the others.
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2(super::avx2::Avx2),
    #[cfg(target_arch = "aarch64")]
    Neon(super::neon::Neon),
}

impl Kernels {
    pub(super) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = super::avx2::Avx2::detect() {
            return Self::Avx2(avx2);
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(neon) = super::neon::Neon::detect() {
            return Self::Neon(neon);
        }
        Self::Scalar
    }

    /// Scales some columns down to some outputs of `axis`. `window` is only memory.
    pub(super) fn down(
        self,
        lines: &Lines<'_>,
        column: usize,
        axis: &Axis,
        outputs: Range<usize>,
        window: &mut Vec<Wide>,
        chunk: &mut Chunk,
    ) {
        match self {
            Self::Scalar => scalar::down(lines, column, axis, outputs, window, chunk),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.down(lines, column, axis, outputs, window, chunk),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(neon) => neon.down(lines, column, axis, outputs, window, chunk),
        }
    }

    /// Turns a chunk onto its side.
    pub(super) fn turn(self, chunk: &Chunk, pairs: &mut [Pair; CHUNK / 2]) {
        match self {
            Self::Scalar => scalar::turn(chunk, pairs),
            // Moves alone, which the compiler makes as well.
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => scalar::turn(chunk, pairs),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.turn(chunk, pairs),
        }
    }

    /// Scales rows along. The strip starts with column pair `first`; the answer is of up to [`ROWS`] rows.
    pub(super) fn across(self, strip: &[Pair], first: usize, axis: &Axis, answer: &mut [u8]) {
        match self {
            Self::Scalar => scalar::across(strip, first, axis, answer),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.across(strip, first, axis, answer),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(neon) => neon.across(strip, first, axis, answer),
        }
    }
}
