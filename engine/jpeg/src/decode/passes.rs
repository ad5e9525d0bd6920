//! The scans of Huffman coding that decode to coefficients, block by block: the four kinds of progressive
//! scans (ITU-T T.81 G.1.2), and sequential scans (F.2.2) of 12 bits.

use super::bits::Bits;
use super::output::{Output, all_blocks};
use super::progressive::Band;
use super::scan::{Scan, ScanPart};
use super::tables::Tables;
use std::ops::Range;

/// Decodes the MCUs of `range`, and returns the first that it did not decode, as
/// [`sequential::decode`](super::sequential::decode) does.
pub(super) fn decode(
    bits: &mut Bits<'_>,
    scan: &mut Scan,
    outputs: &mut [Output],
    tables: &Tables,
    range: Range<usize>,
    reserve: Option<usize>,
) -> usize {
    match (scan.band.0, scan.is_refinement) {
        (0, _) if scan.band.1 != 0 => sequential(bits, scan, outputs, tables, range, reserve),
        (0, _) => dc(bits, scan, outputs, tables, range, reserve),
        (_, false) => begin_ac(bits, scan, outputs, tables, range, reserve),
        (_, true) => refine_ac(bits, scan, outputs, tables, range, reserve),
    }
}

/// Decodes a scan of all coefficients.
fn sequential(
    bits: &mut Bits<'_>,
    scan: &mut Scan,
    outputs: &mut [Output],
    tables: &Tables,
    range: Range<usize>,
    reserve: Option<usize>,
) -> usize {
    let across = scan.mcus.0;
    let mut at = range.start;
    while at < range.end && reserve.is_none_or(|bytes| bits.has(bytes)) {
        let place = (at % across, at / across);
        all_blocks(place, &mut scan.parts, outputs, |part, output, block| {
            let Output { coefficients, retained, .. } = output;
            let codes = tables.dc(part.dc_table);
            coefficients.begin_dc(bits, codes, &mut part.prediction, 0, (block, retained.n));
            coefficients.read_ac(bits, tables.codes(part.ac_table), retained, block);
            true
        });
        at += 1;
        if reserve.is_none() && bits.is_overrun() {
            break;
        }
    }
    at
}

fn dc(
    bits: &mut Bits<'_>,
    scan: &mut Scan,
    outputs: &mut [Output],
    tables: &Tables,
    range: Range<usize>,
    reserve: Option<usize>,
) -> usize {
    let mut at = range.start;
    while at < range.end && reserve.is_none_or(|bytes| bits.has(bytes)) {
        let (column, row) = (at % scan.mcus.0, at / scan.mcus.0);
        for ScanPart { component, factors: (h, v), dc_table, prediction, .. } in &mut scan.parts {
            let output = &mut outputs[*component];
            for y in row * *v..(row + 1) * *v {
                for x in column * *h..(column + 1) * *h {
                    let block = (y * output.across + x, output.retained.n);
                    if scan.is_refinement {
                        output.coefficients.refine_dc(block, (bits.take(1) << scan.shift) as i16);
                    } else {
                        let codes = tables.dc(*dc_table);
                        output.coefficients.begin_dc(bits, codes, prediction, scan.shift, block);
                    }
                }
            }
        }
        at += 1;
        if reserve.is_none() && bits.is_overrun() {
            break;
        }
    }
    at
}

fn begin_ac(
    bits: &mut Bits<'_>,
    scan: &mut Scan,
    outputs: &mut [Output],
    tables: &Tables,
    range: Range<usize>,
    reserve: Option<usize>,
) -> usize {
    let part = &scan.parts[0];
    let Output { coefficients, retained, across, .. } = &mut outputs[part.component];
    let band = Band { codes: tables.codes(part.ac_table), retained, range: scan.band, shift: scan.shift };
    let mut at = range.start;
    loop {
        let ended = (scan.end_run as usize).min(range.end - at);
        at += ended;
        scan.end_run -= ended as u32;
        if at == range.end || !reserve.is_none_or(|bytes| bits.has(bytes)) {
            return at;
        }
        scan.end_run = coefficients.begin_band(bits, &band, at / scan.mcus.0 * *across + at % scan.mcus.0);
        at += 1;
        if reserve.is_none() && bits.is_overrun() {
            return at;
        }
    }
}

fn refine_ac(
    bits: &mut Bits<'_>,
    scan: &mut Scan,
    outputs: &mut [Output],
    tables: &Tables,
    range: Range<usize>,
    reserve: Option<usize>,
) -> usize {
    let part = &scan.parts[0];
    let Output { coefficients, retained, across, .. } = &mut outputs[part.component];
    let band = Band { codes: tables.codes(part.ac_table), retained, range: scan.band, shift: scan.shift };
    let mut at = range.start;
    while at < range.end && reserve.is_none_or(|bytes| bits.has(bytes)) {
        let (row, column) = (at / scan.mcus.0, at % scan.mcus.0);
        let block = row * *across + column;
        if scan.end_run != 0 {
            // Blocks without coefficients have no bits. A file of many scans may have many of them.
            let max = (scan.end_run as usize).min(range.end - at).min(scan.mcus.0 - column);
            let empty = coefficients.empty(block..block + max, scan.coefficients());
            if empty != 0 {
                at += empty;
                scan.end_run -= empty as u32;
                continue;
            }
        }
        scan.end_run = coefficients.refine_band(bits, &band, block, scan.end_run);
        at += 1;
        if reserve.is_none() && bits.is_overrun() {
            break;
        }
    }
    at
}
