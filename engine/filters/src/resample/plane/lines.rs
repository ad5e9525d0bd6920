//! The readable rows of a plane.

use super::buffers::{CHUNK, FRACTION_BITS};
use safelight_core::Rect;
use std::ops::Range;

/// A rectangle of a plane: rows and columns are numbered from its corner, and a column is one sample of one
/// channel.
#[derive(Clone, Copy)]
pub(super) struct Lines<'a> {
    /// The samples from the first to the last of the rectangle.
    samples: &'a [u8],
    /// Samples for each pixel.
    channels: usize,
    /// Distance between rows, in samples.
    stride: usize,
    /// Samples of a row.
    width: usize,
    rows: usize,
}

impl<'a> Lines<'a> {
    /// `readable` and `width` are in pixels.
    pub(super) fn new(plane: &'a [u8], channels: usize, width: usize, readable: Rect) -> Self {
        let Rect { x, y, size } = readable;
        let (stride, width, rows) = (width * channels, size.w as usize * channels, size.h as usize);
        let from = y as usize * stride + x as usize * channels;
        let samples = &plane[from..][..(rows - 1) * stride + width];
        Self { samples, channels, stride, width, rows }
    }

    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    /// Returns whether alpha, the last channel, is 255 in a range of rows. Rows past the last are ignored.
    pub(super) fn are_opaque(&self, rows: Range<usize>) -> bool {
        let mut rows = self.samples.chunks(self.stride).take(rows.end).skip(rows.start);
        rows.all(|row| {
            // All channels are tested, which takes no more time because a register has many columns.
            let mut all = [u8::MAX; CHUNK];
            let (chunks, rest) = row[..self.width].as_chunks::<CHUNK>();
            for chunk in chunks {
                for (all, sample) in all.iter_mut().zip(chunk) {
                    *all &= sample;
                }
            }
            let is_opaque = |samples: &[u8]| {
                samples.chunks_exact(self.channels).all(|pixel| pixel.last() == Some(&u8::MAX))
            };
            is_opaque(&all) && is_opaque(rest)
        })
    }

    /// Returns two rows from `column` on. Beyond the samples they are 0, beyond the last column or row they are
    /// unspecified, since weights there are 0.
    #[inline]
    pub(super) fn pair(&self, pair: usize, column: usize) -> [[u8; CHUNK]; 2] {
        let row = 2 * pair;
        [self.row(row, column), self.row((row + 1).min(self.rows - 1), column)]
    }

    /// Returns the sample of each of two rows at `column`, to be prefetched.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(super) fn ahead(&self, pair: usize, column: usize) -> impl Iterator<Item = &u8> {
        [2 * pair, 2 * pair + 1]
            .into_iter()
            .filter_map(move |row| self.samples.get(row * self.stride + column))
    }

    /// Widens an unchanged row to numbers with a fraction.
    pub(super) fn copy(&self, row: usize, column: usize) -> [i16; CHUNK] {
        self.row(row, column).map(|sample| i16::from(sample) << FRACTION_BITS)
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
