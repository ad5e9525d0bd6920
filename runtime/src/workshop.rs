//! Heavy work: kept off the threads that serve connections, one picture for each core, within a
//! budget of memory, behind a queue that ends.

use safelight_core::{Error, Kind, Result};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use tokio::{
    sync::{AcquireError, Semaphore},
    task,
};

/// Bounds on heavy work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkshopLimits {
    /// Bytes that decoded pictures may take, all requests together. Defaults to 1 GiB.
    pub memory_bytes: u64,
    /// Pictures that are worked on at a time. Defaults to the number of cores.
    pub workers: usize,
    /// Pictures that may wait; one more is refused with [`Kind::Busy`]. Defaults to 256.
    pub max_waiting: usize,
}

impl Default for WorkshopLimits {
    fn default() -> Self {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Self { memory_bytes: 1 << 30, workers, max_waiting: 256 }
    }
}

/// Where heavy work is done. A request is weighed by the bytes it will take, not counted as one.
#[derive(Debug)]
pub struct Workshop {
    limits: WorkshopLimits,
    /// A permit for each [`UNIT_BYTES`] of the budget.
    memory: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    /// A permit for each picture that waits or is worked on.
    places: Arc<Semaphore>,
}

/// The budget is dealt out in pieces, so that its permits fit the type that counts them.
const UNIT_BYTES: u64 = 1 << 10;

impl Workshop {
    /// A workshop within `limits`.
    pub fn new(limits: WorkshopLimits) -> Self {
        let units = usize::try_from(limits.memory_bytes / UNIT_BYTES).unwrap_or(usize::MAX);
        Self {
            memory: Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS))),
            workers: Arc::new(Semaphore::new(limits.workers.max(1))),
            places: Arc::new(Semaphore::new(limits.workers.max(1).saturating_add(limits.max_waiting))),
            limits,
        }
    }

    /// Does `work`, which takes `bytes` bytes, on a thread of its own, when its turn comes. A caller that
    /// goes away gives its place in the queue up.
    ///
    /// # Errors
    /// [`Kind::LimitExceeded`] if the budget is smaller than that, [`Kind::Busy`] if the queue is full,
    /// [`Kind::Internal`] if the work panics, and what the work refuses.
    pub async fn work<T: Send + 'static>(
        &self,
        bytes: u64,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let budget = self.limits.memory_bytes;
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).ok().filter(|_| bytes <= budget);
        let units = units.ok_or_else(|| {
            let message = format!("takes {bytes} bytes to decode and change; {budget} are allowed");
            Error::new(Kind::LimitExceeded, "picture", message)
        })?;
        let busy = |_| Error::new(Kind::Busy, "workshop", "too many pictures wait already; try again later");
        let place = self.places.clone().try_acquire_owned().map_err(busy)?;
        let memory = self.memory.clone().acquire_many_owned(units).await.map_err(closed)?;
        let worker = self.workers.clone().acquire_owned().await.map_err(closed)?;
        let defect = || Error::new(Kind::Internal, "workshop", "the transform failed unexpectedly");
        let done = task::spawn_blocking(move || {
            // Held to the end of the work, which goes on if the caller goes away.
            let _held = (place, memory, worker);
            catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(defect()))
        });
        done.await.unwrap_or_else(|_| Err(defect()))
    }
}

/// Nobody closes a semaphore here.
fn closed(error: AcquireError) -> Error {
    Error::new(Kind::Internal, "workshop", "is closed").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::{Mutex, mpsc},
        time::Duration,
    };
    use tokio::time::timeout;

    fn workshop(memory_bytes: u64, workers: usize, max_waiting: usize) -> Arc<Workshop> {
        Arc::new(Workshop::new(WorkshopLimits { memory_bytes, workers, max_waiting }))
    }

    /// Work that has begun when the first channel says so, and ends when the second one does.
    fn held() -> (impl FnOnce() -> Result<u8> + Send, mpsc::Receiver<()>, mpsc::Sender<()>) {
        let (begun, has_begun) = mpsc::channel();
        let (end, may_end) = mpsc::channel();
        let may_end = Mutex::new(may_end);
        let work = move || {
            begun.send(()).unwrap();
            may_end.lock().unwrap().recv().unwrap();
            Ok(1)
        };
        (work, has_begun, end)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn pictures_are_weighed_by_their_bytes() {
        let workshop = workshop(10 << 10, 8, 8);
        let (work, has_begun, end) = held();
        let first = tokio::spawn({
            let workshop = workshop.clone();
            async move { workshop.work(6 << 10, work).await }
        });
        task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
        let small = workshop.work(4 << 10, || Ok(2)).await;
        assert_eq!(small.unwrap(), 2, "there is room for a small one beside it");
        let large = workshop.work((4 << 10) + 1, || Ok(3));
        assert!(timeout(Duration::from_millis(50), large).await.is_err(), "a large one waits");
        end.send(()).unwrap();
        assert_eq!(first.await.unwrap().unwrap(), 1);
        assert_eq!(workshop.work(10 << 10, || Ok(4)).await.unwrap(), 4);
        let error = workshop.work((10 << 10) + 1, || Ok(5)).await.unwrap_err();
        assert_eq!(error.kind, Kind::LimitExceeded);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_queue_ends_and_those_who_leave_it_make_room() {
        let workshop = workshop(1 << 20, 1, 1);
        let (work, has_begun, end) = held();
        let first = tokio::spawn({
            let workshop = workshop.clone();
            async move { workshop.work(1, work).await }
        });
        task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
        let waits = workshop.work(1, || Ok(2));
        assert!(timeout(Duration::from_millis(50), waits).await.is_err(), "it waits, and then leaves");
        let waits = tokio::spawn({
            let workshop = workshop.clone();
            async move { workshop.work(1, || Ok(3)).await }
        });
        while workshop.places.available_permits() != 0 {
            task::yield_now().await;
        }
        assert_eq!(workshop.work(1, || Ok(4)).await.unwrap_err().kind, Kind::Busy);
        end.send(()).unwrap();
        assert_eq!((first.await.unwrap().unwrap(), waits.await.unwrap().unwrap()), (1, 3));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_gives_back_what_it_held() {
        let workshop = workshop(1 << 20, 1, 0);
        let error = workshop.work::<u8>(1 << 20, || panic!("a defect")).await.unwrap_err();
        assert_eq!(error.kind, Kind::Internal);
        assert_eq!(workshop.work(1 << 20, || Ok(1)).await.unwrap(), 1);
    }
}
