//! Restart intervals on several cores (ITU-T T.81 F.1.1.5: nothing in one depends on another).
//!
//! Intervals may begin within a row of MCUs. So the unit of work is the least number of whole rows that are
//! whole intervals as well: such bands share no row of samples, and the planes are split between them.

use super::bits::Bits;
use super::sequential::{self, Lane};
use rayon::prelude::*;

/// Bands that make a batch worth its start.
pub(super) const FEWEST_BANDS: usize = 4;

/// How restart intervals make up bands.
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
    /// Bands of a scan of `across` by `down` MCUs, if there are some to share.
    pub(super) fn new(interval: usize, (across, down): (usize, usize)) -> Option<Self> {
        let rows = interval / gcd(interval, across);
        let mcus = rows * across;
        (rows * FEWEST_BANDS <= down).then_some(Self { mcus, intervals: mcus / interval, rows })
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Decodes whole bands from the first row of `lanes` on. `intervals` are of as many MCUs each as `interval`
/// says. Gives whether any is damaged.
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
        let samples = bands.rows * lane.factors.1 * lane.kept.n * lane.stride;
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
