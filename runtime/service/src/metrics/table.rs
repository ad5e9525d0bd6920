//! The table of all metrics, from which their registration and `docs/metrics.md` are made.
//!
//! Names follow imgproxy's where it has the same metric, so that a dashboard needs another prefix only; those of the
//! process are the ones of Prometheus' client libraries.

use super::family::Series;
use metrics::{Key, Label, Level, Metadata, Recorder, SharedString, Unit};
use std::fmt::Write;

/// The metadata of all metrics, which exporters ignore.
pub(super) const METADATA: Metadata<'static> = Metadata::new("safelight", Level::INFO, None);

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// A number at one moment.
    Gauge,
    /// A distribution.
    Histogram,
}

/// A metric.
#[derive(Debug)]
pub struct Metric {
    /// Name.
    pub name: &'static str,
    /// Type.
    pub kind: MetricKind,
    /// Unit.
    pub unit: Unit,
    /// Name of the label, if it has one.
    pub label: Option<&'static str>,
    /// The description.
    pub help: &'static str,
}

impl Metric {
    const fn new(
        kind: MetricKind,
        unit: Unit,
        name: &'static str,
        label: Option<&'static str>,
        help: &'static str,
    ) -> Self {
        Self { name, kind, unit, label, help }
    }

    const fn counter(name: &'static str, label: Option<&'static str>, help: &'static str) -> Self {
        Self::new(MetricKind::Counter, Unit::Count, name, label, help)
    }

    const fn gauge(name: &'static str, label: Option<&'static str>, help: &'static str) -> Self {
        Self::new(MetricKind::Gauge, Unit::Count, name, label, help)
    }

    const fn seconds(name: &'static str, label: Option<&'static str>, help: &'static str) -> Self {
        Self::new(MetricKind::Histogram, Unit::Seconds, name, label, help)
    }

    const fn in_bytes(mut self) -> Self {
        self.unit = Unit::Bytes;
        self
    }

    /// Registers the only series of a metric without a label.
    pub fn register<S: Series>(&self, recorder: &dyn Recorder) -> S {
        self.describe(recorder);
        S::register(self, recorder, None)
    }

    /// Tells `recorder` what the metric means.
    pub(super) fn describe(&self, recorder: &dyn Recorder) {
        let (name, help) = (self.name.into(), self.help.into());
        match self.kind {
            MetricKind::Counter => recorder.describe_counter(name, Some(self.unit), help),
            MetricKind::Gauge => recorder.describe_gauge(name, Some(self.unit), help),
            MetricKind::Histogram => recorder.describe_histogram(name, Some(self.unit), help),
        }
    }

    /// Returns the key of the series whose label has this value.
    pub(super) fn key(&self, value: Option<SharedString>) -> Key {
        let labels = self.label.zip(value).map(|(label, value)| Label::new(label, value));
        Key::from_parts(self.name, labels.into_iter().collect::<Vec<_>>())
    }
}

macro_rules! metrics {
    ($($name:ident = $metric:expr;)*) => {
        $(
            #[doc = concat!("See `docs/metrics.md`: `", stringify!($name), "`.")]
            pub const $name: Metric = $metric;
        )*

        /// All metrics, in the order of the documentation.
        pub const ALL: &[Metric] = &[$($name),*];
    };
}

