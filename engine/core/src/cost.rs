//! Estimates of memory and CPU time, stated before the work begins.

use std::ops::Add;

/// The memory and the CPU time that a part of the work takes at most.
///
/// Memory is a bound: tests compare it with measurements. CPU time is an estimate, on one core of the machine that
/// `benches/README.md` names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Bytes that are allocated at once.
    pub bytes: u64,
    /// Nanoseconds of CPU time.
    pub cpu_ns: u64,
}

impl Cost {
    /// A cost of so many bytes and nanoseconds.
    pub const fn new(bytes: u64, cpu_ns: u64) -> Self {
        Self { bytes, cpu_ns }
    }

    /// The cost of two parts that run one after the other and share no memory: the larger memory, and the sum of
    /// CPU time.
    #[must_use]
    pub const fn then(self, next: Self) -> Self {
        let bytes = if self.bytes < next.bytes { next.bytes } else { self.bytes };
        Self { bytes, cpu_ns: self.cpu_ns.saturating_add(next.cpu_ns) }
    }
}

/// The cost of two parts whose memory is in use at the same time.
impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            cpu_ns: self.cpu_ns.saturating_add(other.cpu_ns),
        }
    }
}
