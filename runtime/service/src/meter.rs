//! The cost of a response: bytes read and time worked.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Counters of one request.
#[derive(Debug, Default)]
pub struct Meter {
    read: AtomicU64,
    work_micros: AtomicU64,
}

impl Meter {
    /// Returns the number of bytes that the source delivered.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Returns the time that transforms worked: scanning, decoding, changing, encoding.
    pub fn work(&self) -> Duration {
        Duration::from_micros(self.work_micros.load(Ordering::Relaxed))
    }

    /// Counts bytes that the source delivered.
    pub fn add_read(&self, bytes: usize) {
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_work(&self, time: Duration) {
        self.work_micros.fetch_add(time.as_micros() as u64, Ordering::Relaxed);
    }
}
