//! The source bytes that have arrived and were not yet handed on.

use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;

/// A queue of chunks. Reading copies only what straddles two chunks.
#[derive(Debug, Default)]
pub(crate) struct Input {
    chunks: VecDeque<Bytes>,
    len: usize,
    /// Offset in the source of the first byte held.
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

    /// The bytes that lie together at the front; empty only if nothing is held.
    pub(crate) fn front(&self) -> &[u8] {
        self.chunks.front().map_or(&[], |chunk| chunk)
    }

    /// The first `n` bytes, once so many are held. `n` must be small: where chunks meet, it is copied.
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

    /// The `n` bytes from offset `at` of the source, if all of them are held; copied only where chunks
    /// meet.
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
            let wanted = (n - joined.len()).min(chunk.len() - skipped);
            joined.extend_from_slice(&chunk[skipped..skipped + wanted]);
            skipped = 0;
            if joined.len() == n {
                break;
            }
        }
        Some(joined.freeze())
    }

    /// Takes what lies together at the front, at most `max` bytes, without a copy.
    pub(crate) fn take_front(&mut self, max: usize) -> Bytes {
        let Some(chunk) = self.chunks.front_mut() else { return Bytes::new() };
        let taken = if chunk.len() <= max {
            self.chunks.pop_front().unwrap_or_default()
        } else {
            chunk.split_to(max)
        };
        self.len -= taken.len();
        self.position += taken.len() as u64;
        taken
    }

    /// Counts `n` bytes as read that were never pushed.
    pub(crate) fn skip(&mut self, n: u64) {
        self.position = self.position.saturating_add(n);
    }
}
