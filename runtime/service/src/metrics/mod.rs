//! Metrics of requests, as they happen, through the `metrics` facade: each program chooses what becomes of them.
//!
//! Labels have only the values that are registered at the start, so that no request can add a series.

mod family;
mod table;

pub use family::Family;
pub use table::{ALL, Metric, MetricKind, table, *};

use crate::{queue::Queue, status};
use http::{Method, StatusCode};
use metrics::{Counter, Gauge, Histogram, NoopRecorder, Recorder};
use safelight_core::{Format, Kind, Registry, Stage};
use std::{fmt, time::Duration};

/// The value of a label for everything that has none of its own.
const OTHER: &str = "other";

/// The methods that clients send.
const METHODS: [&str; 5] = ["GET", "HEAD", "OPTIONS", "POST", OTHER];

/// The statuses of responses, besides those of [`Kind`].
const STATUSES: [StatusCode; 3] = [status::WHOLE, status::PART, status::NOT_MODIFIED];

/// A part of the time of a request. Parts may overlap: a source is read while it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Waits for memory and a core.
    Queue,
    /// Waits for the source.
    Source,
    /// Decodes.
    Decode,
    /// Runs transforms.
    Transform,
    /// Encodes.
    Encode,
    /// Sends the response, from its head to its last byte.
    Send,
}

impl Span {
    /// All spans, in the order of their declaration.
    pub const ALL: [Self; 6] =
        [Self::Queue, Self::Source, Self::Decode, Self::Transform, Self::Encode, Self::Send];

    /// Returns the value of the label.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Source => "source",
            Self::Decode => "decode",
            Self::Transform => "transform",
            Self::Encode => "encode",
            Self::Send => "send",
        }
    }
}

impl From<Stage> for Span {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Decode(_) => Self::Decode,
            Stage::Transform(_) => Self::Transform,
            Stage::Encode(_) => Self::Encode,
        }
    }
}

/// Where a result came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResultOutcome {
    /// It was kept.
    Hit,
    /// It was kept, and its source has not changed.
    Revalidated,
    /// Another request computed it at the same time.
    Coalesced,
    /// It was computed.
    Miss,
}

impl ResultOutcome {
    const ALL: [Self; 4] = [Self::Hit, Self::Revalidated, Self::Coalesced, Self::Miss];

    fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Revalidated => "revalidated",
            Self::Coalesced => "coalesced",
            Self::Miss => "miss",
        }
    }
}

/// The facts about a request that has ended.
#[derive(Debug)]
pub(crate) struct Ended<'a> {
    pub(crate) method: &'a str,
    /// The name of the viewer, as in the log.
    pub(crate) subject: Option<&'a str>,
    pub(crate) status: StatusCode,
    pub(crate) kind: Option<Kind>,
    pub(crate) duration: Duration,
    /// Bytes that the source delivered.
    pub(crate) read: u64,
    pub(crate) sent: u64,
    /// Whether the whole body was sent.
    pub(crate) complete: bool,
}

/// The metrics of requests.
pub struct Metrics {
    requests: Family<Counter>,
    subjects: Family<Counter>,
    statuses: Family<Counter>,
    errors: Family<Counter>,
    in_progress: Gauge,
    duration: Histogram,
    spans: Family<Histogram>,
    read: Counter,
    sent: Counter,
    saved: Counter,
    decoded: Family<Counter>,
    decodes: Family<Histogram>,
    transforms: Family<Histogram>,
    encodes: Family<Histogram>,
    queue_waits: Family<Histogram>,
    results: Family<Counter>,
}

