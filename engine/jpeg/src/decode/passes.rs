//! The four kinds of progressive scans, block by block (ITU-T T.81 G.1.2).

use super::bits::Bits;
use super::decoder::Output;
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
        (0, _) => dc(bits, scan, outputs, tables, range, reserve),
        (_, false) => begin_ac(bits, scan, outputs, tables, range, reserve),
        (_, true) => refine_ac(bits, scan, outputs, tables, range, reserve),
    }
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
                        output.coefficients.refine_dc(bits, scan.shift, block);
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
        scan.end_run = coefficients.begin(bits, &band, at / scan.mcus.0 * *across + at % scan.mcus.0);
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
        scan.end_run = coefficients.refine(bits, &band, block, scan.end_run);
        at += 1;
        if reserve.is_none() && bits.is_overrun() {
            break;
        }
    }
    at
}
