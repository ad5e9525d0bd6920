//! The place of one image in the pool, with the memory that is reserved for it.

use super::{
    DecodePool, ORIGIN, SOURCE_SHARE, UNIT_BYTES, busy,
    job::{Input, Job},
    queue::Wait,
    reserved::reserved,
    rest::Counted,
    thread,
};
use crate::{defect::defect, meter::Meter, queue::Queue};
use bytes::Bytes;
use safelight_core::{Cost, Result, Session, Sink, Stop, StopReason};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::{
    select,
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    task,
    time::{Instant, timeout, timeout_at},
};

/// Chunks of a source that wait for the thread of their image: enough that it seldom waits for the next one.
const CHUNKS: usize = 4;

/// The place of one image in the pool, with the memory that is reserved for it.
///
/// Dropping it stops the work. Memory is released once the work has ended and the last byte of its output was dropped.
#[derive(Debug)]
pub struct Reservation {
    pool: Arc<DecodePool>,
    place: Option<OwnedSemaphorePermit>,
    permits: Arc<Permits>,
    /// The reserved cost, which determines the lane.
    cost: Cost,
    deadline: Instant,
    stop: Stop,
    meter: Arc<Meter>,
    /// The wait for memory and a core, until the work begins.
    wait: Option<Wait>,
}

/// Reserved memory, shared by the reservation, the running work and the bytes of the output.
#[derive(Debug)]
struct Permits {
    held: Mutex<Held>,
    #[expect(dead_code, reason = "counts until it is dropped")]
    counted: Counted,
}

#[derive(Debug, Default)]
struct Held {
    source: Option<OwnedSemaphorePermit>,
    memory: Option<OwnedSemaphorePermit>,
}

impl Permits {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    pub(super) fn new(
        pool: Arc<DecodePool>,
        place: OwnedSemaphorePermit,
        deadline: Instant,
        meter: Arc<Meter>,
    ) -> Self {
        Self {
            permits: Arc::new(Permits { held: Mutex::default(), counted: pool.rest.count() }),
            pool,
            place: Some(place),
            cost: Cost::default(),
            deadline,
            stop: Stop::default(),
            meter,
            wait: None,
        }
    }

    /// Reserves memory for a buffered source of `bytes` bytes, and waits for it. If the length is unknown, reserves
    /// the whole share of sources. Returns how long the source may be.
    ///
    /// # Errors
    /// [`safelight_core::Kind::LimitExceeded`] if the share is smaller than that, [`safelight_core::Kind::Busy`] after the longest wait.
    pub async fn reserve_source(&self, bytes: Option<u64>) -> Result<u64> {
        /// A buffer of unknown length grows to twice its size, and is copied from the one before.
        const GROWTH: u64 = 3;
        let budget = self.pool.limits.memory_bytes / SOURCE_SHARE;
        let _wait = Wait::new(&self.pool, Queue::Source, &self.meter);
        let permit =
            self.pool.sources.acquire(bytes.unwrap_or(budget), "buffer its source", self.deadline).await?;
        self.permits.held().source = Some(permit);
        Ok(bytes.unwrap_or(budget / GROWTH))
    }

    /// Reserves memory for heavy work, and waits for it. A reservation for the source stays.
    ///
    /// # Errors
    /// [`safelight_core::Kind::LimitExceeded`] if the budget is smaller than that, [`safelight_core::Kind::Busy`] after the longest wait.
    pub async fn reserve(&mut self, cost: Cost) -> Result<()> {
        let lane = self.pool.lane(cost);
        self.wait = Some(Wait::new(&self.pool, lane.queue, &self.meter));
        let permit = lane.memory.acquire(cost.bytes, "decode and transform it", self.deadline).await?;
        self.permits.held().memory = Some(permit);
        self.cost = cost;
        Ok(())
    }

    /// Returns the signal that stops the work.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Runs `session` to its end on a thread of its own, when a core is free. `feed` sends the rest of the source.
    /// Returns what `output` became.
    ///
    /// # Errors
    /// Those of the session and of `feed`; [`safelight_core::Kind::Busy`] after the longest wait, [`safelight_core::Kind::Timeout`] if the work takes
    /// too long, [`safelight_core::Kind::Internal`] if it panics.
    pub(crate) async fn run<O, F>(
        &mut self,
        session: Box<dyn Session>,
        output: O,
        feed: impl FnOnce(mpsc::Sender<Input>) -> F,
    ) -> Result<O>
    where
        O: Sink + Send + 'static,
        F: Future<Output = Result<()>>,
    {
        let lane = self.pool.lane(self.cost);
        let cores = lane.cores.clone();
        let no_core = |_| busy("no core became free in time");
        let core = timeout_at(self.deadline, cores.start()).await.map_err(no_core);
        self.wait = None;
        let (core, meter) = (core?, self.meter.clone());
        let (input, chunks) = mpsc::channel(CHUNKS);
        let (result, done) = oneshot::channel();
        let job = Job { session, output, chunks, stop: self.stop(), cores, meter };
        // Also after the client has disconnected, the memory is reserved until the work has ended.
        let permits = self.permits.clone();
        let run = move || {
            let outcome = job.run(core);
            drop(permits);
            // No receiver is left if the client has disconnected.
            let _ = result.send(outcome);
        };
        if lane.is_yielding {
            thread::spawn_yielding(run)
                .map_err(|error| busy("no thread could be started").with_source(error))?;
        } else {
            task::spawn_blocking(run);
        }
        let work = async {
            let (mut feed, mut done) = (std::pin::pin!(feed(input)), done);
            let mut is_fed = false;
            loop {
                select! {
                    biased;
                    outcome = &mut done => return outcome.unwrap_or_else(|_| Err(defect(ORIGIN))),
                    result = &mut feed, if !is_fed => {
                        result?;
                        is_fed = true;
                    }
                }
            }
        };
        let outcome = timeout(self.pool.limits.work_timeout, work).await;
        outcome.unwrap_or_else(|_| {
            self.stop.set(StopReason::Deadline);
            self.stop.check().and_then(|()| Err(defect(ORIGIN)))
        })
    }

    /// Ends the work: leaves the queue, and returns `output` as bytes that keep as much of the reservation as they
    /// take.
    pub fn finish(mut self, output: impl IntoIterator<Item = Bytes>) -> Vec<Bytes> {
        self.place = None;
        let output: Vec<_> = output.into_iter().collect();
        let bytes: u64 = output.iter().map(|bytes| bytes.len() as u64).sum();
        let units = usize::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(usize::MAX);
        let mut held = self.permits.held();
        if let Some(mut all) = held.memory.take() {
            // The source is not in the output of a decode.
            held.source = None;
            held.memory = all.split(units.min(all.num_permits()));
        }
        drop(held);
        output.into_iter().map(|bytes| reserved(bytes, &self.permits)).collect()
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.stop.set(StopReason::Disconnected);
    }
}