impl Metrics {
    /// Registers the metrics with `recorder`, and with them the labels of all transforms and codecs of `registry`, and
    /// of `subjects`, viewers as the log names them.
    pub fn new(recorder: &dyn Recorder, registry: Registry, subjects: &[String]) -> Self {
        let statuses = STATUSES.into_iter().chain([status::client_disconnected()]);
        let statuses = statuses.chain(Kind::ALL.into_iter().map(status::of)).map(status_label);
        let mut statuses: Vec<_> = statuses.chain([OTHER]).collect();
        statuses.sort_unstable();
        statuses.dedup();
        let inputs = || registry.decoders.iter().map(|decoder| format_label(decoder.format()));
        let outputs = registry.encoders.iter().map(|encoder| format_label(encoder.format()));
        Self {
            requests: Family::new(recorder, &REQUESTS, METHODS),
            subjects: Family::new(recorder, &SUBJECTS, subjects.iter().cloned().chain([OTHER.to_owned()])),
            statuses: Family::new(recorder, &STATUS_CODES, statuses),
            errors: Family::new(recorder, &ERRORS, Kind::ALL.map(Kind::name)),
            in_progress: REQUESTS_IN_PROGRESS.register(recorder),
            duration: REQUEST_DURATION.register(recorder),
            spans: Family::new(recorder, &REQUEST_SPANS, Span::ALL.map(Span::name)),
            read: SOURCE_BYTES.register(recorder),
            sent: RESPONSE_BYTES.register(recorder),
            saved: SAVED_BYTES.register(recorder),
            decoded: Family::new(recorder, &DECODED_PIXELS, inputs()),
            decodes: Family::new(recorder, &DECODE_DURATION, inputs()),
            transforms: Family::new(
                recorder,
                &TRANSFORM_DURATION,
                registry.transforms.iter().map(|transform| transform.name()),
            ),
            encodes: Family::new(recorder, &ENCODE_DURATION, outputs),
            queue_waits: Family::new(recorder, &QUEUE_WAIT, Queue::ALL.map(Queue::name)),
            results: Family::new(recorder, &RESULTS, ResultOutcome::ALL.map(ResultOutcome::name)),
        }
    }

    /// Counts a request that arrived.
    pub(crate) fn begin(&self) {
        self.in_progress.increment(1.0);
    }

    /// Counts a request that has ended.
    pub(crate) fn end(&self, ended: &Ended<'_>) {
        self.in_progress.decrement(1.0);
        self.requests.or_other(ended.method, OTHER).increment(1);
        self.subjects.or_other(ended.subject.unwrap_or(OTHER), OTHER).increment(1);
        self.statuses.or_other(status_label(ended.status), OTHER).increment(1);
        if let Some(kind) = ended.kind {
            self.errors.of(kind.name()).increment(1);
        }
        self.duration.record(ended.duration);
        self.read.increment(ended.read);
        self.sent.increment(ended.sent);
        if ended.kind.is_none()
            && ended.complete
            && ended.status == status::WHOLE
            && ended.method != Method::HEAD.as_str()
        {
            self.saved.increment(ended.read.saturating_sub(ended.sent));
        }
    }

    /// Records a part of the time of a request.
    pub(crate) fn span(&self, span: Span, time: Duration) {
        self.spans.of(span.name()).record(time);
    }

    /// Records the end of a stage.
    pub(crate) fn stage(&self, stage: Stage, time: Duration) {
        let histogram = match stage {
            Stage::Decode(format) => self.decodes.of(format_label(format)),
            Stage::Transform(name) => self.transforms.of(name),
            Stage::Encode(format) => self.encodes.of(format_label(format)),
        };
        histogram.record(time);
    }

    /// Counts decoded pixels.
    pub(crate) fn decoded(&self, format: Format, pixels: u64) {
        self.decoded.of(format_label(format)).increment(pixels);
    }

    /// Counts a request for a result.
    pub(crate) fn result(&self, outcome: ResultOutcome) {
        self.results.of(outcome.name()).increment(1);
    }

    /// Records the wait of an image in a queue.
    pub(crate) fn queue_wait(&self, queue: &str, time: Duration) {
        self.queue_waits.of(queue).record(time);
    }
}

impl Default for Metrics {
    /// Metrics that nothing records.
    fn default() -> Self {
        Self::new(&NoopRecorder, Registry { transforms: &[], decoders: &[], encoders: &[] }, &[])
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// Returns the value of the label for a format: its MIME type without `image/`.
fn format_label(format: Format) -> &'static str {
    let mime = format.mime();
    mime.strip_prefix("image/").unwrap_or(mime)
}

/// Returns the value of the label for a status.
fn status_label(status: StatusCode) -> &'static str {
    /// The statuses of this program.
    const LABELS: [&str; 22] = [
        "200", "206", "304", "400", "401", "403", "404", "405", "406", "409", "410", "412", "413", "415",
        "416", "422", "429", "499", "500", "502", "503", "504",
    ];
    LABELS.into_iter().find(|label| *label == status.as_str()).unwrap_or(OTHER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_an_error_has_a_label() {
        let statuses =
            STATUSES.into_iter().chain(Kind::ALL.map(status::of)).chain([status::client_disconnected()]);
        for status in statuses {
            assert_eq!(status_label(status), status.as_str());
        }
        assert_eq!(status_label(StatusCode::IM_A_TEAPOT), OTHER);
    }
}
