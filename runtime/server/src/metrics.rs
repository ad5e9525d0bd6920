//! Metrics in the text format of Prometheus, by `metrics-exporter-prometheus`.
//!
//! Requests count as they happen. Connections, queues, children and the process itself are read when they are scraped.

use crate::connections::{Connections, Reason};
use metrics::{Counter, Gauge, Recorder};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use safelight_core::Registry;
use safelight_service::{
    decode_pool::{DecodePool, Queue},
    isolated::Children,
    metrics::{
        BUILD_INFO, CHILD_DEATHS, CHILD_STARTS, CHILDREN, CONNECTIONS, CONNECTIONS_CLOSED, CONNECTIONS_MAX,
        DECODE_DURATION, ENCODE_DURATION, Family, MEMORY_BUDGET, MEMORY_RESERVED, Metrics, OPEN_FILES,
        QUEUE_LENGTH, RESIDENT_MEMORY, RESULT_BYTES, TRANSFORM_DURATION, WORKERS, WORKERS_BUSY,
    },
    results::Results,
};
use std::{sync::Arc, time::Duration};
use tokio::time;

/// The bounds of durations, in seconds.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The bounds of durations of which there are many series.
const DECADES: [f64; 5] = [0.001, 0.01, 0.1, 1.0, 10.0];

/// The time between two summaries of recorded durations, which are kept one by one until then.
const UPKEEP: Duration = Duration::from_secs(5);

/// Collects the metrics of requests.
pub struct Exporter {
    recorder: PrometheusRecorder,
}

impl Exporter {
    /// Creates an exporter without metrics.
    ///
    /// # Errors
    /// None: the bounds of durations are valid.
    pub fn new() -> Result<Self, BuildError> {
        let mut builder = PrometheusBuilder::new().set_buckets(&SECONDS)?;
        for metric in [&DECODE_DURATION, &TRANSFORM_DURATION, &ENCODE_DURATION] {
            builder = builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), &DECADES)?;
        }
        Ok(Self { recorder: builder.build_recorder() })
    }

    /// Registers the metrics of requests, which transforms and codecs of `registry` process, and of viewers among
    /// `subjects`.
    pub fn requests(&self, registry: Registry, subjects: &[String]) -> Metrics {
        Metrics::new(&self.recorder, registry, subjects)
    }

    /// Registers the metrics of the process, and returns what renders all of them. Summarises durations from time to
    /// time, in a task of the runtime, until the process ends.
    pub fn of_process(&self, process: Process) -> Scrape {
        let handle = self.recorder.handle();
        let upkeep = handle.clone();
        tokio::spawn(async move {
            let mut interval = time::interval(UPKEEP);
            loop {
                interval.tick().await;
                upkeep.run_upkeep();
            }
        });
        Scrape { samples: Samples::new(&self.recorder), process, handle }
    }
}

/// The parts of the process that have numbers of their own.
pub struct Process {
    /// The connections of viewers.
    pub connections: Arc<Connections>,
    /// The pool of heavy work.
    pub decode_pool: Arc<DecodePool>,
    /// The child processes.
    pub children: Children,
    /// The results that are kept.
    pub results: Arc<Results>,
}

/// Renders all metrics.
pub struct Scrape {
    samples: Samples,
    process: Process,
    handle: PrometheusHandle,
}

impl Scrape {
    /// Returns the current metrics in the text format of Prometheus.
    pub fn render(&self) -> String {
        self.samples.update(&self.process);
        self.handle.render()
    }
}

/// The metrics that are set at each scrape.
struct Samples {
    queue_length: Family<Gauge>,
    workers: Family<Gauge>,
    workers_busy: Family<Gauge>,
    memory_budget: Family<Gauge>,
    memory_reserved: Family<Gauge>,
    result_bytes: Family<Gauge>,
    children: Family<Gauge>,
    child_starts: Counter,
    child_deaths: Family<Counter>,
    connections: Family<Gauge>,
    connections_max: Gauge,
    connections_closed: Family<Counter>,
    resident_memory: Gauge,
    open_files: Gauge,
}

impl Samples {
    fn new(recorder: &dyn Recorder) -> Self {
        let queues = || Queue::ALL.map(Queue::name);
        let lanes = || [Queue::Small, Queue::Large].map(Queue::name);
        let version = env!("CARGO_PKG_VERSION");
        Family::<Gauge>::new(recorder, &BUILD_INFO, [version]).of(version).set(1.0);
        Self {
            queue_length: Family::new(recorder, &QUEUE_LENGTH, queues()),
            workers: Family::new(recorder, &WORKERS, lanes()),
            workers_busy: Family::new(recorder, &WORKERS_BUSY, lanes()),
            memory_budget: Family::new(recorder, &MEMORY_BUDGET, queues()),
            memory_reserved: Family::new(recorder, &MEMORY_RESERVED, queues()),
            result_bytes: Family::new(recorder, &RESULT_BYTES, ["memory", "disk"]),
            children: Family::new(recorder, &CHILDREN, ["waiting", "working"]),
            child_starts: CHILD_STARTS.register(recorder),
            child_deaths: Family::new(recorder, &CHILD_DEATHS, Children::REASONS),
            connections: Family::new(recorder, &CONNECTIONS, ["idle", "in_flight"]),
            connections_max: CONNECTIONS_MAX.register(recorder),
            connections_closed: Family::new(recorder, &CONNECTIONS_CLOSED, Reason::ALL.map(Reason::name)),
            resident_memory: RESIDENT_MEMORY.register(recorder),
            open_files: OPEN_FILES.register(recorder),
        }
    }

    fn update(&self, process: &Process) {
        for state in process.decode_pool.queues() {
            let name = state.queue.name();
            self.queue_length.of(name).set(state.waiting as f64);
            self.memory_budget.of(name).set(state.budget_bytes as f64);
            self.memory_reserved.of(name).set(state.reserved_bytes as f64);
            if let Some(busy) = state.busy {
                self.workers.of(name).set(state.workers as f64);
                self.workers_busy.of(name).set(busy as f64);
            }
        }

        let (in_memory, on_disk) = process.results.bytes();
        self.result_bytes.of("memory").set(in_memory as f64);
        self.result_bytes.of("disk").set(on_disk as f64);

        let children = process.children.counts();
        self.children.of("waiting").set(children.waiting as f64);
        self.children.of("working").set(children.working as f64);
        self.child_starts.absolute(children.started);
        for (reason, count) in children.deaths {
            self.child_deaths.of(reason).absolute(count);
        }

        let connections = process.connections.counts();
        self.connections.of("idle").set(connections.idle as f64);
        self.connections.of("in_flight").set(connections.in_flight as f64);
        self.connections_max.set(process.connections.limits().max_connections as f64);
        for reason in Reason::ALL {
            self.connections_closed.of(reason.name()).absolute(connections.closed(reason));
        }

        self.resident_memory.set(resident_bytes().unwrap_or_default() as f64);
        self.open_files.set(open_files().unwrap_or_default() as f64);
    }
}

/// Returns the resident memory of the process: the second field of `/proc/self/statm`, in pages (`proc_pid_statm(5)`).
fn resident_bytes() -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        let text = std::fs::read_to_string("/proc/self/statm").ok()?;
        let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
        Some(pages * rustix::param::page_size() as u64)
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// Returns the number of open files of the process, without the one that lists them.
fn open_files() -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        let count = std::fs::read_dir("/proc/self/fd").ok()?.count() as u64;
        Some(count.saturating_sub(1))
    }
    #[cfg(not(target_os = "linux"))]
    None
}
