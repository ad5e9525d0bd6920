//! The queues of images: their lengths and waits.

use super::DecodePool;
use crate::{meter::Meter, metrics::Span, queue::Queue};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

/// A queue at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueState {
    /// The queue.
    pub queue: Queue,
    /// Images that wait.
    pub waiting: usize,
    /// Bytes that may be reserved.
    pub budget_bytes: u64,
    /// Bytes that are reserved.
    pub reserved_bytes: u64,
    /// Images that are processed; `None` for the queue of sources, which has no cores.
    pub busy: Option<usize>,
    /// Images that may be processed at a time.
    pub workers: usize,
}

/// The number of images that wait, by [`Queue`].
#[derive(Debug, Default)]
pub(super) struct Waiting([AtomicUsize; Queue::ALL.len()]);

impl Waiting {
    pub(super) fn count(&self, queue: Queue) -> usize {
        self.0[queue as usize].load(Ordering::Relaxed)
    }
}

/// The wait of one image, until this is dropped.
#[derive(Debug)]
pub(super) struct Wait {
    pool: Arc<DecodePool>,
    queue: Queue,
    meter: Arc<Meter>,
    start: Instant,
}

impl Wait {
    pub(super) fn new(pool: &Arc<DecodePool>, queue: Queue, meter: &Arc<Meter>) -> Self {
        pool.waiting.0[queue as usize].fetch_add(1, Ordering::Relaxed);
        Self { pool: pool.clone(), queue, meter: meter.clone(), start: Instant::now() }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.pool.waiting.0[self.queue as usize].fetch_sub(1, Ordering::Relaxed);
        let time = self.start.elapsed();
        self.meter.add(Span::Queue, time);
        self.meter.metrics().queue_wait(self.queue.name(), time);
    }
}
