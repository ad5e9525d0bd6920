//! The phase of a connection, from its bytes and its requests.
//!
//! hyper has one timeout for a request's head, which begins with the connection and after each response, and does not
//! tell whether a connection is idle. A wrapper of the stream sees the first byte and the last flush, and a guard in
//! the body of the response sees the rest.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A phase: `New (Head InFlight Flushing Idle)*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing was received yet.
    New,
    /// A part of a request's head was received.
    Head,
    /// The request is being served.
    InFlight,
    /// The response is complete; a part may still be in hyper's buffer.
    Flushing,
    /// The response was sent, and nothing was received since.
    Idle,
}

impl Phase {
    /// Returns whether the connection waits for a request, so that closing it harms no response.
    pub(super) fn awaits_request(self) -> bool {
        matches!(self, Self::New | Self::Head | Self::Idle)
    }
}

/// The current phase. Only the task of the connection changes it; the lock is never contended.
#[derive(Debug)]
pub(super) struct Progress(Mutex<Step>);

/// A phase, and the number of changes that led to it: a connection may be idle, serve a request, and be idle again
/// between two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) phase: Phase,
    changes: u64,
}

impl Progress {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Step { phase: Phase::New, changes: 0 })))
    }

    /// Returns the current phase.
    pub(super) fn step(&self) -> Step {
        *self.lock()
    }

    /// Begins a request, which ends when the guard is dropped.
    pub(super) fn request(self: &Arc<Self>) -> InFlight {
        self.lock().enter(Phase::InFlight);
        InFlight(self.clone())
    }

    /// Notes received bytes. They may also belong to a request's body, or to a request that waits for its turn.
    fn received(&self) {
        let mut step = self.lock();
        if matches!(step.phase, Phase::New | Phase::Idle) {
            step.enter(Phase::Head);
        }
    }

    /// Notes that everything written was sent.
    fn flushed(&self) {
        let mut step = self.lock();
        if step.phase == Phase::Flushing {
            step.enter(Phase::Idle);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Step> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Step {
    fn enter(&mut self, phase: Phase) {
        *self = Self { phase, changes: self.changes + 1 };
    }
}

/// A request in flight: until its response was given to hyper whole, or dropped.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Progress>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.lock().enter(Phase::Flushing);
    }
}

/// A stream that notes its first bytes and its flushes.
pub(super) struct Watched<S> {
    stream: S,
    progress: Arc<Progress>,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, progress: Arc<Progress>) -> Self {
        Self { stream, progress }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if before < buffer.filled().len() {
            self.progress.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    /// hyper calls this only when its own buffer is empty.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.progress.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
