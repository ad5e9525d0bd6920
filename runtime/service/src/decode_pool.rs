//! Heavy work: kept off the threads that serve connections, one picture for each core, within a
//! budget of memory, behind a queue that ends.

use safelight_core::{Error, Kind, Result};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    task,
};

/// Bounds on heavy work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Bytes that pictures may take, all requests together: a quarter for sources that are held whole, the
    /// rest for what is decoded of them. Defaults to 1 GiB.
    pub memory_bytes: u64,
    /// Pictures that are worked on at a time. Defaults to the number of cores.
    pub workers: usize,
    /// Pictures that may wait; one more is refused with [`Kind::Busy`]. Defaults to 256.
    pub max_waiting: usize,
}

impl Default for PoolLimits {
    fn default() -> Self {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Self { memory_bytes: 1 << 30, workers, max_waiting: 256 }
    }
}

/// Where heavy work is done. A request is weighed by the bytes it will take, not counted as one.
#[derive(Debug)]
pub struct DecodePool {
    limits: PoolLimits,
    /// A permit for each [`UNIT_BYTES`] that sources may take. They have a budget of their own: a picture
    /// that holds its source then waits only for those that are worked on, which never wait for a source.
    sources: Arc<Semaphore>,
    /// A permit for each [`UNIT_BYTES`] of the rest.
    memory: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    /// A permit for each picture that waits or is worked on.
    places: Arc<Semaphore>,
}

/// The budget is dealt out in pieces, so that its permits fit the type that counts them.
const UNIT_BYTES: u64 = 1 << 10;

/// Of how many parts of the budget one is for sources, which are compressed.
const PARTS: u64 = 4;

impl DecodePool {
    /// A pool within `limits`.
    pub fn new(limits: PoolLimits) -> Self {
        let units = |bytes: u64| {
            let units = usize::try_from(bytes / UNIT_BYTES).unwrap_or(usize::MAX);
            Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS)))
        };
        let for_sources = limits.memory_bytes / PARTS;
        Self {
            sources: units(for_sources),
            memory: units(limits.memory_bytes - for_sources),
            workers: Arc::new(Semaphore::new(limits.workers.max(1))),
            places: Arc::new(Semaphore::new(limits.workers.max(1).saturating_add(limits.max_waiting))),
            limits,
        }
    }

    /// A place for one picture.
    ///
    /// # Errors
    /// [`Kind::Busy`] if the queue is full.
    pub fn admit(self: &Arc<Self>) -> Result<Reservation> {
        let busy =
            |_| Error::new(Kind::Busy, "decode_pool", "too many pictures wait already; try again later");
        let place = self.places.clone().try_acquire_owned().map_err(busy)?;
        let held = Arc::new(Mutex::new(Held { place, source: None, memory: None }));
        Ok(Reservation { decode_pool: self.clone(), held, gone: Arc::default() })
    }
}

/// One picture's place, and what is set aside for it until it goes.
#[derive(Debug)]
pub struct Reservation {
    decode_pool: Arc<DecodePool>,
    /// Work that goes on when the caller has gone away holds it too.
    held: Arc<Mutex<Held>>,
    gone: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Held {
    #[expect(dead_code, reason = "given back when it is dropped")]
    place: OwnedSemaphorePermit,
    source: Option<OwnedSemaphorePermit>,
    memory: Option<OwnedSemaphorePermit>,
}

impl Reservation {
    /// Waits until there is room for a source of `bytes` bytes; as many as there can be if nobody knows.
    ///
    /// # Errors
    /// [`Kind::LimitExceeded`] if there never is.
    pub async fn reserve_source(&self, bytes: Option<u64>) -> Result<()> {
        let budget = self.decode_pool.limits.memory_bytes / PARTS;
        let permit =
            room(&self.decode_pool.sources, bytes.unwrap_or(budget), budget, "hold as a source").await?;
        self.held().source = Some(permit);
        Ok(())
    }

    /// Waits until `bytes` bytes can be set aside for work. What was kept as a source is kept on.
    ///
    /// # Errors
    /// [`Kind::LimitExceeded`] if the budget is smaller than that.
    pub async fn reserve(&self, bytes: u64) -> Result<()> {
        let budget = self.decode_pool.limits.memory_bytes;
        let budget = budget - budget / PARTS;
        let permit = room(&self.decode_pool.memory, bytes, budget, "decode and change").await?;
        self.held().memory = Some(permit);
        Ok(())
    }

    /// Whether memory is set aside, and the work heavy.
    pub fn is_heavy(&self) -> bool {
        self.held().memory.is_some()
    }

    /// What tells work that nobody waits for it any more.
    pub fn gone(&self) -> Arc<AtomicBool> {
        self.gone.clone()
    }

    /// Does `work` on a thread of its own, when its turn comes.
    ///
    /// # Errors
    /// [`Kind::Internal`] if the work panics, and what the work refuses.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let worker = self.decode_pool.workers.clone().acquire_owned().await.map_err(closed)?;
        let held = self.held.clone();
        let defect = || Error::new(Kind::Internal, "decode_pool", "the transform failed unexpectedly");
        let done = task::spawn_blocking(move || {
            let _held = (worker, held);
            catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(defect()))
        });
        done.await.unwrap_or_else(|_| Err(defect()))
    }

    /// Ends the work: of all that was set aside only `bytes` bytes are held on, for the answer.
    pub fn finish(&self, bytes: u64) {
        let mut held = self.held();
        held.source = None;
        let units = usize::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(usize::MAX);
        held.memory = held.memory.take().and_then(|mut all| all.split(units.min(all.num_permits())));
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}

