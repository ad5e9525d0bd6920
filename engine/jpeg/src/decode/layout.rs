//! The sizes of components in blocks, samples and bytes.

use super::Scales;
use super::entropy::MAX_BATCH_BYTES;
use super::header::{Coding, Header};

/// The blocks of a frame (ITU-T T.81 A.1.1 and A.2).
#[derive(Debug)]
pub(super) struct Layout {
    /// MCUs across and down in a scan of all components.
    pub(super) mcus: (usize, usize),
    pub(super) parts: Vec<Part>,
    buffers_coefficients: bool,
    sample_bytes: usize,
}

/// The blocks of a component.
#[derive(Debug)]
pub(super) struct Part {
    /// Width and height of a decoded block in samples, 1 to 8.
    pub(super) n: usize,
    /// Blocks across and down in an MCU.
    pub(super) factors: (usize, usize),
    /// Blocks across and down that intersect the image.
    pub(super) blocks: (usize, usize),
    /// Blocks across and down in whole MCUs.
    pub(super) padded: (usize, usize),
    /// Source pixels for each sample: columns, rows.
    pub(super) step: (f64, f64),
}

impl Layout {
    /// Computes the layout of a frame that is decoded at `scales`. Lossless files, whose blocks are single
    /// samples (A.2), have only one.
    pub(super) fn new(header: &Header, scales: Scales) -> Self {
        let size = (header.width as usize, header.height as usize);
        let factors = |it: &super::header::Sampling| (usize::from(it.h), usize::from(it.v));
        let largest = header.components.iter().map(factors).fold((1, 1), |a, b| (a.0.max(b.0), a.1.max(b.1)));
        let is_lossless = header.coding == Coding::Lossless;
        let block_side = if is_lossless { 1 } else { 8 };
        let mcus = (size.0.div_ceil(block_side * largest.0), size.1.div_ceil(block_side * largest.1));
        let part = |(index, sampling)| {
            let n = if is_lossless { 1 } else { scales.eighths(index) };
            let factors = factors(sampling);
            let step = |largest: usize, factor: usize| (largest * block_side) as f64 / (factor * n) as f64;
            Part {
                n,
                factors,
                blocks: (
                    (size.0 * factors.0).div_ceil(block_side * largest.0),
                    (size.1 * factors.1).div_ceil(block_side * largest.1),
                ),
                padded: (mcus.0 * factors.0, mcus.1 * factors.1),
                step: (step(largest.0, factors.0), step(largest.1, factors.1)),
            }
        };
        Self {
            mcus,
            parts: header.components.iter().enumerate().map(part).collect(),
            buffers_coefficients: header.buffers_coefficients(),
            sample_bytes: if header.is_wide() { 2 } else { 1 },
        }
    }

    /// Returns the bytes of [`Header::memory`], without the profile.
    pub(super) fn memory(&self, is_parallel: bool) -> u64 {
        let planes = self.sample_bytes * self.parts.iter().map(Part::samples).sum::<usize>();
        let coefficients: usize =
            self.parts.iter().map(|it| it.padded.0 * it.padded.1 * it.block_bytes()).sum();
        let coefficients = if self.buffers_coefficients { coefficients } else { 0 };
        let batch = if is_parallel { MAX_BATCH_BYTES } else { 0 };
        // Twice, since vectors grow by doubling. The last term covers tables, segments and the data of some
        // MCUs.
        (planes + coefficients + 2 * batch + (1 << 20)) as u64
    }
}

impl Part {
    /// Returns the samples from one row to the next.
    pub(super) fn stride(&self) -> usize {
        self.padded.0 * self.n
    }

    /// Returns the samples of the plane.
    pub(super) fn samples(&self) -> usize {
        self.stride() * self.padded.1 * self.n
    }

    /// Returns the bytes that a block occupies between the scans of a file that buffers coefficients.
    fn block_bytes(&self) -> usize {
        2 * self.n * self.n + if self.n == 1 { 0 } else { 8 }
    }
}
