//! Coefficients in Huffman codes: progressive scans, which refine them (ITU-T T.81 annex G), and sequential
//! ones.

use super::bits::Bits;
use super::coefficients::Coefficients;
use super::huffman::{Codes, DcCodes};
use super::retained::RetainedCoefficients;

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
    /// Reads the first bits of a block's DC coefficient (G.1.2.1).
    #[inline]
    pub(super) fn begin_dc(
        &mut self,
        bits: &mut Bits<'_>,
        codes: &DcCodes,
        prediction: &mut i32,
        shift: u32,
        block: (usize, usize),
    ) {
        *prediction = prediction.wrapping_add(codes.read(bits));
        self.place_dc(block, (*prediction << shift) as i16);
    }

    /// Reads the AC coefficients of a block in a sequential scan (F.2.2.2).
    pub(super) fn read_ac(
        &mut self,
        bits: &mut Bits<'_>,
        codes: &Codes,
        retained: &RetainedCoefficients,
        block: usize,
    ) {
        let mut k = 1;
        while k <= 63 {
            let symbol = codes.read(bits);
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 && run != 15 {
                return;
            }
            k += run;
            let value = bits.take_signed(size);
            if size != 0 {
                self.place(retained, block, k, value as i16);
            }
            k += 1;
        }
    }

    /// Reads the first bits of a block's AC coefficients (G.1.2.2). Returns the number of following blocks
    /// that have none.
    pub(super) fn begin_band(&mut self, bits: &mut Bits<'_>, band: &Band<'_>, block: usize) -> u32 {
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
    pub(super) fn refine_band(
        &mut self,
        bits: &mut Bits<'_>,
        band: &Band<'_>,
        block: usize,
        ended: u32,
    ) -> u32 {
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
                if self.nonzero(block) >> k & 1 != 0 {
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
            if last < k { 0 } else { self.nonzero(block) & (u64::MAX >> (63 - last)) & (u64::MAX << k) };
        while rest != 0 {
            self.correct(bits, band, block, rest.trailing_zeros() as usize);
            rest &= rest - 1;
        }
        ended - 1
    }

    /// Reads the correction bit of a coefficient that is not zero.
    #[inline]
    fn correct(&mut self, bits: &mut Bits<'_>, band: &Band<'_>, block: usize, k: usize) {
        if bits.take(1) != 0 {
            self.refine(band.retained, block, k, 1 << band.shift);
        }
    }
}
