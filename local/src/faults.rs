//! What may go wrong, made to happen: each fault is for the next request that can meet it, and for one.

use crate::body::{Body, BoxError, Chunks, Cut, pipe, streamed};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::StatusCode;
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::sleep;

/// A fault of the S3 server, in its answer to a `GET` or `HEAD` of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceFault {
    /// Answers with this status and S3's own error code for it: 403, 404, 412, 503 …
    Status(u16),
    /// Sends no more than a KiB, then pauses.
    Slow {
        /// How long each pause is.
        pause: Duration,
    },
    /// Sends this many bytes, then nothing, and leaves the connection open.
    Stall {
        /// Bytes of the body.
        after: usize,
    },
    /// Sends this many bytes, then resets the connection.
    Reset {
        /// Bytes of the body.
        after: usize,
    },
    /// Sends this many bytes, then closes the connection in good order, short of the `Content-Length`.
    Truncate {
        /// Bytes of the body.
        after: usize,
    },
}

/// A fault of `HealthImaging`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameFault {
    /// Refuses: 400, 403, 404, 406, 409, 429, 500, 503 …
    Refuse {
        /// Status of the answer.
        status: u16,
        /// The service's name for it, such as `ThrottlingException`.
        code: &'static str,
        /// Seconds that are to be waited, if it says so.
        retry_after: Option<u32>,
    },
    /// Spoils the body of the answer.
    Body(SourceFault),
}

impl FrameFault {
    /// A refusal that says nothing of waiting.
    pub const fn refuse(status: u16, code: &'static str) -> Self {
        Self::Refuse { status, code, retry_after: None }
    }
}

/// The faults that are still to happen, oldest first.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Pending>);

#[derive(Debug, Default)]
struct Pending {
    sources: VecDeque<SourceFault>,
    frames: VecDeque<FrameFault>,
    refused_writes: VecDeque<StatusCode>,
    expired_urls: usize,
    killed_children: usize,
}

impl Faults {
    /// The next object is answered with `fault`.
    pub fn fail_source(&self, fault: SourceFault) {
        self.pending().sources.push_back(fault);
    }

    /// The next answer of `HealthImaging` has `fault`.
    pub fn fail_frame(&self, fault: FrameFault) {
        self.pending().frames.push_back(fault);
    }

    /// The next event of the access point carries a presigned URL that expired an hour ago.
    pub fn expire_url(&self) {
        self.pending().expired_urls += 1;
    }

    /// The next `WriteGetObjectResponse` is refused with `status`, and its token is used up.
    pub fn refuse_write(&self, status: StatusCode) {
        self.pending().refused_writes.push_back(status);
    }

    /// The child that takes the next event is killed when it has it.
    pub fn kill_child(&self) {
        self.pending().killed_children += 1;
    }

    pub(crate) fn take_source(&self) -> Option<SourceFault> {
        self.pending().sources.pop_front()
    }

    pub(crate) fn take_frame(&self) -> Option<FrameFault> {
        self.pending().frames.pop_front()
    }

    pub(crate) fn take_expired_url(&self) -> bool {
        take_one(&mut self.pending().expired_urls)
    }

    pub(crate) fn take_refused_write(&self) -> Option<StatusCode> {
        self.pending().refused_writes.pop_front()
    }

    pub(crate) fn take_killed_child(&self) -> bool {
        take_one(&mut self.pending().killed_children)
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        // Plain counts: a panic elsewhere leaves none of them half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take_one(count: &mut usize) -> bool {
    let has_one = 0 < *count;
    *count -= usize::from(has_one);
    has_one
}

/// Ends a body with a reset of its connection.
#[derive(Debug)]
pub(crate) struct Reset;

impl std::fmt::Display for Reset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is to be reset")
    }
}

impl std::error::Error for Reset {}

/// `body` as `fault` lets it through.
pub(crate) fn spoil(body: Body, fault: SourceFault) -> Body {
    match fault {
        SourceFault::Status(_) => body,
        SourceFault::Slow { pause } => slowed(body, pause),
        SourceFault::Stall { after } => cut(body, after, End::Stall),
        SourceFault::Reset { after } => cut(body, after, End::Reset),
        SourceFault::Truncate { after } => cut(body, after, End::Close),
    }
}

fn slowed(body: Body, pause: Duration) -> Body {
    let (pipe, slow) = pipe();
    tokio::spawn(async move {
        let mut chunks = Chunks::new(body);
        while let Some(mut chunk) = chunks.next().await? {
            while !chunk.is_empty() {
                let part = chunk.split_to(chunk.len().min(1 << 10));
                sleep(pause).await;
                if !pipe.send(part).await {
                    return Ok(());
                }
            }
        }
        pipe.finish().await;
        Ok::<_, BoxError>(())
    });
    slow
}

#[derive(Clone, Copy)]
enum End {
    Stall,
    Reset,
    Close,
}

fn cut(body: Body, after: usize, end: End) -> Body {
    let data = http_body_util::BodyDataStream::new(body);
    let head = data.scan(after, |left, chunk| {
        let chunk = chunk.map(|chunk: Bytes| chunk.slice(..chunk.len().min(*left)));
        *left -= chunk.as_ref().map_or(0, Bytes::len);
        std::future::ready(chunk.as_ref().map_or(true, |chunk| !chunk.is_empty()).then_some(chunk))
    });
    let tail = stream::once(async move {
        // What was sent so far leaves the server before the connection ends.
        tokio::task::yield_now().await;
        match end {
            End::Stall => std::future::pending().await,
            End::Reset => Err(Reset.into()),
            End::Close => Err(Cut.into()),
        }
    });
    streamed(head.chain(tail))
}
