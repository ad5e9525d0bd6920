//! The log: one line of JSON for each request, written when its last byte is sent or it is aborted.

use crate::{
    meter::Meter,
    metrics::{Ended, Span},
    response::SERVER_TIMING,
    status,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::{Body, Frame, SizeHint};
use percent_encoding::percent_decode_str;
use safelight_core::{Error, Kind, Result, keys::is_reserved};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Instant,
};
use tracing::{Subscriber, error, info, level_filters::LevelFilter, warn};
use tracing_subscriber::{Layer, filter::Targets, fmt::MakeWriter, prelude::*, registry::LookupSpan};

/// Writes the log to `writer` as JSON, panics included.
///
/// # Panics
/// The process has another log already.
pub fn init<W>(level: LevelFilter, writer: W)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::registry().with(lines(level, writer)).init();
    log_panics();
}

/// Returns the layer that writes lines to `writer`. Debug output of libraries may contain credentials, so it is
/// omitted at every level.
pub fn lines<S, W>(level: LevelFilter, writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let ours = Targets::new().with_target("safelight", level).with_default(level.min(LevelFilter::INFO));
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_writer(writer)
        .with_filter(ours)
}

/// Writes panics to the log instead of standard error.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| error!(%panic, "defect")));
}

/// The line of a request. Dropping it writes the line.
#[derive(Debug)]
pub struct Record {
    /// Name of the request.
    pub id: String,
    /// Method of the request.
    pub method: String,
    /// Path, percent-encoded.
    pub path: String,
    /// Name of the viewer, if a token was required.
    pub subject: Option<String>,
    /// Query as the client sent it, without credentials.
    pub raw_query: String,
    /// Canonical query.
    pub query: String,
    /// Status of the response, once there is one. Without one, the line has 499: the request was cancelled, mostly by its client.
    pub status: Option<StatusCode>,
    /// Error of the request or of the response's body.
    pub error: Option<Arc<Error>>,
    /// Durations of the phases up to the response's head, from `Server-Timing`.
    pub phases: Option<HeaderValue>,
    /// Counters of the request.
    pub meter: Arc<Meter>,
    /// Bytes of the body that went to the connection.
    pub sent: u64,
    /// Whether the whole body did, or the response has none.
    pub complete: bool,
    /// Time of the request's arrival.
    pub start: Instant,
    /// Time of the response's head, once there is one.
    pub head: Option<Instant>,
}

impl Record {
    /// Begins the record of a request.
    pub(crate) fn new(
        meter: Meter,
        id: String,
        method: String,
        path: String,
        raw_query: String,
        query: String,
    ) -> Self {
        meter.metrics().begin();
        Self {
            id,
            method,
            path,
            subject: None,
            raw_query,
            query,
            status: None,
            error: None,
            phases: None,
            meter: Arc::new(meter),
            sent: 0,
            complete: false,
            start: Instant::now(),
            head: None,
        }
    }

    /// Records the head of the response.
    pub fn note(&mut self, status: StatusCode, headers: &HeaderMap, error: Option<Error>) {
        self.status = Some(status);
        self.head = Some(Instant::now());
        self.phases = headers.get(SERVER_TIMING).cloned();
        self.error = error.map(Arc::new);
    }
}

impl Record {
    /// Counts the request, which has ended.
    fn count(&self) {
        if let Some(head) = self.head {
            self.meter.add(Span::Send, head.elapsed());
        }
        self.meter.end();
        self.meter.metrics().end(&Ended {
            method: &self.method,
            subject: self.subject.as_deref(),
            status: self.status.unwrap_or_default(),
            kind: self.error.as_deref().map(|error| error.kind),
            duration: self.start.elapsed(),
            read: self.meter.read(),
            sent: self.sent,
            complete: self.complete,
        });
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.status.is_none() {
            // The door was dropped while it waited: in the queue, or for the source.
            let message = "no response: the client disconnected, the deadline passed, or the server stopped";
            self.note(
                status::client_disconnected(),
                &HeaderMap::new(),
                Some(Error::new(Kind::Cancelled, "door", message)),
            );
        }
        self.count();
        let Self { id, method, path, subject, raw_query, query, sent, complete, .. } = &*self;
        let status = self.status.unwrap_or_default();
        let read = self.meter.read();
        let work_ms = self.meter.work().as_secs_f64() * 1e3;
        let ms = self.start.elapsed().as_secs_f64() * 1e3;
        let phases = self.phases.as_ref().and_then(|phases| phases.to_str().ok());
        let kind = self.error.as_deref().map(|error| error.kind.name());
        let origin = self.error.as_deref().map(|error| error.origin);
        let error = self.error.as_deref().map(|error| without_tokens(&chain(error)));

        // An error with a successful status truncated the response.
        let is_ours = status.is_server_error() || (error.is_some() && status.is_success());
        let status = self.status.map(|status| status.as_u16());
        macro_rules! line {
            ($level:ident) => {
                $level!(
                    id,
                    method,
                    path,
                    subject,
                    raw_query,
                    query,
                    status,
                    read,
                    sent,
                    complete,
                    phases,
                    work_ms,
                    ms,
                    kind,
                    origin,
                    error,
                    "{REQUEST}"
                )
            };
        }
        if is_ours {
            line!(warn);
        } else {
            line!(info);
        }
    }
}

