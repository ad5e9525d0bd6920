//! Fault injection. Each fault affects one request: the next one that it applies to.

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

/// A fault of the S3 server, in its response to a `GET` or `HEAD` of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceFault {
    /// Responds with this status and S3's error code for it: 403, 404, 412, 503 …
    Status(u16),
    /// Sends at most one KiB at a time, with pauses.
    Slow {
        /// Length of each pause.
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
    /// Sends this many bytes, then closes the connection normally, before the `Content-Length` is reached.
    Truncate {
        /// Bytes of the body.
        after: usize,
    },
}

/// A fault of `HealthImaging`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameFault {
    /// Responds with an error: 400, 403, 404, 406, 409, 429, 500, 503 …
    Error {
        /// Status of the response.
        status: u16,
        /// The service's name of the error, such as `ThrottlingException`.
        code: &'static str,
        /// Value of `Retry-After` in seconds, if the header is sent.
        retry_after: Option<u32>,
    },
    /// Damages the body of the response.
    Body(SourceFault),
}

impl FrameFault {
    /// Returns an error without `Retry-After`.
    pub const fn error(status: u16, code: &'static str) -> Self {
        Self::Error { status, code, retry_after: None }
    }
}

/// Pending faults, oldest first.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Pending>);

#[derive(Debug, Default)]
struct Pending {
    sources: VecDeque<SourceFault>,
    frames: VecDeque<FrameFault>,
    rejected_writes: VecDeque<StatusCode>,
    expired_urls: usize,
    killed_children: usize,
}

impl Faults {
    /// Injects `fault` into the response for the next object.
    pub fn fail_source(&self, fault: SourceFault) {
        self.pending().sources.push_back(fault);
    }

    /// Injects `fault` into the next response of `HealthImaging`.
    pub fn fail_frame(&self, fault: FrameFault) {
        self.pending().frames.push_back(fault);
    }

    /// Gives the next event of the access point a presigned URL that expired an hour ago.
    pub fn expire_url(&self) {
        self.pending().expired_urls += 1;
    }

    /// Rejects the next `WriteGetObjectResponse` with `status`, and uses up its token.
    pub fn reject_write(&self, status: StatusCode) {
        self.pending().rejected_writes.push_back(status);
    }

    /// Kills the child that fetches the next event, once it has the event.
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

    pub(crate) fn take_rejected_write(&self) -> Option<StatusCode> {
        self.pending().rejected_writes.pop_front()
    }

    pub(crate) fn take_killed_child(&self) -> bool {
        take_one(&mut self.pending().killed_children)
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        // The fields are plain counts and queues, so a panic elsewhere leaves none half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take_one(count: &mut usize) -> bool {
    let has_one = 0 < *count;
    *count -= usize::from(has_one);
    has_one
}

/// Error that ends a body with a reset of its connection.
#[derive(Debug)]
pub(crate) struct Reset;

impl std::fmt::Display for Reset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection must be reset")
    }
}

impl std::error::Error for Reset {}

/// Applies `fault` to `body`.
pub(crate) fn with_fault(body: Body, fault: SourceFault) -> Body {
    match fault {
        SourceFault::Status(_) => body,
        SourceFault::Slow { pause } => slowed(body, pause),
        SourceFault::Stall { after } => cut_after(body, after, End::Stall),
        SourceFault::Reset { after } => cut_after(body, after, End::Reset),
        SourceFault::Truncate { after } => cut_after(body, after, End::Close),
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

fn cut_after(body: Body, after: usize, end: End) -> Body {
    let data = http_body_util::BodyDataStream::new(body);
    let head = data.scan(after, |left, chunk| {
        let chunk = chunk.map(|chunk: Bytes| chunk.slice(..chunk.len().min(*left)));
        *left -= chunk.as_ref().map_or(0, Bytes::len);
        std::future::ready(chunk.as_ref().map_or(true, |chunk| !chunk.is_empty()).then_some(chunk))
    });
    let tail = stream::once(async move {
        // Lets the server send the bytes so far before the connection ends.
        tokio::task::yield_now().await;
        match end {
            End::Stall => std::future::pending().await,
            End::Reset => Err(Reset.into()),
            End::Close => Err(Cut.into()),
        }
    });
    streamed(head.chain(tail))
}