metrics! {
    REQUESTS = Metric::counter("safelight_requests_total", Some("method"), "Requests that have ended, by method");
    SUBJECTS = Metric::counter(
        "safelight_subject_requests_total",
        Some("subject"),
        "Requests that have ended, by the viewer with a token, for those whom --metrics-subjects names",
    );
    STATUS_CODES = Metric::counter("safelight_status_codes_total", Some("status"), "Responses, by status; 499 if the client left before");
    ERRORS = Metric::counter("safelight_errors_total", Some("kind"), "Failed requests, by kind of failure");
    REQUESTS_IN_PROGRESS = Metric::gauge("safelight_requests_in_progress", None, "Requests that have arrived and not ended");
    REQUEST_DURATION = Metric::seconds("safelight_request_duration_seconds", None, "Time from the arrival of a request to the last byte of its response");
    REQUEST_SPANS = Metric::seconds("safelight_request_span_duration_seconds", Some("span"), "Parts of that time: queue, source, decode, transform, encode, send. The source is read while it is decoded, so parts may overlap");
    SOURCE_BYTES = Metric::counter("safelight_source_bytes_total", None, "Bytes that sources delivered").in_bytes();
    RESPONSE_BYTES = Metric::counter("safelight_response_bytes_total", None, "Bytes of bodies that were sent").in_bytes();
    SAVED_BYTES = Metric::counter("safelight_saved_bytes_total", None, "Bytes by which whole responses were smaller than what was read of their sources").in_bytes();
    DECODED_PIXELS = Metric::counter("safelight_decoded_pixels_total", Some("format"), "Decoded pixels, at the scale at which they were decoded, by format of the source");
    DECODE_DURATION = Metric::seconds("safelight_decode_duration_seconds", Some("format"), "Time of a decode, by format of the source");
    TRANSFORM_DURATION = Metric::seconds("safelight_transform_duration_seconds", Some("transform"), "Time of a transform for one frame, or of a scan of the file, by transform");
    ENCODE_DURATION = Metric::seconds("safelight_encode_duration_seconds", Some("format"), "Time of an encode, by format of the response");
    QUEUE_WAIT = Metric::seconds("safelight_queue_wait_seconds", Some("queue"), "Wait of an image for memory and a core, by lane: small, large; or for the buffer of its source: source");
    QUEUE_LENGTH = Metric::gauge("safelight_queue_length", Some("queue"), "Images that wait, by queue");
    WORKERS = Metric::gauge("safelight_workers", Some("lane"), "Images that may be processed at a time, by lane");
    WORKERS_BUSY = Metric::gauge("safelight_workers_busy", Some("lane"), "Images that are processed, by lane");
    MEMORY_BUDGET = Metric::gauge("safelight_memory_budget_bytes", Some("queue"), "Memory that images may reserve, by queue").in_bytes();
    MEMORY_RESERVED = Metric::gauge("safelight_memory_reserved_bytes", Some("queue"), "Memory that images have reserved, by queue").in_bytes();
    RESULTS = Metric::counter("safelight_results_total", Some("outcome"), "Requests for decoded images, by where the result came from: hit, revalidated, coalesced, miss");
    RESULT_BYTES = Metric::gauge("safelight_result_cache_bytes", Some("tier"), "Bytes of kept results, by tier: memory, disk").in_bytes();
    CHILDREN = Metric::gauge("safelight_children", Some("state"), "Child processes: those that wait for a task, and those that work");
    CHILD_STARTS = Metric::counter("safelight_child_starts_total", None, "Child processes that were started");
    CHILD_DEATHS = Metric::counter("safelight_child_deaths_total", Some("reason"), "Child processes that ended without a result, by reason; stopped if the request had ended");
    CONNECTIONS = Metric::gauge("safelight_connections", Some("state"), "Open connections, by whether they wait for a request");
    CONNECTIONS_MAX = Metric::gauge("safelight_connections_max", None, "Maximum open connections");
    CONNECTIONS_CLOSED = Metric::counter("safelight_connections_closed_total", Some("reason"), "Closed connections, by reason");
    BUILD_INFO = Metric::gauge("safelight_build_info", Some("version"), "1, with the version of the program");
    RESIDENT_MEMORY = Metric::gauge("process_resident_memory_bytes", None, "Resident memory of the process; Linux only").in_bytes();
    OPEN_FILES = Metric::gauge("process_open_fds", None, "Open files of the process; Linux only");
}

/// Returns the table of all metrics in Markdown.
pub fn table() -> String {
    let mut text = "| metric | type | label | meaning |\n|---|---|---|---|\n".to_owned();
    for Metric { name, kind, label, help, .. } in ALL {
        let kind = match kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        let label = label.map(|label| format!("`{label}`")).unwrap_or_default();
        writeln!(text, "| `{name}` | {kind} | {label} | {help} |").expect("writing to a string cannot fail");
    }
    text
}
