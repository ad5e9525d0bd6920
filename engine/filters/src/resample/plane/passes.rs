//! The inputs of the vertical and the horizontal pass.

use super::{
    axis::{Axis, WEIGHT_BITS},
    buffers::{CHUNK, Chunk, FRACTION_BITS, Pair},
    lines::Lines,
};
use std::ops::Range;

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
