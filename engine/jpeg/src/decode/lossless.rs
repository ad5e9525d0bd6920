//! Lossless coding: each sample is predicted from its neighbours, and the difference is coded (ITU-T T.81
//! annex H).

use super::bits::{Bits, signed};
use super::huffman::Codes;
use super::output::{Output, Reconstruction};
use super::scan::Scan;
use super::tables::Tables;

/// The samples of a component, without the low bits that the point transform removed (H.1.1 and H.1.2.1).
#[derive(Debug)]
pub(super) struct LosslessSamples {
    /// Samples of 16 bits: damaged data may have more bits than the file states.
    values: Vec<u16>,
    shift: u32,
}

impl LosslessSamples {
    /// Returns `count` samples of mid-grey, of which a scan decodes all but the `shift` lowest of `bits` bits.
    pub(super) fn new(count: usize, bits: u8, shift: u32) -> Self {
        Self { values: vec![middle(bits, shift); count], shift }
    }

    /// Returns the samples in their `bits` bits.
    pub(super) fn into_samples(self, bits: u8) -> Vec<u16> {
        let (shift, max) = (self.shift, u16::MAX >> (16 - bits));
        let mut samples = self.values;
        for sample in &mut samples {
            *sample = (u32::from(*sample) << shift).min(max.into()) as u16;
        }
        samples
    }
}

/// The prediction where there is no neighbour.
fn middle(bits: u8, shift: u32) -> u16 {
    1 << (u32::from(bits) - shift - 1)
}

/// Decodes the MCUs of a restart interval, and advances `scan.next` past them. `reserve` is that of
/// [`sequential::decode`](super::sequential::decode).
pub(super) fn decode(
    bits: &mut Bits<'_>,
    scan: &mut Scan,
    outputs: &mut [Output],
    tables: &Tables,
    precision: u8,
    reserve: Option<usize>,
) {
    let (across, shift) = (scan.mcus.0, scan.shift);
    // Intervals are whole rows.
    let first_row = scan.next / scan.interval * scan.interval / across;
    while scan.next < scan.interval_end && reserve.is_none_or(|bytes| bits.has(bytes)) {
        let (x, y) = (scan.next % across, scan.next / across);
        for part in &scan.parts {
            let Some(Reconstruction::Lossless(LosslessSamples { values, .. })) =
                &mut outputs[part.component].reconstruction
            else {
                unreachable!("the samples were allocated when the scan began")
            };
            let at = y * across + x;
            let prediction = match (x, y == first_row) {
                (0, true) => middle(precision, shift).into(),
                (_, true) => i32::from(values[at - 1]),
                (0, false) => i32::from(values[at - across]),
                _ => {
                    let neighbours = [at - 1, at - across, at - across - 1];
                    scan.predictor.predict(neighbours.map(|at| i32::from(values[at])))
                }
            };
            let difference = read_difference(bits, tables.differences(part.dc_table));
            values[at] = (prediction + difference) as u16;
        }
        scan.next += 1;
        if reserve.is_none() && bits.is_overrun() {
            break;
        }
    }
}

/// Reads a difference (H.1.2.2).
#[inline]
fn read_difference(bits: &mut Bits<'_>, codes: &Codes) -> i32 {
    match codes.read(bits) {
        // The only difference of 16 bits has no bits after its code.
        16 => 32_768,
        size => {
            let difference = signed(bits.ahead(), size.into());
            bits.skip(size.into());
            difference
        }
    }
}
