//! Scaling of 8-bit planes with Lanczos3: first along the columns, then along the rows.
//!
//! ```text
//!  source, u8            chunk, i16           transposed, i16               output, u8
//!  rows under 16         64 pixels by         all pixels by 16 rows, two    16 rows
//!  outputs' kernels ───▶ 16 rows         ───▶ of a channel in one line ───▶
//!                down a column         turned of the cache        along a row
//! ```
//!
//! The vertical pass treats all channels alike. The strip is then transposed, each channel separately, so that one
//! instruction works on 16 rows with the same weights. Channels are interleaved again when the output is stored.
//!
//! Numbers between the passes have 6 fraction bits, so that the output is rounded once: it is within one level of
//! the kernel in floating point.
//!
//! # Alpha
//! If a strip's rows are not all opaque, colours are multiplied with alpha while they are widened, exactly,
//! and divided by alpha in floating point before they become bytes. Between the passes these products have 15
//! bits, of which alpha's are the upper ones: a colour is within one level of the kernel where alpha is 8 or
//! more, and within three where it is 1.
//!
//! # Memory
//! In addition to the output: 32 bytes for each sample of a row that is read, 128 bytes for each row under the kernels of
//! 16 output rows, and the weights (12 bytes for each row and column that is read, and 40 for each of the output).

#[cfg(target_arch = "x86_64")]
mod avx2;
mod axis;
mod buffers;
mod kernels;
mod lines;
#[cfg(target_arch = "aarch64")]
mod neon;
mod passes;
mod scalar;
#[cfg(test)]
mod tests;

use axis::Axis;
use buffers::{CHUNK, Chunk, Pair, ROWS};
use kernels::Kernels;
use lines::Lines;
use passes::{Form, Side, Strip};
use safelight_core::{Rect, Result, Size, Stop, View};

/// The weights from one box to one size, for any number of planes.
#[derive(Debug)]
pub(crate) struct Scaling {
    readable: Rect,
    part: View,
    size: Size,
    across: Axis,
    down: Axis,
}

/// The channels of a pixel.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pixels {
    /// One channel.
    One,
    /// Two independent channels.
    Two,
    /// Three independent channels.
    Three,
    /// Four independent channels.
    Four,
    /// Grey with alpha.
    GreyAlpha,
    /// RGB with alpha.
    Rgba,
}

impl Pixels {
    /// Returns the kind for a plane of `channels`, the last of which may be alpha.
    pub(crate) fn new(channels: u8, has_alpha: bool) -> Option<Self> {
        Some(match (channels, has_alpha) {
            (1, _) => Self::One,
            (2, false) => Self::Two,
            (2, true) => Self::GreyAlpha,
            (3, _) => Self::Three,
            (4, false) => Self::Four,
            (4, true) => Self::Rgba,
            _ => return None,
        })
    }
}

impl Scaling {
    /// Computes weights that scale `part` to `size` and use only `readable`. Both are in pixels of a plane; pixel `n`
    /// extends from `n` to `n + 1`. `part` may be anywhere. If nothing is readable, the output is 0.
    pub(crate) fn new(readable: Rect, part: View, size: Size) -> Self {
        let axis = |count, start, (from, length), outputs| {
            Axis::new(count as usize, (from - f64::from(start), length), outputs as usize)
        };
        Self {
            readable,
            part,
            size,
            across: axis(readable.size.w, readable.x, (part.x, part.w), size.w),
            down: axis(readable.size.h, readable.y, (part.y, part.h), size.h),
        }
    }

    /// Returns whether [`Self::new`] gives the same weights for these arguments.
    pub(crate) fn is_of(&self, readable: Rect, part: View, size: Size) -> bool {
        (self.readable, self.part, self.size) == (readable, part, size)
    }

    /// Scales a plane of `width` pixels in a row, until `stop` is set.
    ///
    /// # Errors
    /// Those of [`Stop::check`].
    ///
    /// # Panics
    /// If the plane is smaller than the readable rectangle.
    pub(crate) fn apply(&self, source: &[u8], width: usize, pixels: Pixels, stop: &Stop) -> Result<Vec<u8>> {
        self.apply_with(Kernels::detect(), source, width, pixels, stop)
    }

    fn apply_with(
        &self,
        kernels: Kernels,
        source: &[u8],
        width: usize,
        pixels: Pixels,
        stop: &Stop,
    ) -> Result<Vec<u8>> {
        match pixels {
            Pixels::One => self.channels::<1>(kernels, source, width, false, stop),
            Pixels::Two => self.channels::<2>(kernels, source, width, false, stop),
            Pixels::Three => self.channels::<3>(kernels, source, width, false, stop),
            Pixels::Four => self.channels::<4>(kernels, source, width, false, stop),
            Pixels::GreyAlpha => self.channels::<2>(kernels, source, width, true, stop),
            Pixels::Rgba => self.channels::<4>(kernels, source, width, true, stop),
        }
    }

    /// Scales a plane of `N` channels.
    fn channels<const N: usize>(
        &self,
        kernels: Kernels,
        source: &[u8],
        width: usize,
        has_alpha: bool,
        stop: &Stop,
    ) -> Result<Vec<u8>> {
        let columns = self.size.w as usize;
        let mut out = vec![0; columns * self.size.h as usize * N];
        let Size { w, h } = self.readable.size;
        if out.is_empty() || w.min(h) == 0 {
            return Ok(out);
        }
        let lines = Lines::new(source, N, width, self.readable);
        let pairs = self.across.window(0..columns);
        let mut side = vec![[Pair::default(); N]; pairs.len().next_multiple_of(CHUNK / 2)];
        let mut chunk = Chunk::default();
        let mut window = Vec::new();
        let mut opaque_to = 0;
        for (index, rows) in out.chunks_mut(ROWS * columns * N).enumerate() {
            stop.check()?;
            let outputs = index * ROWS..index * ROWS + rows.len() / (columns * N);
            let under = self.down.window(outputs.clone());
            // Rows that were opaque for the previous strip are not tested again.
            let is_opaque = !has_alpha || lines.are_opaque(opaque_to.max(2 * under.start)..2 * under.end);
            if is_opaque {
                opaque_to = 2 * under.end;
            }
            let form = if is_opaque { Form::Plain } else { Form::Weighed };
            let strip = Strip { lines, axis: &self.down, outputs, form };
            for (turned, index) in side.as_chunks_mut().0.iter_mut().zip(0..) {
                let column = (2 * pairs.start + index * CHUNK) * N;
                if !strip.copy(column, &mut chunk) {
                    kernels.vertical(&strip, column, &mut window, &mut chunk);
                }
                kernels.transpose(&chunk, turned);
            }
            kernels.horizontal(&Side { pairs: &side, first: pairs.start, axis: &self.across, form }, rows);
        }
        Ok(out)
    }
}
