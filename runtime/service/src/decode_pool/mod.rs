//! Threads and memory for heavy work: as many images at a time as cores, within a memory budget, behind a queue of
//! limited length and time.
//!
//! An image with a small cost takes the small lane, any other the large one. Each lane has cores and memory of its own,
//! so a thumbnail never waits behind a large image; both lanes together may use each core twice, and the operating
//! system divides the time. It gives the large lane less of it, so that connections and thumbnails come first.

mod cores;
mod job;
mod queue;
mod thread;
mod reservation;
mod reserved;
mod rest;
#[cfg(test)]
mod tests;

pub use crate::queue::Queue;
pub(crate) use job::Input;
pub use queue::QueueState;
pub use reservation::Reservation;

use crate::meter::Meter;
use cores::Cores;
use queue::Waiting;
use rest::Rest;
use safelight_core::{Cost, Error, Kind, Result};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

/// Limits of heavy work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Bytes that images may take, all requests together: a quarter for sources that are buffered whole, and of the
    /// rest a quarter for the small lane. Defaults to 1 GiB.
    pub memory_bytes: u64,
    /// Images that are processed at a time in each lane. Defaults to the number of cores.
    pub workers: usize,
    /// Maximum images that wait; more are rejected with [`Kind::Busy`]. Defaults to 256.
    pub max_waiting: usize,
    /// The longest wait for memory and a core; then the image is rejected with [`Kind::Busy`]. Defaults to 10 seconds.
    pub queue_timeout: Duration,
    /// The longest time from the start of heavy work to its end, waits for the source included; then it is stopped
    /// with [`Kind::Timeout`]. Defaults to 60 seconds.
    pub work_timeout: Duration,
}

impl Default for PoolLimits {
    fn default() -> Self {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            memory_bytes: 1 << 30,
            workers,
            max_waiting: 256,
            queue_timeout: Duration::from_secs(10),
            work_timeout: Duration::from_mins(1),
        }
    }
}

/// The origin in errors.
const ORIGIN: &str = "decode pool";

/// Bytes of one permit. Permits of single bytes would overflow the type that counts them.
const UNIT_BYTES: u64 = 1 << 10;

/// The share of sources in the budget is one in this many: they are compressed.
const SOURCE_SHARE: u64 = 4;

/// The share of the small lane in the rest of the budget is one in this many.
const SMALL_SHARE: u64 = 4;

/// The most CPU time of an image in the small lane.
const SMALL_CPU: Duration = Duration::from_millis(250);

/// Seconds after which a rejected client may retry.
const RETRY_SECS: u32 = 1;

/// The pool of cores and memory. A request counts by the bytes that it reserves, not as one request.
#[derive(Debug)]
pub struct DecodePool {
    limits: PoolLimits,
    /// The budget of buffered sources. It is separate, so that an image that buffers its source waits only for images
    /// that are being processed, and those never wait for a source.
    sources: Budget,
    small: Lane,
    large: Lane,
    /// A permit for each image that waits or is processed.
    places: Arc<Semaphore>,
    rest: Arc<Rest>,
    waiting: Waiting,
}

/// Cores and memory for images of similar cost.
#[derive(Debug)]
struct Lane {
    queue: Queue,
    memory: Budget,
    cores: Arc<Cores>,
    /// Whether its threads leave cores to others that want them.
    is_yielding: bool,
}

impl DecodePool {
    /// Creates a pool within `limits`.
    pub fn new(limits: PoolLimits) -> Self {
        let for_sources = limits.memory_bytes / SOURCE_SHARE;
        let for_small = (limits.memory_bytes - for_sources) / SMALL_SHARE;
        let workers = limits.workers.max(1);
        let lane = |queue, bytes, is_yielding| {
            let (memory, cores) = (Budget::new(bytes), Arc::new(Cores::new(workers)));
            Lane { queue, memory, cores, is_yielding }
        };
        Self {
            sources: Budget::new(for_sources),
            small: lane(Queue::Small, for_small, false),
            large: lane(Queue::Large, limits.memory_bytes - for_sources - for_small, true),
            places: Arc::new(Semaphore::new(workers.saturating_mul(2).saturating_add(limits.max_waiting))),
            rest: Arc::default(),
            waiting: Waiting::default(),
            limits,
        }
    }

