//! Planes of one channel of bytes at another size: Lanczos3, first down the columns, then along the rows.
//!
//! ```text
//!  source, u8            chunk, i16           strip, i16                    answer, u8
//!  rows under 16         64 columns by        all columns by 16 rows,       16 rows
//!  answers' kernels ───▶ 16 rows         ───▶ two columns in one line ───▶
//!                down a column         turned of the cache        along a row
//! ```
//!
//! Between the passes are 6 bits of fraction, so that the answer is rounded once: it is within one level of
//! the kernel in floating point. The strip stands on its side, so that one instruction works on 16 rows that
//! all want the same weights.
//!
//! # Memory
//! Beside the answer: 32 bytes for each column that is read, 128 bytes for each row under the kernels of 16
//! rows of the answer, and the weights (12 bytes for each row and column that is read, and 40 for each of the
//! answer).

#[cfg(target_arch = "x86_64")]
mod avx2;
mod axis;
mod kernels;
mod lines;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(test)]
mod tests;

use axis::Axis;
use kernels::{CHUNK, Chunk, Kernels, Pair, ROWS};
use lines::Lines;
use safelight_core::{Rect, Size, View};

/// Scales a part of a plane of one channel.
///
/// Shape `[source_size.h, source_size.w]`; `readable` lies on it, and `part` may be anywhere: both are in
/// samples, and sample `n` reaches from `n` to `n + 1`.
pub(crate) fn resize_plane(
    source: &[u8],
    source_size: Size,
    readable: Rect,
    part: View,
    size: Size,
) -> Vec<u8> {
    Scaling::new(readable, part, size).apply(source, source_size.w as usize)
}

/// The weights from one box to one size, for any number of planes.
#[derive(Debug)]
pub(crate) struct Scaling {
    readable: Rect,
    size: Size,
    across: Axis,
    down: Axis,
}

impl Scaling {
    /// Weights that scale `part` to `size` and use `readable` alone. Where nothing may be read the
    /// answer is 0.
    pub(crate) fn new(readable: Rect, part: View, size: Size) -> Self {
        let axis = |count, start, (from, length), outputs| {
            Axis::new(count as usize, (from - f64::from(start), length), outputs as usize)
        };
        Self {
            readable,
            size,
            across: axis(readable.size.w, readable.x, (part.x, part.w), size.w),
            down: axis(readable.size.h, readable.y, (part.y, part.h), size.h),
        }
    }

    /// Scales a plane of `width` columns.
    ///
    /// # Panics
    /// If the plane is smaller than the rectangle that may be read.
    pub(crate) fn apply(&self, source: &[u8], width: usize) -> Vec<u8> {
        self.apply_with(Kernels::detect(), source, width)
    }

    fn apply_with(&self, kernels: Kernels, source: &[u8], width: usize) -> Vec<u8> {
        let columns = self.size.w as usize;
        let mut answer = vec![0; columns * self.size.h as usize];
        let Size { w, h } = self.readable.size;
        if answer.is_empty() || w.min(h) == 0 {
            return answer;
        }
        let lines = Lines::new(source, width, self.readable);
        let pairs = self.across.window(0..columns);
        let mut strip = vec![Pair::default(); pairs.len().next_multiple_of(CHUNK / 2)];
        let mut chunk = Chunk::default();
        let mut window = Vec::new();
        for (index, rows) in answer.chunks_mut(ROWS * columns).enumerate() {
            let outputs = index * ROWS..index * ROWS + rows.len() / columns;
            for (turned, index) in strip.as_chunks_mut().0.iter_mut().zip(0..) {
                let column = 2 * pairs.start + index * CHUNK;
                match self.down.copies_from {
                    Some(first) => lines.copy(first + outputs.start..first + outputs.end, column, &mut chunk),
                    None => {
                        kernels.down(&lines, column, &self.down, outputs.clone(), &mut window, &mut chunk);
                    }
                }
                kernels.turn(&chunk, turned);
            }
            kernels.across(&strip, pairs.start, &self.across, rows);
        }
        answer
    }
}
