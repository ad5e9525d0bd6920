//! The coefficients of a component, between scans and before their inverse transform.

use super::layout::Part;
use super::retained::RetainedCoefficients;
use std::ops::Range;

/// The retained coefficients of a component, block by block.
#[derive(Debug, Default)]
pub(super) struct Coefficients {
    /// n × n values of each block, row by row.
    values: Vec<i16>,
    /// For each block, the nonzero coefficients, retained or not, as bits in zigzag order: refinement reads a
    /// bit for each of them. Empty if only the DC coefficients are retained, since scans of others are
    /// skipped then, or have no effect.
    set: Vec<u64>,
}

impl Coefficients {
    /// Returns coefficients of zero.
    pub(super) fn new(part: &Part) -> Self {
        let blocks = part.padded.0 * part.padded.1;
        Self { values: vec![0; blocks * part.n * part.n], set: vec![0; if part.n == 1 { 0 } else { blocks }] }
    }

    /// Returns the number of blocks at the start of `blocks` in which all of `coefficients`, a set of bits,
    /// are zero.
    pub(super) fn empty(&self, blocks: Range<usize>, coefficients: u64) -> usize {
        let count = blocks.len();
        self.set[blocks].iter().position(|set| set & coefficients != 0).unwrap_or(count)
    }

    /// Sets the DC coefficient of a block of n × n values.
    #[inline]
    pub(super) fn place_dc(&mut self, (block, n): (usize, usize), value: i16) {
        self.values[block * n * n] = value;
    }

    /// Adds a bit to the DC coefficient of a block of n × n values.
    #[inline]
    pub(super) fn refine_dc(&mut self, (block, n): (usize, usize), bit: i16) {
        self.values[block * n * n] |= bit;
    }

    /// Sets a coefficient in zigzag order. Damaged data has indexes above 63.
    #[inline]
    pub(super) fn place(&mut self, retained: &RetainedCoefficients, block: usize, k: usize, value: i16) {
        if k < 64 {
            if let Some(set) = self.set.get_mut(block) {
                *set |= 1 << k;
            }
            if let Some(at) = retained.index(block, k) {
                self.values[at] = value;
            }
        }
    }

    /// Adds a bit to the magnitude of a coefficient that is not zero.
    #[inline]
    pub(super) fn refine(&mut self, retained: &RetainedCoefficients, block: usize, k: usize, bit: i16) {
        if let Some(at) = retained.index(block, k) {
            let value = &mut self.values[at];
            if *value & bit == 0 {
                *value = value.wrapping_add(if 0 <= *value { bit } else { -bit });
            }
        }
    }

    /// Returns the nonzero coefficients of a block as bits in zigzag order.
    #[inline]
    pub(super) fn nonzero(&self, block: usize) -> u64 {
        self.set[block]
    }

    /// Transforms a row of blocks to samples. `inverse` writes the samples of a block: it gets the block in
    /// natural order, its last nonzero coefficient in zigzag order, and the place of its first sample.
    pub(super) fn transform<S>(
        &self,
        retained: &RetainedCoefficients,
        part: &Part,
        row: usize,
        out: &mut [S],
        inverse: impl Fn(&[i16; 64], usize, &mut [S]),
    ) {
        let (n, across) = (part.n, part.padded.0);
        let mut whole = [0; 64];
        for x in 0..across {
            let block = row * across + x;
            let last =
                self.set.get(block).map_or(0, |set| 63 - (set & retained.mask | 1).leading_zeros() as usize);
            let values = &self.values[block * n * n..][..n * n];
            for (row, values) in whole.chunks_exact_mut(8).zip(values.chunks_exact(n)) {
                row[..n].copy_from_slice(values);
            }
            inverse(&whole, last, &mut out[x * n..]);
        }
    }
}
