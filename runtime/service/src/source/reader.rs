//! Reads one source forwards, and leaves out what nobody asked for.

use super::{Chunks, Meta, Source};
use crate::request::Meter;
use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use safelight_core::{Error, Kind, Result};
use std::{sync::Arc, time::Duration};
use tokio::time;

/// Up to this many bytes are read and thrown away rather than skipped: a new request to a store
/// takes longer than they do.
const SMALL_SKIP: u64 = 256 << 10;

/// A source of many small parts must not make one request to it into thousands.
const MAX_REOPENS: u32 = 32;

/// A source, read in one direction.
pub struct Reader {
    source: Arc<dyn Source>,
    /// What was opened; a later open must find the same.
    meta: Meta,
    chunks: Chunks,
    /// Offset in the source of the next byte of `chunks`.
    at: u64,
    /// Offset in the source of the next byte that is wanted.
    wanted: u64,
    reopens: u32,
    idle: Duration,
    meter: Arc<Meter>,
}

impl Reader {
    /// Opens `source`, which must still be what `pin` tells of. No wait for it is longer than `idle`;
    /// every byte that it delivers is counted by `meter`.
    ///
    /// # Errors
    /// As for [`Source::open`], and [`Kind::Timeout`].
    pub async fn open(
        source: Arc<dyn Source>,
        pin: Option<&Meta>,
        idle: Duration,
        meter: Arc<Meter>,
    ) -> Result<Self> {
        let (meta, chunks) = within(idle, source.open(0, pin)).await?;
        Ok(Self { source, meta, chunks, at: 0, wanted: 0, reopens: 0, idle, meter })
    }

    /// What the source says of itself.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// What counts the cost.
    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// The next bytes, none empty; `None` at the end.
    ///
    /// # Errors
    /// As for [`Reader::open`]. A source that ends before its stated length is an error too, or a cut
    /// picture would pass for a whole one.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.meta.size.is_some_and(|size| size <= self.wanted) {
            return Ok(None);
        }
        if SMALL_SKIP < self.wanted - self.at && self.reopens < MAX_REOPENS {
            self.reopen().await?;
        }
        loop {
            let chunk = within(self.idle, async { self.chunks.next().await.transpose() }).await?;
            let Some(mut chunk) = chunk else { break };
            self.meter.add_read(chunk.len());

            let unwanted = (self.wanted - self.at).min(chunk.len() as u64);
            self.at += chunk.len() as u64;
            chunk.advance(unwanted as usize);
            if !chunk.is_empty() {
                self.wanted = self.at;
                return Ok(Some(chunk));
            }
        }
        match self.meta.size {
            Some(size) if self.at < size => {
                let message = format!("ended after {} of {size} bytes", self.at);
                Err(Error::new(Kind::Upstream, "source", message))
            }
            _ => Ok(None),
        }
    }

    /// Leaves out the next `count` bytes; what they cost is decided when more is asked for.
    pub fn skip(&mut self, count: u64) {
        self.wanted = self.wanted.saturating_add(count);
    }

    /// Opens the source at the wanted byte. The old stream is kept where the source cannot do that
    /// (standard input, a web server without ranges), and read on.
    async fn reopen(&mut self) -> Result<()> {
        self.reopens += 1;
        match within(self.idle, self.source.open(self.wanted, Some(&self.meta))).await {
            Ok((_, chunks)) => {
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

/// The result of `work`, or [`Kind::Timeout`].
pub(crate) async fn within<T>(idle: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_| {
        let message = format!("sent nothing for {} s", idle.as_secs());
        Error::new(Kind::Timeout, "source", message)
    };
    time::timeout(idle, work).await.map_err(late)?
}
