//! Threads and memory for heavy work: off the threads that serve connections, one image for each core, within a
//! memory budget, behind a queue of limited length.

use safelight_core::{Error, Kind, Result, Stop, StopReason};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    task,
};

/// Limits of heavy work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Bytes that images may take, all requests together: a quarter for sources that are buffered whole, the
    /// rest for decoding and changing them. Defaults to 1 GiB.
    pub memory_bytes: u64,
    /// Images that are processed at a time. Defaults to the number of cores.
    pub workers: usize,
    /// Maximum images that wait; more are rejected with [`Kind::Busy`]. Defaults to 256.
    pub max_waiting: usize,
}

impl Default for PoolLimits {
    fn default() -> Self {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Self { memory_bytes: 1 << 30, workers, max_waiting: 256 }
    }
}

/// The pool of workers and memory. A request counts by the bytes that it reserves, not as one request.
#[derive(Debug)]
pub struct DecodePool {
    limits: PoolLimits,
    /// A permit for each [`UNIT_BYTES`] of buffered sources. Their budget is separate, so that an image that
    /// buffers its source waits only for images that are being processed, and those never wait for a source.
    sources: Arc<Semaphore>,
    /// A permit for each [`UNIT_BYTES`] of the rest.
    memory: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    /// A permit for each image that waits or is processed.
    places: Arc<Semaphore>,
}

/// Bytes of one permit. Permits of single bytes would overflow the type that counts them.
const UNIT_BYTES: u64 = 1 << 10;

/// The share of sources in the budget is one in this many: they are compressed.
const SOURCE_SHARE: u64 = 4;

/// Seconds after which a rejected client may retry.
const RETRY_SECS: u32 = 1;

impl DecodePool {
    /// Creates a pool within `limits`.
    pub fn new(limits: PoolLimits) -> Self {
        let units = |bytes: u64| {
            let units = usize::try_from(bytes / UNIT_BYTES).unwrap_or(usize::MAX);
            Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS)))
        };
        let for_sources = limits.memory_bytes / SOURCE_SHARE;
        Self {
            sources: units(for_sources),
            memory: units(limits.memory_bytes - for_sources),
            workers: Arc::new(Semaphore::new(limits.workers.max(1))),
            places: Arc::new(Semaphore::new(limits.workers.max(1).saturating_add(limits.max_waiting))),
            limits,
        }
    }

    /// Admits one image to the queue.
    ///
    /// # Errors
    /// [`Kind::Busy`] if the queue is full.
    pub fn admit(self: &Arc<Self>) -> Result<Reservation> {
        let busy = |_| {
            let message = "server busy: the queue of images is full, retry later";
            Error::new(Kind::Busy, "decode pool", message).with_retry_after(RETRY_SECS)
        };
        let place = self.places.clone().try_acquire_owned().map_err(busy)?;
        let permits = Arc::new(Mutex::new(Permits { place, source: None, memory: None }));
        Ok(Reservation { pool: self.clone(), permits, stop: Stop::default() })
    }
}

/// The place of one image in the pool, with the memory that is reserved for it. Dropping it releases both, once
/// its work has ended.
#[derive(Debug)]
pub struct Reservation {
    pool: Arc<DecodePool>,
    /// Shared with work that continues after the client disconnected.
    permits: Arc<Mutex<Permits>>,
    stop: Stop,
}

#[derive(Debug)]
struct Permits {
    #[expect(dead_code, reason = "released when it is dropped")]
    place: OwnedSemaphorePermit,
    source: Option<OwnedSemaphorePermit>,
    memory: Option<OwnedSemaphorePermit>,
}

impl Reservation {
    /// Reserves `bytes` for a buffered source, and waits for them; the whole share of sources if the length is
    /// unknown.
    ///
    /// # Errors
    /// [`Kind::LimitExceeded`] if the share is smaller than that.
    pub async fn reserve_source(&self, bytes: Option<u64>) -> Result<()> {
        let budget = self.pool.limits.memory_bytes / SOURCE_SHARE;
        let permit =
            acquire(&self.pool.sources, bytes.unwrap_or(budget), budget, "buffer its source").await?;
        self.permits().source = Some(permit);
        Ok(())
    }

    /// Reserves `bytes` for heavy work, and waits for them. A reservation for the source stays.
    ///
    /// # Errors
    /// [`Kind::LimitExceeded`] if the budget is smaller than that.
    pub async fn reserve(&self, bytes: u64) -> Result<()> {
        let budget = self.pool.limits.memory_bytes;
        let budget = budget - budget / SOURCE_SHARE;
        let permit = acquire(&self.pool.memory, bytes, budget, "decode and transform").await?;
        self.permits().memory = Some(permit);
        Ok(())
    }

    /// Returns whether memory for heavy work is reserved.
    pub fn is_heavy(&self) -> bool {
        self.permits().memory.is_some()
    }

