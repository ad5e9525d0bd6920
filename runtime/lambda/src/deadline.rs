//! The deadlines of an invocation, a little before Lambda ends it: an ended function cannot respond.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use safelight_core::{Error, Kind};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

/// The longest time of an invocation by S3 Object Lambda (S3 user guide, "Restrictions and limitations with S3 Object
/// Lambda").
pub(crate) const OBJECT_LAMBDA: Duration = Duration::from_mins(1);

/// The longest time of any invocation (Lambda quotas).
pub(crate) const ANY: Duration = Duration::from_mins(15);

/// The time of an invocation whose deadline is unknown.
const DEFAULT: Duration = Duration::from_mins(1);

/// The longest time until the head of a web response. CloudFront waits a minute for it, and would then repeat the
/// request.
const MAX_HEAD_TIME: Duration = Duration::from_secs(58);

/// The longest time that is kept for an error response.
const MAX_MARGIN: Duration = Duration::from_secs(1);

/// The deadlines of an invocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    /// Until then a web response may begin.
    head: Instant,
    /// Until then a response may continue.
    response: Instant,
    /// Until then an error response may be sent.
    end: Instant,
}

impl Deadline {
    /// Returns the deadlines of an invocation that Lambda ends at `end`, and that takes no longer than `max`. A time in
    /// the past is ignored, because emulators of Lambda state a duration where Lambda states a time.
    pub(crate) fn before(end: SystemTime, max: Duration) -> Self {
        let left = end.duration_since(SystemTime::now()).unwrap_or(DEFAULT).min(max);
        let margin = (left / 5).min(MAX_MARGIN);
        let now = Instant::now();
        let response = now + left - margin;
        Self { head: response.min(now + MAX_HEAD_TIME), response, end: now + left - margin / 4 }
    }

    /// Returns the time that is left for a response.
    pub(crate) fn left(self) -> Duration {
        self.response.saturating_duration_since(Instant::now())
    }

    /// Returns the result of `work`; `None` if it is too late for the head of a web response.
    pub(crate) async fn head<T>(self, work: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.head, work).await.ok()
    }

    /// Returns the result of `work`; `None` if it is too late for a response.
    pub(crate) async fn response<T>(self, work: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.response, work).await.ok()
    }

    /// Returns the result of `work`; `None` if the invocation is over.
    pub(crate) async fn end<T>(self, work: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.end, work).await.ok()
    }
}

/// Returns the error of a response that took too long.
pub(crate) fn deadline_exceeded() -> Error {
    Error::new(Kind::Timeout, "function", "the response took longer than the function may run")
}

/// A body that fails at the deadline.
pub(crate) struct DeadlineBody<B: Body> {
    body: B,
    deadline: Pin<Box<Sleep>>,
    /// `None` after the deadline.
    error: Option<B::Error>,
}

impl<B: Body> DeadlineBody<B> {
    /// Wraps `body`, which fails with `error` at the deadline of the response.
    pub(crate) fn new(body: B, deadline: Deadline, error: B::Error) -> Self {
        Self { body, deadline: Box::pin(sleep_until(deadline.response)), error: Some(error) }
    }
}

impl<B: Body<Data = Bytes, Error: Unpin> + Unpin> Body for DeadlineBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.error.is_none() {
            return Poll::Ready(None);
        }
        // The deadline first: a body that always has bytes would never meet it otherwise.
        if self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(self.error.take().map(Err));
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
