//! The cost of a child, and the margins of its limits.

use safelight_core::Cost;

/// The cost of a process besides its task: its own memory, and its start.
pub(crate) const CHILD: Cost = Cost::new(8 << 20, 5_000_000);

/// Bytes that are copied in a nanosecond.
pub(crate) const BYTES_PER_NS: u64 = 1;

/// Room for headers and tables of tiny images.
pub(crate) const MIN_OUTPUT_BYTES: u64 = 1 << 20;

/// The factor between the estimated CPU time and its limit: the estimate is for one machine, and others are slower.
pub(crate) const CPU_MARGIN: u64 = 10;

/// The longest part of a codec's work, without interruption, that does not need a child: a request must end that
/// soon after its client disconnected.
pub(crate) const MAX_OWN_NS: u64 = 100_000_000;