    /// Returns the signal that tells running work that the client disconnected.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Runs `work` on a thread of its own, when a worker is free.
    ///
    /// # Errors
    /// Those of `work`; [`Kind::Internal`] if it panics.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let worker = self.pool.workers.clone().acquire_owned().await.map_err(closed)?;
        let permits = self.permits.clone();
        let defect = || Error::new(Kind::Internal, "decode pool", "the transform failed because of a defect");
        let result = task::spawn_blocking(move || {
            let _permits = (worker, permits);
            catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(defect()))
        });
        result.await.unwrap_or_else(|_| Err(defect()))
    }

    /// Ends the work: releases all memory but `bytes`, which the output still takes.
    pub fn release_all_but(&self, bytes: u64) {
        let mut permits = self.permits();
        permits.source = None;
        let units = usize::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(usize::MAX);
        permits.memory = permits.memory.take().and_then(|mut all| all.split(units.min(all.num_permits())));
    }

    fn permits(&self) -> MutexGuard<'_, Permits> {
        self.permits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.stop.set(StopReason::Disconnected);
    }
}

/// Waits for `bytes` bytes of a budget.
async fn acquire(
    permits: &Arc<Semaphore>,
    bytes: u64,
    budget: u64,
    purpose: &str,
) -> Result<OwnedSemaphorePermit> {
    let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).ok().filter(|_| bytes <= budget);
    let units = units.ok_or_else(|| {
        let message = format!("the image needs {bytes} bytes to {purpose}; the limit is {budget}");
        Error::new(Kind::LimitExceeded, "decode pool", message)
    })?;
    permits.clone().acquire_many_owned(units).await.map_err(closed)
}

/// The semaphores are never closed.
fn closed(error: AcquireError) -> Error {
    Error::new(Kind::Internal, "decode pool", "the queue of images is closed").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::mpsc, time::Duration};
    use tokio::time::timeout;

    fn pool(memory_bytes: u64, workers: usize, max_waiting: usize) -> Arc<DecodePool> {
        Arc::new(DecodePool::new(PoolLimits { memory_bytes, workers, max_waiting }))
    }

    /// Returns a reservation of `bytes`.
    async fn reservation(pool: &Arc<DecodePool>, bytes: u64) -> Result<Reservation> {
        let place = pool.admit()?;
        place.reserve(bytes).await?;
        Ok(place)
    }

    const SOON: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn images_count_by_the_bytes_that_they_reserve() {
        // Three quarters of the memory are for heavy work.
        let pool = pool(16 << 10, 8, 8);
        let first = reservation(&pool, 8 << 10).await.unwrap();
        drop(reservation(&pool, 4 << 10).await.unwrap());
        assert!(timeout(SOON, reservation(&pool, (4 << 10) + 1)).await.is_err(), "a larger image waits");
        first.release_all_but(1);
        drop(reservation(&pool, 11 << 10).await.unwrap());
        assert!(timeout(SOON, reservation(&pool, 12 << 10)).await.is_err(), "the output still takes memory");
        drop(first);
        drop(reservation(&pool, 12 << 10).await.unwrap());
        let error = reservation(&pool, (12 << 10) + 1).await.unwrap_err();
        assert_eq!(error.kind, Kind::LimitExceeded);
    }

    #[tokio::test]
    async fn sources_have_their_own_budget() {
        let pool = pool(16 << 10, 8, 8);
        let first = pool.admit().unwrap();
        first.reserve_source(Some(3 << 10)).await.unwrap();
        let second = pool.admit().unwrap();
        assert!(
            timeout(SOON, second.reserve_source(None)).await.is_err(),
            "a source of unknown length takes the whole share"
        );
        first.reserve(12 << 10).await.unwrap();
        second.reserve_source(Some(1 << 10)).await.unwrap();
        first.release_all_but(0);
        second.reserve(12 << 10).await.unwrap();
        let error = first.reserve_source(Some((4 << 10) + 1)).await.unwrap_err();
        assert_eq!(error.kind, Kind::LimitExceeded);
    }

    #[tokio::test]
    async fn the_queue_is_limited_and_leaving_it_makes_room() {
        let pool = pool(1 << 20, 1, 1);
        let (first, second) = (pool.admit().unwrap(), pool.admit().unwrap());
        assert_eq!(pool.admit().unwrap_err().kind, Kind::Busy);
        drop(first);
        let third = pool.admit().unwrap();
        assert_eq!(pool.admit().unwrap_err().kind, Kind::Busy);
        drop((second, third));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn work_learns_of_a_disconnected_client_and_keeps_its_memory_to_the_end() {
        let pool = pool(16 << 10, 1, 1);
        let first = reservation(&pool, 12 << 10).await.unwrap();
        let stop = first.stop();
        let (started, has_started) = mpsc::channel();
        let (end, may_end) = mpsc::channel::<()>();
        let working = tokio::spawn(async move {
            let work = move || {
                started.send(()).unwrap();
                may_end.recv().unwrap();
                Ok(())
            };
            first.run(work).await
        });
        task::spawn_blocking(move || has_started.recv().unwrap()).await.unwrap();
        assert!(stop.reason().is_none());
        working.abort();
        assert!(working.await.unwrap_err().is_cancelled());
        assert_eq!(stop.reason(), Some(StopReason::Disconnected));
        assert!(timeout(SOON, reservation(&pool, 1 << 10)).await.is_err(), "the memory is in use");
        end.send(()).unwrap();
        let second = reservation(&pool, 12 << 10).await.unwrap();
        assert_eq!(second.run(|| Ok(2)).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_releases_its_permits() {
        let pool = pool(1 << 20, 1, 0);
        let first = reservation(&pool, 1 << 19).await.unwrap();
        assert_eq!(first.run::<u8>(|| panic!("a defect")).await.unwrap_err().kind, Kind::Internal);
        assert_eq!(first.run(|| Ok(1)).await.unwrap(), 1);
    }
}
