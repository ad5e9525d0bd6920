//! The inner loops, on what this machine has. All give the same bytes.

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

/// Bits of fraction between the passes. A kernel overshoots by a third, so 9 bits are left for the number.
pub(super) const FRACTION_BITS: u32 = 6;

/// [`CHUNK`] pixels of `N` channels of [`ROWS`] rows that are scaled down: shape `[row, N * CHUNK]`.
#[repr(align(64))]
pub(super) struct Chunk<const N: usize> {
    /// One more than there are: kernels that read a few samples at a time may read past the end of a row.
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

/// [`CHUNK`] pixels on their side: shape `[pair of columns, channel]`.
pub(super) type Turned<const N: usize> = [[Pair; N]; CHUNK / 2];

/// A row pair of a chunk, in the order that its kernel wants.
pub(super) type Wide = [[i16; 2]; CHUNK];

/// How samples stand for colours on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As they are, with [`FRACTION_BITS`] between the passes.
    Plain,
    /// Multiplied with the last channel, alpha, which itself is multiplied with 255. 32 768 is taken off these
    /// products so that they are numbers of 16 bits, and between the passes they are half of that. As weights
    /// sum to one, what is taken off is put back by adding it to a sum.
    Weighed,
}

impl Form {
    /// Bits that a weighed sum of samples loses on its way between the passes.
    pub(super) const fn down_shift(self) -> u32 {
        match self {
            Self::Plain => WEIGHT_BITS - FRACTION_BITS,
            Self::Weighed => WEIGHT_BITS + 1,
        }
    }

    /// What a weighed sum starts with between the passes: what was taken off, or what makes it round.
    pub(super) const fn across_start(self) -> i32 {
        match self {
            Self::Plain => 1 << (ACROSS_SHIFT - 1),
            Self::Weighed => 1 << (14 + WEIGHT_BITS),
        }
    }
}

/// Bits that a weighed sum of plain samples loses on its way from between the passes to a byte.
pub(super) const ACROSS_SHIFT: u32 = WEIGHT_BITS + FRACTION_BITS;

/// What such a sum of weighed samples is for each level of alpha.
pub(super) const ALPHA_LEVEL: f32 = 127.5 * (1 << WEIGHT_BITS) as f32;

/// Some rows to be scaled down.
pub(super) struct Strip<'a> {
    pub(super) lines: Lines<'a>,
    pub(super) axis: &'a Axis,
    pub(super) outputs: Range<usize>,
    pub(super) form: Form,
}

impl Strip<'_> {
    /// Copies [`CHUNK`] pixels from sample `column` on, if that is all there is to do.
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

/// Rows that were scaled down, to be scaled along.
pub(super) struct Side<'a, const N: usize> {
    /// Shape `[pair of columns, channel]`.
    pub(super) pairs: &'a [[Pair; N]],
    /// The number of the first of these pairs.
    pub(super) first: usize,
    pub(super) axis: &'a Axis,
    pub(super) form: Form,
}

impl<'a, const N: usize> Side<'a, N> {
    /// What an output is made of: pairs, and the weights for each.
    #[inline]
    pub(super) fn taps(&self, output: usize) -> impl Iterator<Item = (&'a [Pair; N], &'a [i16; 2])> {
        self.pairs[self.axis.starts[output] as usize - self.first..].iter().zip(self.axis.weights(output))
    }
}

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

    /// Scales [`CHUNK`] pixels from sample `column` on down. `window` is only memory.
    pub(super) fn down<const N: usize>(
        self,
        strip: &Strip<'_>,
        column: usize,
        window: &mut Vec<Wide>,
        chunk: &mut Chunk<N>,
    ) {
        match self {
            Self::Scalar => scalar::down(strip, column, window, chunk),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.down(strip, column, window, chunk),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(neon) => neon.down(strip, column, window, chunk),
        }
    }

    /// Turns a chunk onto its side, each channel for itself.
    pub(super) fn turn<const N: usize>(self, chunk: &Chunk<N>, turned: &mut Turned<N>) {
        match self {
            Self::Scalar => scalar::turn(chunk, turned),
            // Moves alone, which the compiler makes as well.
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => scalar::turn(chunk, turned),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.turn(chunk, turned),
        }
    }

    /// Scales rows along: up to [`ROWS`] of the answer.
    pub(super) fn across<const N: usize>(self, side: &Side<'_, N>, answer: &mut [u8]) {
        match self {
            Self::Scalar => scalar::across(side, answer),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.across(side, answer),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(neon) => neon.across(side, answer),
        }
    }
}
