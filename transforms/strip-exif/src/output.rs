//! The output of a session: buffered until the headers have been checked, then passed on in slices of chunks.

use bytes::{Bytes, BytesMut};
use safelight_core::{Head, Sink};
use std::ops::Range;

/// A writer from a session to its sink.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// The bytes that were written before the head was committed.
    buffer: BytesMut,
    mime: Option<&'static str>,
    /// The chunk that is being walked.
    chunk: Bytes,
    /// The range of the chunk that was written last, to which adjacent bytes are added.
    run: Range<usize>,
}

impl Output {
    /// The most bytes of output that are buffered so that an error can still become a status. Longer headers
    /// are committed early.
    pub(crate) const MAX_BUFFERED_BYTES: usize = 256 << 10;

    pub(crate) fn begin_chunk(&mut self, chunk: &Bytes) {
        self.chunk = chunk.clone();
        self.run = 0..0;
    }

    /// Passes on the bytes that were written; must be called before the next chunk begins.
    pub(crate) fn end_chunk(&mut self, out: &mut dyn Sink) {
        self.flush_run(out);
        self.chunk = Bytes::new();
    }

    /// Commits the head, if that has not been done.
    pub(crate) fn commit(&mut self, mime: &'static str, out: &mut dyn Sink) {
        if self.mime.is_none() {
            self.flush_run(out);
            self.mime = Some(mime);
            out.head(Head::new(mime));
            let buffer = std::mem::take(&mut self.buffer);
            self.pass_on(buffer.freeze(), out);
        }
    }

    /// Whether the buffer is full.
    pub(crate) fn is_full(&self) -> bool {
        Self::MAX_BUFFERED_BYTES < self.buffer.len()
    }

    /// Writes `bytes`; adjacent ranges of the chunk become one slice.
    pub(crate) fn write(&mut self, bytes: Bytes, out: &mut dyn Sink) {
        match self.range_in_chunk(&bytes) {
            Some(range) if range.start == self.run.end && !self.run.is_empty() => self.run.end = range.end,
            Some(range) => {
                self.flush_run(out);
                self.run = range;
            }
            None => {
                self.flush_run(out);
                self.pass_on(bytes, out);
            }
        }
    }

    pub(crate) fn write_zeros(&mut self, mut count: usize, out: &mut dyn Sink) {
        static ZEROS: [u8; 16 << 10] = [0; 16 << 10];
        self.flush_run(out);
        while 0 < count {
            let now = count.min(ZEROS.len());
            self.pass_on(Bytes::from_static(&ZEROS[..now]), out);
            count -= now;
        }
    }

    /// The range of `bytes` in the chunk, if they are a slice of it.
    fn range_in_chunk(&self, bytes: &Bytes) -> Option<Range<usize>> {
        let start = (bytes.as_ptr() as usize).checked_sub(self.chunk.as_ptr() as usize)?;
        let end = start.checked_add(bytes.len())?;
        (end <= self.chunk.len()).then_some(start..end)
    }

    fn flush_run(&mut self, out: &mut dyn Sink) {
        if !self.run.is_empty() {
            let bytes = self.chunk.slice(std::mem::take(&mut self.run));
            self.pass_on(bytes, out);
        }
    }

    fn pass_on(&mut self, bytes: Bytes, out: &mut dyn Sink) {
        if self.mime.is_none() {
            // Copied, since a slice would keep the whole of its chunk alive.
            self.buffer.extend_from_slice(&bytes);
        } else if !bytes.is_empty() {
            out.body(bytes);
        }
    }
}
