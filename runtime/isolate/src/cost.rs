//! The cost of a child, and the margins of its limits.

use crate::Task;
use safelight_core::{Cost, Isolation};
use std::borrow::Cow;

/// The cost of a process besides its task: its own memory, and its start.
pub(crate) const CHILD: Cost = Cost::new(8 << 20, 5_000_000);

/// Bytes that are copied in a nanosecond.
pub(crate) const BYTES_PER_NS: u64 = 1;

/// Room for headers and tables of tiny images.
pub(crate) const MIN_OUTPUT_BYTES: u64 = 1 << 20;

/// The factor between the estimated CPU time and its limit: the estimate is for one machine, and others are slower.
const CPU_MARGIN: u64 = 10;

/// The longest part of a codec's work, without interruption, that does not need a child. A request must end within
/// 100 ms of its client's disconnection, and the estimate is for one machine.
const MAX_OWN_NS: u64 = 50_000_000;

/// Returns whether a child runs work that computes for `frame_ns` before it looks whether to stop: codecs look between
/// frames.
pub(crate) fn is_isolated(isolation: Isolation, frame_ns: impl FnOnce() -> u64) -> bool {
    match isolation {
        Isolation::Never => false,
        Isolation::IfLong => MAX_OWN_NS < frame_ns(),
        Isolation::Always => true,
    }
}

impl<'a> Task<'a> {
    /// A task of a codec, with limits that follow from its `cost`.
    pub(crate) fn of_codec(input: Vec<Cow<'a, [u8]>>, output_bytes: u64, cost: Cost) -> Self {
        let input_bytes: u64 = input.iter().map(|part| part.len() as u64).sum();
        Self {
            input,
            output_bytes,
            memory_bytes: cost.bytes.saturating_add(input_bytes).saturating_add(CHILD.bytes),
            cpu_secs: (cost.cpu_ns / 1_000_000_000 + 1).saturating_mul(CPU_MARGIN),
        }
    }
}
