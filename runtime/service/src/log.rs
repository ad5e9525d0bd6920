//! One line of JSON for each request, written when its last byte is sent or it is given up.

use crate::{problem, request::Meter};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body::{Body, Frame, SizeHint};
use safelight_core::{Error, Query, Result};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Instant,
};
use tracing::{Subscriber, error, info, level_filters::LevelFilter, warn};
use tracing_subscriber::{Layer, filter::Targets, fmt::MakeWriter, prelude::*, registry::LookupSpan};

/// Sends what is logged to `writer` as JSON, and panics with it.
///
/// # Panics
/// If anything else takes the process's log already.
pub fn init<W>(level: LevelFilter, writer: W)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::registry().with(lines(level, writer)).init();
    log_panics();
}

/// The lines of a log. What libraries say in detail may be a request with its credentials, so that is
/// left out at any level.
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

/// Panics are lines of the log, not of standard error.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| error!(%panic, "defect")));
}

/// Where the response says how long its phases took.
pub(crate) const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// What is known of a request so far; dropping it writes the line.
pub struct Record {
    /// Name of the request.
    pub id: String,
    /// Method as it came.
    pub method: String,
    /// Path as it came, still encoded.
    pub path: String,
    /// Canonical query: what else the query holds may be nobody's business.
    pub query: String,
    /// Missing as long as there is no response.
    pub status: Option<StatusCode>,
    /// Why the request, or the sending of its answer, failed.
    pub error: Option<Arc<Error>>,
    /// How long the phases up to the answer's head took, as `Server-Timing` has it.
    pub phases: Option<HeaderValue>,
    /// What the answer cost.
    pub meter: Arc<Meter>,
    /// Bytes of the body that were handed to the connection.
    pub sent: u64,
    /// Whether all of it was, or none was wanted.
    pub complete: bool,
    /// When the request came.
    pub start: Instant,
}

impl Record {
    /// Begins the record of a request, with its canonical query.
    pub fn new(id: String, method: String, path: String, query: Result<Query>) -> Self {
        Self {
            id,
            method,
            path,
            query: query.map(|query| query.to_string()).unwrap_or_default(),
            status: None,
            error: None,
            phases: None,
            meter: Arc::default(),
            sent: 0,
            complete: false,
            start: Instant::now(),
        }
    }

    /// Takes down what the answer's head says.
    pub fn note(&mut self, status: StatusCode, headers: &HeaderMap, error: Option<Arc<Error>>) {
        self.status = Some(status);
        self.phases = headers.get(SERVER_TIMING).cloned();
        self.error = error;
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let Self { id, method, path, query, sent, complete, .. } = &*self;
        let status = self.status.unwrap_or_default();
        let read = self.meter.read();
        let work_ms = self.meter.work().as_secs_f64() * 1e3;
        let ms = self.start.elapsed().as_secs_f64() * 1e3;
        let phases = self.phases.as_ref().and_then(|phases| phases.to_str().ok());
        let kind = self.error.as_deref().map(|error| problem::name(error.kind));
        let error = self.error.as_deref().map(|error| without_tokens(&chain(error)));

        // An error behind a good status is one that cut the answer short.
        let is_ours = status.is_server_error() || (error.is_some() && status.is_success());
        let status = self.status.map(|status| status.as_u16());
        macro_rules! line {
            ($level:ident) => {
                $level!(
                    id,
                    method,
                    path,
                    query,
                    status,
                    read,
                    sent,
                    complete,
                    phases,
                    work_ms,
                    ms,
                    kind,
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

/// The message of every line that tells of a request.
pub const REQUEST: &str = "request";

/// `text` with a mark in place of what looks like a token: messages quote values of the query, and of
/// other people's errors. A token is long, and has digits and letters of both cases.
fn without_tokens(text: &str) -> String {
    const LEAST: usize = 32;
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.~+=%".contains(c);
    let is_token = |run: &str| {
        let has = |test: fn(&u8) -> bool| run.as_bytes().iter().any(test);
        LEAST <= run.len()
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

/// An error and all that caused it, for the log only.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    // Bodies that wrap one another hand an error on as their own.
    texts.dedup();
    texts.join(": ")
}

/// A body that tells its record what became of it.
pub struct Logged<B> {
    body: B,
    record: Record,
}

impl<B: Body> Logged<B> {
    /// `body`, of which `record` tells.
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
    fn what_looks_like_a_token_is_left_out() {
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
