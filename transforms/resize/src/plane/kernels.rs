//! The inner loops for the processor's instruction set. All give identical bytes.

use super::{
    axis::{Axis, WEIGHT_BITS},
    lines::Lines,
    scalar,
};
use std::ops::Range;

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

/// The representation of samples in and between the passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Unchanged, with [`FRACTION_BITS`] between the passes.
    Plain,
    /// Multiplied with the last channel, alpha, which itself is multiplied with 255. 32 768 is subtracted from the
    /// products so that they fit 16 signed bits, and between the passes they are halved. As weights sum to one,
    /// adding the offset to a sum restores it.
    Weighed,
}

impl Form {
    /// Bits by which a weighted sum is shifted between the passes.
    pub(super) const fn down_shift(self) -> u32 {
        match self {
            Self::Plain => WEIGHT_BITS - FRACTION_BITS,
            Self::Weighed => WEIGHT_BITS + 1,
        }
    }

    /// Initial value of a weighted sum between the passes: the offset, or half a unit for rounding.
    pub(super) const fn across_start(self) -> i32 {
        match self {
            Self::Plain => 1 << (ACROSS_SHIFT - 1),
            Self::Weighed => 1 << (14 + WEIGHT_BITS),
        }
    }
}

/// Bits by which a weighted sum of plain samples is shifted to a byte after the second pass.
pub(super) const ACROSS_SHIFT: u32 = WEIGHT_BITS + FRACTION_BITS;

/// The value of a sum of premultiplied samples for one level of alpha.
pub(super) const ALPHA_LEVEL: f32 = 127.5 * (1 << WEIGHT_BITS) as f32;

/// Input of the vertical pass.
pub(super) struct Strip<'a> {
    pub(super) lines: Lines<'a>,
    pub(super) axis: &'a Axis,
    pub(super) outputs: Range<usize>,
    pub(super) form: Form,
}

impl Strip<'_> {
    /// Copies [`CHUNK`] pixels from sample `column` on, if the pass changes nothing.
    pub(super) fn copy<const N: usize>(&self, column: usize, chunk: &mut Chunk<N>) -> bool {
        let Some(first) = self.axis.copies_from.filter(|_| self.form == Form::Plain) else { return false };
        for (output, row) in self.outputs.clone().zip(&mut chunk.rows) {
            for (part, copy) in row.iter_mut().enumerate() {
                *copy = self.lines.copy(first + output, column + part * CHUNK);
            }
        }
        true
    }
}

/// Input of the horizontal pass.
pub(super) struct Side<'a, const N: usize> {
    /// Shape `[pair of columns, channel]`.
    pub(super) pairs: &'a [[Pair; N]],
    /// The number of the first of these pairs.
    pub(super) first: usize,
    pub(super) axis: &'a Axis,
    pub(super) form: Form,
}

impl<'a, const N: usize> Side<'a, N> {
    /// Returns the pairs for an output, and their weights.
    #[inline]
    pub(super) fn taps(&self, output: usize) -> impl Iterator<Item = (&'a [Pair; N], &'a [i16; 2])> {
        self.pairs[self.axis.starts[output] as usize - self.first..].iter().zip(self.axis.weights(output))
    }
}

/// The kernels in use.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kernels {
    /// Plain Rust; defines the results of the others.
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

    /// Scales [`CHUNK`] pixels from sample `column` on vertically. `window` is scratch memory.
    pub(super) fn vertical<const N: usize>(
        self,
        strip: &Strip<'_>,
        column: usize,
        window: &mut Vec<Wide>,
        chunk: &mut Chunk<N>,
    ) {
        match self {
            Self::Scalar => scalar::vertical(strip, column, window, chunk),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.vertical(strip, column, window, chunk),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(neon) => neon.vertical(strip, column, window, chunk),
        }
    }

    /// Transposes a chunk, each channel separately.
    pub(super) fn transpose<const N: usize>(self, chunk: &Chunk<N>, turned: &mut Turned<N>) {
        match self {
            Self::Scalar => scalar::transpose(chunk, turned),
            // These only move bytes, for which the compiler's code is as fast.
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => scalar::transpose(chunk, turned),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.transpose(chunk, turned),
        }
    }

    /// Scales rows horizontally: up to [`ROWS`] of the output.
    pub(super) fn horizontal<const N: usize>(self, side: &Side<'_, N>, out: &mut [u8]) {
        match self {
            Self::Scalar => scalar::horizontal(side, out),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.horizontal(side, out),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(neon) => neon.horizontal(side, out),
        }
    }
}