/// Returns the raw query `raw` as the log may show it: values that authorize a request are left out, other values are as
/// `value` shows them, and a long query is cut.
pub fn loggable_query(raw: &str, value: impl Fn(&str) -> String) -> String {
    const MAX_CHARS: usize = 1000;
    /// Parts of names whose values may be secrets, whatever they are.
    const SECRET: [&str; 7] = ["auth", "jwt", "key", "passw", "secret", "session", "token"];
    /// Reserved keys that are no secrets, but say what the client wanted.
    const SHOWN: [&str; 6] = ["exp", "expires", "partnumber", "range", "versionid", "x-id"];
    let shown = |pair: &str| {
        let (key, own) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = percent_decode_str(key).decode_utf8_lossy().to_ascii_lowercase();
        let is_secret = is_reserved(&decoded) && !SHOWN.contains(&&*decoded)
            || SECRET.iter().any(|part| decoded.contains(part));
        match (is_secret, own.is_empty()) {
            (_, true) => without_tokens(pair),
            (true, false) => format!("{key}=…"),
            (false, false) => format!("{}={}", without_tokens(key), without_tokens(&value(own))),
        }
    };
    let pairs: Vec<_> = raw.split('&').map(shown).collect();
    let text = pairs.join("&");
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The message of every line about a request.
pub const REQUEST: &str = "request";

/// Returns `text` with a mark in place of each word that may be a token: messages quote values of queries and errors
/// of services. A token is long, and has digits and letters of both cases.
fn without_tokens(text: &str) -> String {
    const MIN_CHARS: usize = 32;
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.~+=%".contains(c);
    let is_token = |run: &str| {
        let has = |test: fn(&u8) -> bool| run.as_bytes().iter().any(test);
        MIN_CHARS <= run.len()
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_lowercase)
            && has(u8::is_ascii_uppercase)
    };
    let mut clean = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c| !is_part(c)) {
        let run = piece.trim_end_matches(|c| !is_part(c));
        clean.push_str(if is_token(run) { "…" } else { run });
        clean.push_str(&piece[run.len()..]);
    }
    clean
}

/// Returns an error and its causes, for the log only.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    // A body that wraps another passes on its error as its own.
    texts.dedup();
    texts.join(": ")
}

/// A body that completes the record of its request.
pub struct Logged<B> {
    body: B,
    record: Record,
}

impl<B: Body> Logged<B> {
    /// Wraps `body`, whose end `record` reports.
    pub fn new(body: B, mut record: Record) -> Self {
        record.complete |= body.is_end_stream();
        Self { body, record }
    }
}

impl<B: Body<Data = Bytes, Error = Error> + Unpin> Body for Logged<B> {
    type Data = Bytes;
    type Error = Arc<Error>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Arc<Error>>>> {
        let next = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(match next {
            Some(Ok(frame)) => {
                self.record.sent += frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
                self.record.complete = self.body.is_end_stream();
                Some(Ok(frame))
            }
            Some(Err(error)) => {
                let error = Arc::new(error);
                self.record.error = Some(error.clone());
                Some(Err(error))
            }
            None => {
                self.record.complete = true;
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_logged_as_sent_but_without_credentials() {
        let check = |raw: &str, expected: &str| {
            assert_eq!(loggable_query(raw, |value| value.replace('7', "*")), expected, "{raw}");
        };
        check("", "");
        check("w=0300&utm_source=x&&v", "w=0300&utm_source=x&&v");
        check("width=77&h=1", "width=**&h=1");
        check(
            "X-Amz-Signature=abc&x-id=GetObject&%53ignature=d&sig=a.b&exp=8",
            "X-Amz-Signature=…&x-id=GetObject&%53ignature=…&sig=…&exp=8",
        );
        check("Access_Token=a&apikey=b", "Access_Token=…&apikey=…");
        check("t=eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIi", "t=…");
        assert_eq!(loggable_query(&"é".repeat(5000), str::to_owned).chars().count(), 1001);
    }

    #[test]
    fn tokens_are_omitted() {
        for (text, expected) in [
            (
                "width: \"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIi\" is no number",
                "width: \"…\" is no number",
            ),
            (
                "at /photos/a-very-long-name-of-a-picture-from-2026.jpg",
                "at /photos/a-very-long-name-of-a-picture-from-2026.jpg",
            ),
            ("IMG_20260101_120000.JPG", "IMG_20260101_120000.JPG"),
            ("", ""),
        ] {
            assert_eq!(without_tokens(text), expected);
        }
    }
}
