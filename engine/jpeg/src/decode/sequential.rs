//! Scans of whole coefficients, decoded straight to samples: baseline and extended (ITU-T T.81 F.2).

use super::ac::AcCodes;
use super::bits::Bits;
use super::huffman::DcCodes;
use super::kept::{Kept, Scratch};
use crate::dct::Inverse;
use std::ops::Range;

/// Most bytes of a block without stuffing: 64 codes of 16 bits (17, if there is no such code) with values of
/// at most 15 bits, and what a refill reads ahead.
pub(super) const MOST_BLOCK_BYTES: usize = 64 * 4 + 8;

/// A component of a scan, and where its samples go.
#[derive(Debug)]
pub(super) struct Lane<'a> {
    pub(super) dc: &'a DcCodes,
    pub(super) ac: &'a AcCodes,
    pub(super) inverse: &'a Inverse,
    pub(super) kept: &'a Kept,
    /// Blocks across and down in an MCU.
    pub(super) factors: (usize, usize),
    /// Samples from one row to the next.
    pub(super) stride: usize,
    /// Whole rows of MCUs.
    pub(super) samples: &'a mut [u8],
    pub(super) prediction: i32,
}

impl Lane<'_> {
    /// Decodes the blocks of an MCU, `column` and `row` of them.
    #[inline]
    fn decode(&mut self, bits: &mut Bits<'_>, (column, row): (usize, usize), scratch: &mut Scratch) {
        let (h, v) = self.factors;
        for y in row * v..(row + 1) * v {
            for x in column * h..(column + 1) * h {
                self.prediction = self.prediction.wrapping_add(self.dc.read(bits));
                let block = scratch.block();
                *block = [0; 64];
                block[0] = self.prediction as i16;
                let last = self.ac.read(bits, self.kept, scratch);
                let at = (y * self.stride + x) * self.kept.n;
                self.inverse.block(scratch.block(), last, &mut self.samples[at..], self.stride);
            }
        }
    }

    /// Makes the blocks of an MCU mid-grey, as blocks without coefficients are.
    fn blank(&mut self, (column, row): (usize, usize)) {
        let ((h, v), n) = (self.factors, self.kept.n);
        for y in row * v * n..(row + 1) * v * n {
            self.samples[y * self.stride + column * h * n..][..h * n].fill(128);
        }
    }
}

/// Decodes MCUs, `across` of them a row, and gives the first that is not decoded.
///
/// That is one for which fewer than `reserve` bytes are there while more may come in, or the one behind the
/// last that was begun before the bits were used up.
pub(super) fn decode(
    bits: &mut Bits<'_>,
    lanes: &mut [Lane<'_>],
    across: usize,
    range: Range<usize>,
    reserve: Option<usize>,
) -> usize {
    let mut scratch = Scratch::new();
    let mut place = (range.start % across, range.start / across);
    // A copy whose address nobody takes lives in registers.
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

/// Makes MCUs mid-grey, `across` of them a row.
pub(super) fn blank(lanes: &mut [Lane<'_>], across: usize, range: Range<usize>) {
    for at in range {
        for lane in &mut *lanes {
            lane.blank((at % across, at / across));
        }
    }
}
