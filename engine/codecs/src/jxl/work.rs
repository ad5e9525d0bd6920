//! A bound on the work of the decoder, which also looks whether to stop.

use jxl::api::{JxlParallelRunner, JxlParallelRunnerFun};
use jxl::error::Error as JxlError;
use safelight_core::{Error, Limits, Size, Stop};

/// Runs the pieces of a frame, of at most 2048 × 2048 and mostly of 256 × 256 pixels, one after the other on this thread.
///
/// A few bytes can code a frame of any size that is not shown, so neither the length of a source nor the frames that it
/// shows bound the work.
pub(super) struct Work<'a> {
    stop: &'a Stop,
    /// Pieces that may still be run.
    left: u64,
    /// The reason to stop, once there is one.
    pub(super) stopped: Option<Error>,
}

impl<'a> Work<'a> {
    /// A bound for `frames` frames of `size`, with those that they are drawn on, each in several passes.
    pub(super) fn new(size: Size, frames: u32, stop: &'a Stop) -> Self {
        const PIECE_PIXELS: u64 = 256 * 256;
        /// Passes of a progressive file, and other frames for each that is shown.
        const FACTOR: u64 = 64;
        let pieces = (size.pixels() / PIECE_PIXELS + 4).saturating_mul(FACTOR);
        Self { stop, left: pieces.saturating_mul(u64::from(frames) + 3), stopped: None }
    }

    /// A bound for the header, and for frames that are counted.
    pub(super) fn of_header(size: Size, limits: &Limits, stop: &'a Stop) -> Self {
        Self::new(size, limits.max_frames / 64, stop)
    }

    fn check(&mut self) -> Result<(), JxlError> {
        if let Err(error) = self.stop.check() {
            self.stopped = Some(error);
        }
        match self.left.checked_sub(1) {
            Some(left) if self.stopped.is_none() => {
                self.left = left;
                Ok(())
            }
            _ => Err(JxlError::ApiUsageError("too many pieces for the frames")),
        }
    }
}

impl JxlParallelRunner for Work<'_> {
    fn run(&mut self, num: usize, fun: &JxlParallelRunnerFun<'_>) -> Result<(), JxlError> {
        for piece in 0..num {
            self.check()?;
            fun(piece)?;
        }
        Ok(())
    }

    fn num_threads(&self) -> usize {
        1
    }

    fn run_ordered(
        &mut self,
        num: usize,
        _max_threads: Option<usize>,
        fun: &JxlParallelRunnerFun<'_>,
    ) -> Result<(), JxlError> {
        self.run(num, fun)
    }
}
