//! Scans that add to coefficients: progressive (ITU-T T.81 annex G).

use super::bits::Bits;
use super::huffman::{Codes, DcCodes};
use super::kept::Kept;
use super::layout::Part;
use crate::dct::Inverse;
use std::ops::Range;

/// The coefficients of a component that are kept, block by block.
#[derive(Debug, Default)]
pub(super) struct Coefficients {
    /// n×n of each block, row by row.
    values: Vec<i16>,
    /// For each block, which coefficients of the zigzag sequence are not zero, kept or not: refinement reads a
    /// bit for each of them. Empty where only the first is kept, as then no scan with others is looked at.
    set: Vec<u64>,
}

/// What an AC scan does to the blocks of a component.
#[derive(Debug)]
pub(super) struct Band<'a> {
    pub(super) codes: &'a Codes,
    pub(super) kept: &'a Kept,
    /// First and last coefficient, in zigzag order.
    pub(super) range: (usize, usize),
    /// Bits that are still left out.
    pub(super) shift: u32,
}

impl Coefficients {
    pub(super) fn new(part: &Part) -> Self {
        let blocks = part.padded.0 * part.padded.1;
        Self { values: vec![0; blocks * part.n * part.n], set: vec![0; if part.n == 1 { 0 } else { blocks }] }
    }

    /// Reads the first bits of a block's DC coefficient (G.1.2.1).
    #[inline]
    pub(super) fn begin_dc(
        &mut self,
        bits: &mut Bits<'_>,
        codes: &DcCodes,
        prediction: &mut i32,
        shift: u32,
        (block, n): (usize, usize),
    ) {
        *prediction = prediction.wrapping_add(codes.read(bits));
        self.values[block * n * n] = (*prediction << shift) as i16;
    }

    /// Reads another bit of a block's DC coefficient.
    #[inline]
    pub(super) fn refine_dc(&mut self, bits: &mut Bits<'_>, shift: u32, (block, n): (usize, usize)) {
        self.values[block * n * n] |= (bits.take(1) << shift) as i16;
    }

    /// Reads the first bits of a block's AC coefficients (G.1.2.2). Gives how many blocks behind have none.
    pub(super) fn begin(&mut self, bits: &mut Bits<'_>, band: &Band<'_>, block: usize) -> u32 {
        let (mut k, last) = band.range;
        while k <= last {
            let symbol = band.codes.read(bits);
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if run != 15 {
                    return (1 << run) + bits.take(run as u32) - 1;
                }
                k += 16;
                continue;
            }
            k += run;
            let value = bits.take_signed(size) << band.shift;
            self.place(band.kept, block, k, value as i16);
            k += 1;
        }
        0
    }

    /// Reads another bit of a block's AC coefficients, and those that begin with this bit (G.1.2.3). `ended` says
    /// how many blocks from this on have none that begin; gives the same for the next.
    pub(super) fn refine(&mut self, bits: &mut Bits<'_>, band: &Band<'_>, block: usize, ended: u32) -> u32 {
        let (mut k, last) = band.range;
        let mut ended = ended;
        while ended == 0 && k <= last {
            let symbol = band.codes.read(bits);
            let (mut run, size) = (symbol >> 4, symbol & 15);
            if size == 0 && run != 15 {
                ended = (1 << run) + bits.take(run.into());
                break;
            }
            let value = if size == 0 { 0 } else { (bits.take(1).cast_signed() * 2 - 1) << band.shift };
            while k <= last {
                if self.set[block] >> k & 1 != 0 {
                    self.correct(bits, band, block, k);
                } else if run == 0 {
                    break;
                } else {
                    run -= 1;
                }
                k += 1;
            }
            if size != 0 {
                self.place(band.kept, block, k, value as i16);
            }
            k += 1;
        }
        if ended == 0 {
            return 0;
        }
        let mut rest =
            if last < k { 0 } else { self.set[block] & (u64::MAX >> (63 - last)) & (u64::MAX << k) };
        while rest != 0 {
            self.correct(bits, band, block, rest.trailing_zeros() as usize);
            rest &= rest - 1;
        }
        ended - 1
    }

    /// How many blocks from the first on have none of some coefficients, given as bits of their number.
    pub(super) fn empty(&self, blocks: Range<usize>, coefficients: u64) -> usize {
        let most = blocks.len();
        self.set[blocks].iter().position(|set| set & coefficients != 0).unwrap_or(most)
    }

    /// Sets a coefficient of the zigzag sequence; damaged data leads behind the last.
    #[inline]
    fn place(&mut self, kept: &Kept, block: usize, k: usize, value: i16) {
        if k < 64 {
            self.set[block] |= 1 << k;
            if let Some(at) = kept.index(block, k) {
                self.values[at] = value;
            }
        }
    }

    /// Reads the correction bit of a coefficient that is not zero.
    #[inline]
    fn correct(&mut self, bits: &mut Bits<'_>, band: &Band<'_>, block: usize, k: usize) {
        if bits.take(1) == 0 {
            return;
        }
        if let Some(at) = band.kept.index(block, k) {
            let value = &mut self.values[at];
            let bit = 1i16 << band.shift;
            if *value & bit == 0 {
                *value = value.wrapping_add(if 0 <= *value { bit } else { -bit });
            }
        }
    }

    /// Transforms a row of blocks to samples.
    pub(super) fn transform(&self, inverse: &Inverse, kept: &Kept, part: &Part, row: usize, out: &mut [u8]) {
        let (n, across) = (part.n, part.padded.0);
        let mut whole = [0; 64];
        for x in 0..across {
            let block = row * across + x;
            let last =
                self.set.get(block).map_or(0, |set| 63 - (set & kept.mask | 1).leading_zeros() as usize);
            let values = &self.values[block * n * n..][..n * n];
            for (row, values) in whole.chunks_exact_mut(8).zip(values.chunks_exact(n)) {
                row[..n].copy_from_slice(values);
            }
            inverse.block(&whole, last, &mut out[x * n..], part.stride());
        }
    }
}
