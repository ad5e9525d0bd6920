//! One line of JSON for each request, written when its last byte is sent or it is given up.

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use safelight_core::Error;
use std::{
    error::Error as _,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Instant,
};
use tracing::{error, info, level_filters::LevelFilter, warn};

/// Sends what is logged to standard error as JSON, and panics with it.
///
/// # Panics
/// If it was called before in this process.
pub fn init(level: LevelFilter) {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_max_level(level)
        .with_writer(io::stderr)
        .init();
    std::panic::set_hook(Box::new(|panic| error!(%panic, "defect")));
}

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
    /// Bytes that the source delivered.
    pub read: Arc<AtomicU64>,
    /// Bytes of the body that were handed to the connection.
    pub sent: u64,
    /// Whether all of it was, or none was wanted.
    pub complete: bool,
    /// When the request came.
    pub start: Instant,
}

impl Drop for Record {
    fn drop(&mut self) {
        let Self { id, method, path, query, sent, complete, .. } = &*self;
        let status = self.status.unwrap_or_default();
        let read = self.read.load(Ordering::Relaxed);
        let ms = self.start.elapsed().as_secs_f64() * 1e3;
        let error = self.error.as_deref().map(chain);

        // An error behind a good status is one that cut the answer short.
        let is_ours = status.is_server_error() || (error.is_some() && status.is_success());
        let status = self.status.map(|status| status.as_u16());
        if is_ours {
            warn!(id, method, path, query, status, read, sent, complete, ms, error, "request");
        } else {
            info!(id, method, path, query, status, read, sent, complete, ms, error, "request");
        }
    }
}

/// An error and all that caused it, for the log only.
pub fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
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
