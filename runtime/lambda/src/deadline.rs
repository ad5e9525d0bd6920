//! The end of an invocation's time, kept a little before Lambda's own: who is killed answers nobody.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

/// Object Lambda and Lambda's streams give no more than this (S3 Object Lambda: 60 seconds).
const MAX: Duration = Duration::from_mins(1);

/// Most time that is kept for saying that there was none.
const MAX_MARGIN: Duration = Duration::from_secs(1);

/// When an invocation must have an answer, and when it must be over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    /// No answer may begin after this, and none that has begun may go on.
    pub(crate) answer: Instant,
    /// Whatever is still under way is given up.
    pub(crate) end: Instant,
}

impl Deadline {
    /// The deadlines of an invocation that is killed at `kill`. One that is over already is none: emulators of
    /// Lambda state a duration where Lambda states a time.
    pub(crate) fn of(kill: SystemTime) -> Self {
        let left = kill.duration_since(SystemTime::now()).unwrap_or(MAX).min(MAX);
        let margin = (left / 5).min(MAX_MARGIN);
        let now = Instant::now();
        Self { answer: now + left - margin, end: now + left - margin / 4 }
    }

    /// The result of `work`, `None` if it comes too late for an answer.
    pub(crate) async fn answer<T>(self, work: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.answer, work).await.ok()
    }

    /// The result of `work`, `None` if it comes too late for anything.
    pub(crate) async fn end<T>(self, work: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.end, work).await.ok()
    }
}

/// A body that fails when its time is up.
pub(crate) struct Until<B: Body> {
    body: B,
    time: Pin<Box<Sleep>>,
    late: Option<B::Error>,
}

impl<B: Body> Until<B> {
    /// `body`, which fails with `late` once the answer's time is over.
    pub(crate) fn new(body: B, deadline: Deadline, late: B::Error) -> Self {
        Self { body, time: Box::pin(sleep_until(deadline.answer)), late: Some(late) }
    }
}

impl<B: Body<Data = Bytes, Error: Unpin> + Unpin> Body for Until<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.late.is_none() {
            return Poll::Ready(None);
        }
        // Asked first: a body that always has something would never be cut otherwise.
        if self.time.as_mut().poll(cx).is_ready() {
            return Poll::Ready(self.late.take().map(Err));
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
