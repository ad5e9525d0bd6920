//! Restart intervals on several threads (ITU-T T.81 F.1.1.5: intervals are independent of each other).
//!
//! Intervals may begin within a row of MCUs. So the unit of work is a band: the least number of whole rows
//! that are also whole intervals. Bands share no row of samples, so the planes can be split between them.

use super::bits::Bits;
use super::sequential::{self, Lane};
use rayon::prelude::*;

/// The minimum number of bands in a batch: fewer do not repay its start.
pub(super) const MIN_BANDS: usize = 4;

/// The division of a scan into bands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bands {
    /// MCUs of a band.
    pub(super) mcus: usize,
    /// Restart intervals of a band.
    pub(super) intervals: usize,
    /// Rows of MCUs of a band.
    pub(super) rows: usize,
}

impl Bands {
    /// Divides a scan of `across` × `down` MCUs, if it has at least [`MIN_BANDS`] bands.
    pub(super) fn new(interval: usize, (across, down): (usize, usize)) -> Option<Self> {
        let rows = interval / gcd(interval, across);
        let mcus = rows * across;
        (rows * MIN_BANDS <= down).then_some(Self { mcus, intervals: mcus / interval, rows })
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Decodes whole bands from the first row of `lanes` on. Each of `intervals` has `interval` MCUs. Returns
/// whether any is damaged.
pub(super) fn decode(
    bands: Bands,
    intervals: &[&[u8]],
    mut lanes: Vec<Lane<'_>>,
    across: usize,
    interval: usize,
) -> bool {
    let mut tasks: Vec<(&[&[u8]], Vec<Lane<'_>>)> =
        intervals.chunks_exact(bands.intervals).map(|it| (it, Vec::new())).collect();
    for lane in &mut lanes {
        let samples = bands.rows * lane.factors.1 * lane.retained.n * lane.stride;
        for ((_, lanes), samples) in tasks.iter_mut().zip(lane.samples.chunks_exact_mut(samples)) {
            lanes.push(Lane { samples, ..*lane });
        }
    }
    let band = |(intervals, lanes): &mut (&[&[u8]], Vec<Lane<'_>>)| {
        let mut is_damaged = false;
        for (data, start) in intervals.iter().zip((0..).step_by(interval)) {
            for lane in &mut *lanes {
                lane.prediction = 0;
            }
            let mut bits = Bits::new(data, 0);
            let end = start + interval;
            let next = sequential::decode(&mut bits, lanes, across, start..end, None);
            sequential::blank(lanes, across, next..end);
            is_damaged |= bits.is_damaged || bits.is_overrun();
        }
        is_damaged
    };
    tasks.par_iter_mut().map(band).reduce(|| false, |a, b| a | b)
}
