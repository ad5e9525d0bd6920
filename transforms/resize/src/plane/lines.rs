//! The rows of a plane that may be read.

use super::kernels::{CHUNK, Chunk, FRACTION_BITS};
use safelight_core::Rect;
use std::ops::Range;

/// A rectangle of a plane: rows and columns count from its corner.
pub(super) struct Lines<'a> {
    /// From the first sample of the rectangle to its last.
    samples: &'a [u8],
    /// Samples from a row to the next.
    stride: usize,
    rows: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(plane: &'a [u8], stride: usize, readable: Rect) -> Self {
        let Rect { x, y, size } = readable;
        let (w, h) = (size.w as usize, size.h as usize);
        let from = y as usize * stride + x as usize;
        let samples = &plane[from..][..(h - 1) * stride + w];
        Self { samples, stride, rows: h }
    }

    /// Two rows from `column` on. Beyond the samples is 0, and beyond the last column or row is anything: no
    /// weight is on it.
    #[inline]
    pub(super) fn pair(&self, pair: usize, column: usize) -> [[u8; CHUNK]; 2] {
        let row = 2 * pair;
        [self.row(row, column), self.row((row + 1).min(self.rows - 1), column)]
    }

    /// The sample of each of two rows at `column`, to be fetched before it is wanted.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(super) fn ahead(&self, pair: usize, column: usize) -> impl Iterator<Item = &u8> {
        [2 * pair, 2 * pair + 1]
            .into_iter()
            .filter_map(move |row| self.samples.get(row * self.stride + column))
    }

    /// Rows as they are, as numbers with a fraction.
    pub(super) fn copy(&self, rows: Range<usize>, column: usize, chunk: &mut Chunk) {
        for (row, copy) in rows.zip(&mut chunk.0) {
            *copy = self.row(row, column).map(|sample| i16::from(sample) << FRACTION_BITS);
        }
    }

    #[inline]
    fn row(&self, row: usize, column: usize) -> [u8; CHUNK] {
        let rest = self.samples.get(row * self.stride + column..).unwrap_or_default();
        if let Some(row) = rest.first_chunk() {
            return *row;
        }
        let mut padded = [0; CHUNK];
        padded[..rest.len()].copy_from_slice(rest);
        padded
    }
}
