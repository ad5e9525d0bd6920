//! Baseline and extended sequential scans, decoded directly to samples (ITU-T T.81 F.2).

use super::ac::AcCodes;
use super::bits::Bits;
use super::huffman::DcCodes;
use super::retained::{RetainedCoefficients, Scratch};
use crate::dct::Inverse;
use std::ops::Range;

/// The maximum bytes of a block without stuffing: 64 codes of 16 bits (17 if the bits are no code) with
/// values of at most 15 bits, and the bytes that a refill reads ahead.
pub(super) const MAX_BLOCK_BYTES: usize = 64 * 4 + 8;

/// A component of a scan with its output.
#[derive(Debug)]
pub(super) struct Lane<'a> {
    pub(super) dc: &'a DcCodes,
    pub(super) ac: &'a AcCodes,
    pub(super) inverse: &'a Inverse,
    pub(super) retained: &'a RetainedCoefficients,
    /// Blocks across and down in an MCU.
    pub(super) factors: (usize, usize),
    /// Samples from one row to the next.
    pub(super) stride: usize,
    /// Samples of whole rows of MCUs.
    pub(super) samples: &'a mut [u8],
    /// The DC coefficient of the previous block.
    pub(super) prediction: i32,
}

impl Lane<'_> {
    /// Decodes the blocks of the MCU at `column` and `row`.
    #[inline]
    fn decode(&mut self, bits: &mut Bits<'_>, (column, row): (usize, usize), scratch: &mut Scratch) {
        let (h, v) = self.factors;
        for y in row * v..(row + 1) * v {
            for x in column * h..(column + 1) * h {
                self.prediction = self.prediction.wrapping_add(self.dc.read(bits));
                let block = scratch.block();
                *block = [0; 64];
                block[0] = self.prediction as i16;
                let last = self.ac.read(bits, self.retained, scratch);
                let at = (y * self.stride + x) * self.retained.n;
                self.inverse.block(scratch.block(), last, &mut self.samples[at..], self.stride);
            }
        }
    }

    /// Fills the blocks of an MCU with mid-grey, the value of blocks without coefficients.
    fn blank(&mut self, (column, row): (usize, usize)) {
        let ((h, v), n) = (self.factors, self.retained.n);
        for y in row * v * n..(row + 1) * v * n {
            self.samples[y * self.stride + column * h * n..][..h * n].fill(128);
        }
    }
}

/// Decodes the MCUs of `range`, `across` of them in a row, and returns the first that it did not decode.
///
/// With a `reserve`, more data may arrive, and decoding stops before an MCU with fewer bytes left than that.
/// Without one, the data is complete, and decoding stops after the MCU in which it ends.
pub(super) fn decode(
    bits: &mut Bits<'_>,
    lanes: &mut [Lane<'_>],
    across: usize,
    range: Range<usize>,
    reserve: Option<usize>,
) -> usize {
    let mut scratch = Scratch::new();
    let mut place = (range.start % across, range.start / across);
    // A copy without references stays in registers.
    let mut local = *bits;
    let mut at = range.start;
    while at < range.end && reserve.is_none_or(|bytes| local.has(bytes)) {
        for lane in &mut *lanes {
            lane.decode(&mut local, place, &mut scratch);
        }
        at += 1;
        place = if place.0 + 1 == across { (0, place.1 + 1) } else { (place.0 + 1, place.1) };
        if reserve.is_none() && local.is_overrun() {
            break;
        }
    }
    *bits = local;
    at
}

/// Fills MCUs with mid-grey, `across` of them in a row.
pub(super) fn blank(lanes: &mut [Lane<'_>], across: usize, range: Range<usize>) {
    for at in range {
        for lane in &mut *lanes {
            lane.blank((at % across, at / across));
        }
    }
}
