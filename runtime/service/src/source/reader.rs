//! Reads one source forwards, and skips what the session does not need.

use super::{Chunks, Meta, Opened, Source};
use crate::{meter::Meter, metrics::Span};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use safelight_core::{Error, Kind, Result};
use std::{sync::Arc, time::Duration};
use tokio::time;

/// A skip of up to this many bytes is read and discarded: a new request to a store takes longer.
const SMALL_SKIP_BYTES: u64 = 256 << 10;

/// Limit of new requests to the source: a file of many small parts must not cause thousands.
const MAX_REOPENS: u32 = 32;

/// A source, read in one direction.
pub struct Reader {
    source: Arc<dyn Source>,
    /// The opened version; each later open must find the same one.
    meta: Meta,
    chunks: Chunks,
    /// Offset in the source of the next byte of `chunks`.
    at: u64,
    /// Offset in the source of the next byte that the session needs.
    wanted: u64,
    reopens: u32,
    idle: Duration,
    meter: Arc<Meter>,
}

impl Reader {
    /// Reads `opened`, which `source` opened at its first byte. No wait for it is longer than `idle`, and `meter`
    /// counts every byte that it delivers.
    pub fn new(source: Arc<dyn Source>, opened: Opened, idle: Duration, meter: Arc<Meter>) -> Self {
        let Opened { meta, chunks, .. } = opened;
        Self { source, meta, chunks, at: 0, wanted: 0, reopens: 0, idle, meter }
    }

    /// Opens `source` at its first byte, and reads it.
    ///
    /// # Errors
    /// As for [`Source::open`], and [`Kind::Timeout`].
    pub async fn open(source: Arc<dyn Source>, idle: Duration, meter: Arc<Meter>) -> Result<Self> {
        let opened = within(idle, source.open(0, None)).await?;
        Ok(Self::new(source, opened, idle, meter))
    }

    /// Returns the metadata of the source.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Returns the offset in the source of the next byte that the session needs.
    pub(crate) fn position(&self) -> u64 {
        self.wanted
    }

    /// Returns the counters of the request.
    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// Returns the first `count` bytes, or all that there are, without consuming them. Call it before
    /// [`Reader::next`].
    ///
    /// # Errors
    /// As for [`Reader::open`].
    pub async fn head(&mut self, count: usize) -> Result<Bytes> {
        let mut head = BytesMut::new();
        while head.len() < count {
            let chunk = within(self.idle, async { self.chunks.next().await.transpose() });
            let chunk = self.meter.waiting(Span::Source, chunk).await?;
            let Some(chunk) = chunk else { break };
            head.extend_from_slice(&chunk);
        }
        let head = head.freeze();
        let rest = std::mem::replace(&mut self.chunks, stream::empty().boxed());
        let first = (!head.is_empty()).then(|| Ok(head.clone()));
        self.chunks = stream::iter(first).chain(rest).boxed();
        Ok(head)
    }

    /// Returns the next bytes, never an empty chunk; `None` at the end.
    ///
    /// # Errors
    /// As for [`Reader::open`]. A source that ends before its stated length is [`Kind::Upstream`]: a truncated
    /// image must not pass for a whole one.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.meta.size.is_some_and(|size| size <= self.wanted) {
            return Ok(None);
        }
        if SMALL_SKIP_BYTES < self.wanted - self.at && self.reopens < MAX_REOPENS {
            self.reopen().await?;
        }
        loop {
            let chunk = within(self.idle, async { self.chunks.next().await.transpose() });
            let chunk = self.meter.waiting(Span::Source, chunk).await?;
            let Some(mut chunk) = chunk else { break };
            self.meter.add_read(chunk.len());

            let skipped = (self.wanted - self.at).min(chunk.len() as u64);
            self.at += chunk.len() as u64;
            chunk.advance(skipped as usize);
            if !chunk.is_empty() {
                self.wanted = self.at;
                return Ok(Some(chunk));
            }
        }
        match self.meta.size {
            Some(size) if self.at < size => {
                let message = format!("the source ended after {} of {size} bytes", self.at);
                Err(Error::new(Kind::Upstream, "source", message))
            }
            _ => Ok(None),
        }
    }

    /// Skips the next `count` bytes. [`Reader::next`] decides whether to read and discard them.
    pub fn skip(&mut self, count: u64) {
        self.wanted = self.wanted.saturating_add(count);
    }

    /// Opens the source at the needed byte. A source that cannot do that, such as standard input or a web server
    /// without ranges, is read on.
    async fn reopen(&mut self) -> Result<()> {
        self.reopens += 1;
        let open = within(self.idle, self.source.open(self.wanted, Some(&self.meta)));
        match self.meter.waiting(Span::Source, open).await {
            Ok(Opened { chunks, .. }) => {
                self.chunks = chunks;
                self.at = self.wanted;
                Ok(())
            }
            Err(error) if error.kind == Kind::Upstream => {
                self.reopens = MAX_REOPENS;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// Returns the result of `work`, or [`Kind::Timeout`] if it takes longer than `idle`.
pub(crate) async fn within<T>(idle: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_| {
        let message = format!("the source sent nothing for {} s", idle.as_secs());
        Error::new(Kind::Timeout, "source", message)
    };
    time::timeout(idle, work).await.map_err(late)?
}
