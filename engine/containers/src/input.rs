//! The source bytes that have arrived and that no event has reported yet.

use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;

/// A queue of chunks. Reading copies only bytes that straddle two chunks.
#[derive(Debug, Default)]
pub(crate) struct Input {
    chunks: VecDeque<Bytes>,
    len: usize,
    /// The offset in the source of the first byte of the queue.
    pub(crate) position: u64,
    /// Whether the source has no more bytes.
    pub(crate) ended: bool,
}

impl Input {
    pub(crate) fn push(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.len += chunk.len();
            self.chunks.push_back(chunk);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The contiguous bytes at the front; empty only if the queue is empty.
    pub(crate) fn front(&self) -> &[u8] {
        self.chunks.front().map_or(&[], |chunk| chunk)
    }

    /// The byte at offset `at` of the queue, if it has arrived. Unlike [`Input::peek`], never joins chunks.
    pub(crate) fn byte(&self, mut at: usize) -> Option<u8> {
        for chunk in &self.chunks {
            if let Some(byte) = chunk.get(at) {
                return Some(*byte);
            }
            at -= chunk.len();
        }
        None
    }

    /// The first `n` bytes, if so many have arrived. Bytes of several chunks are copied, so `n` should be small.
    pub(crate) fn peek(&mut self, n: usize) -> Option<&[u8]> {
        if self.len < n {
            return None;
        }
        if self.front().len() < n {
            let mut joined = BytesMut::with_capacity(n);
            while joined.len() < n {
                let chunk = self.take_front(n - joined.len());
                joined.extend_from_slice(&chunk);
            }
            self.chunks.push_front(joined.freeze());
            self.len += n;
            self.position -= n as u64;
        }
        Some(&self.front()[..n])
    }

    /// The `n` bytes at offset `at` of the source, if all of them are in the queue; copied only if they are in
    /// several chunks.
    pub(crate) fn read_at(&self, at: u64, n: usize) -> Option<Bytes> {
        let mut skipped = usize::try_from(at.checked_sub(self.position)?).ok()?;
        if self.len < skipped.checked_add(n)? {
            return None;
        }
        let mut joined = BytesMut::new();
        for chunk in &self.chunks {
            if chunk.len() <= skipped {
                skipped -= chunk.len();
                continue;
            }
            if joined.is_empty() && n <= chunk.len() - skipped {
                return Some(chunk.slice(skipped..skipped + n));
            }
            let copied = (n - joined.len()).min(chunk.len() - skipped);
            joined.extend_from_slice(&chunk[skipped..skipped + copied]);
            skipped = 0;
            if joined.len() == n {
                break;
            }
        }
        Some(joined.freeze())
    }

    /// Removes the contiguous bytes at the front, at most `max`, without a copy.
    pub(crate) fn take_front(&mut self, max: usize) -> Bytes {
        let Some(chunk) = self.chunks.front_mut() else { return Bytes::new() };
        let front = if chunk.len() <= max {
            self.chunks.pop_front().unwrap_or_default()
        } else {
            chunk.split_to(max)
        };
        self.len -= front.len();
        self.position += front.len() as u64;
        front
    }

    /// Advances the position by `n` bytes that are never pushed.
    pub(crate) fn skip(&mut self, n: u64) {
        self.position = self.position.saturating_add(n);
    }
}