/// Waits for room for `bytes` bytes within a budget.
async fn room(room: &Arc<Semaphore>, bytes: u64, budget: u64, to: &str) -> Result<OwnedSemaphorePermit> {
    let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).ok().filter(|_| bytes <= budget);
    let units = units.ok_or_else(|| {
        let message = format!("takes {bytes} bytes to {to}; {budget} are allowed");
        Error::new(Kind::LimitExceeded, "picture", message)
    })?;
    room.clone().acquire_many_owned(units).await.map_err(closed)
}

/// Nobody closes a semaphore here.
fn closed(error: AcquireError) -> Error {
    Error::new(Kind::Internal, "decode_pool", "is closed").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::mpsc, time::Duration};
    use tokio::time::timeout;

    fn decode_pool(memory_bytes: u64, workers: usize, max_waiting: usize) -> Arc<DecodePool> {
        Arc::new(DecodePool::new(PoolLimits { memory_bytes, workers, max_waiting }))
    }

    /// A place with `bytes` set aside.
    async fn job(decode_pool: &Arc<DecodePool>, bytes: u64) -> Result<Reservation> {
        let job = decode_pool.admit()?;
        job.reserve(bytes).await?;
        Ok(job)
    }

    const SOON: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn pictures_are_weighed_by_their_bytes() {
        // Three quarters of it are for work.
        let decode_pool = decode_pool(16 << 10, 8, 8);
        let first = job(&decode_pool, 8 << 10).await.unwrap();
        drop(job(&decode_pool, 4 << 10).await.unwrap());
        assert!(timeout(SOON, job(&decode_pool, (4 << 10) + 1)).await.is_err(), "a large one waits");
        first.finish(1);
        drop(job(&decode_pool, 11 << 10).await.unwrap());
        assert!(timeout(SOON, job(&decode_pool, 12 << 10)).await.is_err(), "the answer still takes room");
        drop(first);
        drop(job(&decode_pool, 12 << 10).await.unwrap());
        let error = job(&decode_pool, (12 << 10) + 1).await.unwrap_err();
        assert_eq!(error.kind, Kind::LimitExceeded);
    }

    #[tokio::test]
    async fn sources_have_a_budget_of_their_own() {
        let decode_pool = decode_pool(16 << 10, 8, 8);
        let first = decode_pool.admit().unwrap();
        first.reserve_source(Some(3 << 10)).await.unwrap();
        let second = decode_pool.admit().unwrap();
        assert!(
            timeout(SOON, second.reserve_source(None)).await.is_err(),
            "one of unknown length takes it all"
        );
        first.reserve(12 << 10).await.unwrap();
        second.reserve_source(Some(1 << 10)).await.unwrap();
        first.finish(0);
        second.reserve(12 << 10).await.unwrap();
        let error = first.reserve_source(Some((4 << 10) + 1)).await.unwrap_err();
        assert_eq!(error.kind, Kind::LimitExceeded);
    }

    #[tokio::test]
    async fn the_queue_ends_and_those_who_leave_it_make_room() {
        let decode_pool = decode_pool(1 << 20, 1, 1);
        let (first, second) = (decode_pool.admit().unwrap(), decode_pool.admit().unwrap());
        assert_eq!(decode_pool.admit().unwrap_err().kind, Kind::Busy);
        drop(first);
        let third = decode_pool.admit().unwrap();
        assert_eq!(decode_pool.admit().unwrap_err().kind, Kind::Busy);
        drop((second, third));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn work_that_nobody_waits_for_learns_of_it_and_holds_its_memory_to_the_end() {
        let decode_pool = decode_pool(16 << 10, 1, 1);
        let first = job(&decode_pool, 12 << 10).await.unwrap();
        let gone = first.gone();
        let (begun, has_begun) = mpsc::channel();
        let (end, may_end) = mpsc::channel::<()>();
        let working = tokio::spawn(async move {
            let work = move || {
                begun.send(()).unwrap();
                may_end.recv().unwrap();
                Ok(())
            };
            first.work(work).await
        });
        task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
        assert!(!gone.load(Ordering::Relaxed));
        working.abort();
        assert!(working.await.unwrap_err().is_cancelled());
        assert!(gone.load(Ordering::Relaxed));
        assert!(timeout(SOON, job(&decode_pool, 1 << 10)).await.is_err(), "the memory is in use");
        end.send(()).unwrap();
        let second = job(&decode_pool, 12 << 10).await.unwrap();
        assert_eq!(second.work(|| Ok(2)).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_gives_back_what_it_held() {
        let decode_pool = decode_pool(1 << 20, 1, 0);
        let first = job(&decode_pool, 1 << 19).await.unwrap();
        assert_eq!(first.work::<u8>(|| panic!("a defect")).await.unwrap_err().kind, Kind::Internal);
        assert_eq!(first.work(|| Ok(1)).await.unwrap(), 1);
    }
}
