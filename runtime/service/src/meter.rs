//! The cost of a response: bytes read, and the time of each part of the work.

use crate::metrics::{Metrics, Span};
use safelight_core::Stage;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Counters of one request.
#[derive(Debug, Default)]
pub struct Meter {
    metrics: Arc<Metrics>,
    read: AtomicU64,
    /// Nanoseconds, by [`Span`].
    spans: [AtomicU64; Span::ALL.len()],
    clock: Mutex<Clock>,
}

/// The clock of the work. One thread at a time works for a request, so the lock is not contended.
#[derive(Debug, Default)]
struct Clock {
    stage: Option<Stage>,
    /// Time of the stage until the last stop.
    spent: Duration,
    /// When the clock was started, if it runs.
    since: Option<Instant>,
}

impl Clock {
    /// Returns the time since the start, or since the last call.
    fn lap(&mut self) -> Duration {
        let Some(since) = &mut self.since else { return Duration::ZERO };
        let now = Instant::now();
        now.duration_since(std::mem::replace(since, now))
    }
}

impl Meter {
    /// Counts a request, and records its parts in `metrics`.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, ..Self::default() }
    }

    /// Returns the metrics.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Returns the number of bytes that the source delivered.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Returns the time that transforms worked: scanning, decoding, changing, encoding.
    pub fn work(&self) -> Duration {
        [Span::Decode, Span::Transform, Span::Encode].map(|span| self.time(span)).iter().sum()
    }

    /// Returns the time of a part.
    pub fn time(&self, span: Span) -> Duration {
        Duration::from_nanos(self.spans[span as usize].load(Ordering::Relaxed))
    }

    /// Counts bytes that the source delivered.
    pub fn add_read(&self, bytes: usize) {
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Adds time to a part.
    pub(crate) fn add(&self, span: Span, time: Duration) {
        self.spans[span as usize].fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Returns the result of `work`, and counts the time for which it is awaited.
    pub(crate) async fn waiting<T>(&self, span: Span, work: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let result = work.await;
        self.add(span, start.elapsed());
        result
    }

    /// Returns the result of `work`, and counts its time for the stages that it enters.
    pub(crate) fn timed<T>(&self, work: impl FnOnce() -> T) -> T {
        self.clock().since = Some(Instant::now());
        let result = work();
        let mut clock = self.clock();
        self.lap(&mut clock);
        clock.since = None;
        result
    }

    /// Enters a stage of the work.
    pub(crate) fn enter(&self, stage: Stage) {
        let mut clock = self.clock();
        if clock.stage != Some(stage) {
            self.leave(&mut clock);
            clock.stage = Some(stage);
        }
    }

    /// Counts decoded pixels for the format of the current stage.
    pub(crate) fn decoded(&self, pixels: u64) {
        if let Some(Stage::Decode(format)) = self.clock().stage {
            self.metrics.decoded(format, pixels);
        }
    }

    /// Ends the request: records the last stage and all parts that took time.
    pub(crate) fn end(&self) {
        self.leave(&mut self.clock());
        for span in Span::ALL {
            let time = self.time(span);
            if !time.is_zero() {
                self.metrics.span(span, time);
            }
        }
    }

    fn leave(&self, clock: &mut Clock) {
        self.lap(clock);
        let spent = std::mem::take(&mut clock.spent);
        if let Some(stage) = clock.stage.take() {
            self.metrics.stage(stage, spent);
        }
    }

    fn lap(&self, clock: &mut Clock) {
        let time = clock.lap();
        clock.spent += time;
        // Before the first stage, a header is read.
        self.add(clock.stage.map_or(Span::Decode, Span::from), time);
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::Format;

    const UNIT: Duration = Duration::from_millis(2);

    #[test]
    fn the_time_of_work_is_divided_by_its_stages() {
        let meter = Meter::default();
        let busy = |time: Duration| {
            let start = Instant::now();
            while start.elapsed() < time {}
        };
        meter.timed(|| {
            busy(UNIT);
            meter.enter(Stage::Decode(Format::Jpeg));
            busy(UNIT);
        });
        // Between two parts of the work, none of it.
        busy(UNIT);
        meter.timed(|| {
            busy(UNIT);
            meter.enter(Stage::Transform("resize"));
            busy(UNIT);
            meter.enter(Stage::Encode(Format::Webp));
        });
        meter.end();
        let (decode, transform) = (meter.time(Span::Decode), meter.time(Span::Transform));
        assert!(3 * UNIT <= decode && UNIT <= transform, "{decode:?} {transform:?}");
        assert_eq!(meter.work(), decode + transform + meter.time(Span::Encode));
        assert_eq!(meter.time(Span::Queue) + meter.time(Span::Source), Duration::ZERO);
    }
}
