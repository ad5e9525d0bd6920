//! The scans of arithmetic coding, block by block (ITU-T T.81 F.2.4 and G.2).

use super::arithmetic::{Conditioning, Reader, Statistics};
use super::coefficients::Coefficients;
use super::output::{Output, all_blocks};
use super::retained::RetainedCoefficients;
use super::scan::{Scan, ScanPart};

/// The maximum bytes of a block: 33 decisions for the DC coefficient and 33 for each of the others, each of
/// at most 15 bits, and the two bytes that a scan begins with.
pub(super) const MAX_BLOCK_BYTES: usize = 64 * 33 * 15 / 8 + 2;
/// MCUs that are decoded between two checks whether to stop.
const STEP_MCUS: usize = 256;

/// The data of a restart interval.
pub(super) struct Interval<'a> {
    pub(super) data: &'a [u8],
    /// The next byte to read; past the end of the data once zeros were read.
    pub(super) position: usize,
    /// The bytes that an MCU may need, if more data may arrive.
    pub(super) reserve: Option<usize>,
}

/// The decoder of a block.
struct Blocks<'a> {
    reader: Reader<'a>,
    statistics: Box<Statistics>,
    conditioning: &'a Conditioning,
    /// First and last coefficient, in zigzag order.
    band: (usize, usize),
    is_refinement: bool,
    /// The number of low bits that the scan omits.
    shift: u32,
}

/// Decodes the MCUs of a restart interval as far as the data allows, and advances `scan.next` and the position
/// past them. An interruption, like invalid data, starves the scan. Returns whether the data is valid so far.
pub(super) fn decode(
    interval: &mut Interval<'_>,
    scan: &mut Scan,
    outputs: &mut [Output],
    conditioning: &Conditioning,
    is_interrupted: &dyn Fn() -> bool,
) -> bool {
    let Interval { data, ref mut position, reserve } = *interval;
    let has_data = |position: usize| reserve.is_none_or(|bytes| position + bytes <= data.len());
    // Intervals may be short, and many.
    scan.is_starved = is_interrupted();
    if scan.is_starved || !has_data(*position) {
        return true;
    }
    let (reader, statistics) = match scan.arithmetic.take() {
        Some((statistics, registers)) => (Reader::resume(data, *position, registers), statistics),
        None => (Reader::new(data, *position), Statistics::new()),
    };
    let Scan { band, is_refinement, shift, mcus: (across, _), .. } = *scan;
    let mut blocks = Blocks { reader, statistics, conditioning, band, is_refinement, shift };
    while scan.next < scan.interval_end && has_data(blocks.reader.position()) {
        let place = (scan.next % across, scan.next / across);
        let is_sound = all_blocks(place, &mut scan.parts, outputs, |part, output, block| {
            blocks.decode(part, output, block)
        });
        scan.next += 1;
        scan.is_starved = !is_sound || (scan.next.is_multiple_of(STEP_MCUS) && is_interrupted());
        if scan.is_starved {
            return is_sound;
        }
    }
    *position = blocks.reader.position();
    scan.arithmetic = Some((blocks.statistics, blocks.reader.registers()));
    true
}

impl Blocks<'_> {
    /// Decodes the part of a block that the scan has. Returns false for decisions that no encoder makes.
    fn decode(&mut self, part: &mut ScanPart, output: &mut Output, block: usize) -> bool {
        let Output { coefficients, retained, .. } = output;
        let table = usize::from(part.ac_table);
        match (self.band, self.is_refinement) {
            ((0, last), false) => {
                self.begin_dc(part, coefficients, (block, retained.n))
                    && (last == 0 || self.begin_band((1, last), table, coefficients, retained, block))
            }
            ((0, _), true) => {
                if self.reader.decide_evenly() {
                    coefficients.refine_dc((block, retained.n), 1 << self.shift);
                }
                true
            }
            (band, false) => self.begin_band(band, table, coefficients, retained, block),
            (band, true) => self.refine_band(band, table, coefficients, retained, block),
        }
    }

    /// Decodes the first bits of a DC coefficient (F.2.4.1 and G.2.1).
    fn begin_dc(
        &mut self,
        part: &mut ScanPart,
        coefficients: &mut Coefficients,
        block: (usize, usize),
    ) -> bool {
        let table = usize::from(part.dc_table);
        let class = &mut part.dc_class;
        let Some(difference) = self.statistics.difference(&mut self.reader, table, class, self.conditioning)
        else {
            return false;
        };
        part.prediction = part.prediction.wrapping_add(difference);
        coefficients.place_dc(block, (part.prediction << self.shift) as i16);
        true
    }

    /// Decodes the first bits of AC coefficients (F.2.4.2 and G.2.2).
    fn begin_band(
        &mut self,
        (mut k, last): (usize, usize),
        table: usize,
        coefficients: &mut Coefficients,
        retained: &RetainedCoefficients,
        block: usize,
    ) -> bool {
        let Self { reader, statistics, .. } = self;
        while k <= last && !statistics.is_end(reader, table, k) {
            while !statistics.is_nonzero(reader, table, k) {
                k += 1;
                if last < k {
                    return false;
                }
            }
            let Some(value) = statistics.coefficient(reader, table, k, self.conditioning) else {
                return false;
            };
            coefficients.place(retained, block, k, (value << self.shift) as i16);
            k += 1;
        }
        true
    }

    /// Decodes another bit of AC coefficients (G.2.3).
    fn refine_band(
        &mut self,
        (mut k, last): (usize, usize),
        table: usize,
        coefficients: &mut Coefficients,
        retained: &RetainedCoefficients,
        block: usize,
    ) -> bool {
        let Self { reader, statistics, .. } = self;
        let bit = 1 << self.shift;
        let before = coefficients.nonzero(block) & (u64::MAX >> (63 - last));
        // The block cannot end before the last coefficient that an earlier scan has.
        let known = 63 - (before | 1).leading_zeros() as usize;
        while k <= last && !(known < k && statistics.is_end(reader, table, k)) {
            while before >> k & 1 == 0 && !statistics.is_nonzero(reader, table, k) {
                k += 1;
                if last < k {
                    return false;
                }
            }
            if before >> k & 1 == 0 {
                let value = if reader.decide_evenly() { -bit } else { bit };
                coefficients.place(retained, block, k, value);
            } else if statistics.is_corrected(reader, table, k) {
                coefficients.refine(retained, block, k, bit);
            }
            k += 1;
        }
        true
    }
}
