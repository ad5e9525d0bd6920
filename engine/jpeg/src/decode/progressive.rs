//! Progressive scans, which refine coefficients (ITU-T T.81 annex G).

use super::bits::Bits;
use super::huffman::{Codes, DcCodes};
use super::layout::Part;
use super::retained::RetainedCoefficients;
use crate::dct::Inverse;
use std::ops::Range;

/// The retained coefficients of a component, block by block.
#[derive(Debug, Default)]
pub(super) struct Coefficients {
    /// n × n values of each block, row by row.
    values: Vec<i16>,
    /// For each block, the nonzero coefficients, retained or not, as bits in zigzag order: refinement reads a
    /// bit for each of them. Empty if only the DC coefficients are retained, since scans of others are
    /// skipped then.
    set: Vec<u64>,
}

/// The parameters of an AC scan.
#[derive(Debug)]
pub(super) struct Band<'a> {
    pub(super) codes: &'a Codes,
    pub(super) retained: &'a RetainedCoefficients,
    /// First and last coefficient, in zigzag order.
    pub(super) range: (usize, usize),
    /// The number of low bits that the scan omits.
    pub(super) shift: u32,
}

impl Coefficients {
    /// Returns coefficients of zero.
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

    /// Reads the first bits of a block's AC coefficients (G.1.2.2). Returns the number of following blocks
    /// that have none.
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
            self.place(band.retained, block, k, value as i16);
            k += 1;
        }
        0
    }

    /// Reads another bit of a block's nonzero AC coefficients, and the coefficients that become nonzero with
    /// this bit (G.1.2.3). `ended` is the number of blocks, from this one on, in which none becomes nonzero.
    /// Returns that number for the next block.
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
                self.place(band.retained, block, k, value as i16);
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

    /// Returns the number of blocks at the start of `blocks` in which all of `coefficients`, a set of bits,
    /// are zero.
    pub(super) fn empty(&self, blocks: Range<usize>, coefficients: u64) -> usize {
        let count = blocks.len();
        self.set[blocks].iter().position(|set| set & coefficients != 0).unwrap_or(count)
    }

    /// Sets a coefficient in zigzag order. Damaged data has indexes above 63.
    #[inline]
    fn place(&mut self, retained: &RetainedCoefficients, block: usize, k: usize, value: i16) {
        if k < 64 {
            self.set[block] |= 1 << k;
            if let Some(at) = retained.index(block, k) {
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
        if let Some(at) = band.retained.index(block, k) {
            let value = &mut self.values[at];
            let bit = 1i16 << band.shift;
            if *value & bit == 0 {
                *value = value.wrapping_add(if 0 <= *value { bit } else { -bit });
            }
        }
    }

    /// Transforms a row of blocks to samples.
    pub(super) fn transform(
        &self,
        inverse: &Inverse,
        retained: &RetainedCoefficients,
        part: &Part,
        row: usize,
        out: &mut [u8],
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
            inverse.block(&whole, last, &mut out[x * n..], part.stride());
        }
    }
}