    /// Admits one image to the queue. Its waits count in `meter`.
    ///
    /// # Errors
    /// [`Kind::Busy`] if the queue is full.
    pub fn admit(self: &Arc<Self>, meter: Arc<Meter>) -> Result<Reservation> {
        let full = |_| busy("the queue of images is full");
        let place = self.places.clone().try_acquire_owned().map_err(full)?;
        let deadline = Instant::now() + self.limits.queue_timeout;
        Ok(Reservation::new(self.clone(), place, deadline, meter))
    }

    /// Returns the longest wait for memory.
    pub(crate) fn queue_timeout(&self) -> Duration {
        self.limits.queue_timeout
    }

    /// Returns the state of the queues.
    pub fn queues(&self) -> [QueueState; 3] {
        let state = |queue, budget: &Budget, cores: Option<&Cores>| QueueState {
            queue,
            waiting: self.waiting.count(queue),
            budget_bytes: budget.bytes,
            reserved_bytes: budget.reserved_bytes(),
            busy: cores.map(Cores::busy),
            workers: self.limits.workers.max(1),
        };
        let lane = |lane: &Lane| state(lane.queue, &lane.memory, Some(&lane.cores));
        [state(Queue::Source, &self.sources, None), lane(&self.small), lane(&self.large)]
    }

    /// Returns the lane for work of this cost.
    fn lane(&self, cost: Cost) -> &Lane {
        // So that as many images as cores fit in the small lane.
        let max_bytes = self.small.memory.bytes / self.limits.workers.max(1) as u64;
        let is_small = cost.bytes <= max_bytes && u128::from(cost.cpu_ns) <= SMALL_CPU.as_nanos();
        if is_small { &self.small } else { &self.large }
    }
}

/// A number of bytes that requests share.
#[derive(Debug)]
struct Budget {
    bytes: u64,
    /// The number of permits.
    total: usize,
    /// A permit for each [`UNIT_BYTES`].
    units: Arc<Semaphore>,
}

impl Budget {
    fn new(bytes: u64) -> Self {
        let units = usize::try_from(bytes / UNIT_BYTES).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { bytes, total: units, units: Arc::new(Semaphore::new(units)) }
    }

    /// Returns the bytes that are reserved.
    fn reserved_bytes(&self) -> u64 {
        (self.total - self.units.available_permits().min(self.total)) as u64 * UNIT_BYTES
    }

    /// Waits for `bytes` bytes, until `deadline`.
    ///
    /// # Errors
    /// [`Kind::LimitExceeded`] if the budget is smaller than that, [`Kind::Busy`] at the deadline.
    async fn acquire(&self, bytes: u64, purpose: &str, deadline: Instant) -> Result<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).ok().filter(|_| bytes <= self.bytes);
        let units = units.ok_or_else(|| {
            let limit = self.bytes;
            let message = format!(
                "the image needs {bytes} bytes of memory to {purpose}; the limit is {limit} (a part of memory-bytes)"
            );
            Error::new(Kind::LimitExceeded, ORIGIN, message)
        })?;
        let permit = timeout_at(deadline, self.units.clone().acquire_many_owned(units)).await;
        permit.map_err(|_| busy("no memory became free in time"))?.map_err(closed)
    }
}

fn busy(problem: &str) -> Error {
    let message = format!("server busy: {problem}, retry later");
    Error::new(Kind::Busy, ORIGIN, message).with_retry_after(RETRY_SECS)
}

/// The semaphores are never closed.
fn closed(error: AcquireError) -> Error {
    Error::new(Kind::Internal, ORIGIN, "the queue of images is closed").with_source(error)
}
