//! What goes out: held back until the header has proved sound, then in slices as large as the chunks
//! allow.

use bytes::{Bytes, BytesMut};
use safelight_core::{Head, Sink};
use std::ops::Range;

/// The way from a session to its sink.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// What was written before the head was committed.
    held: BytesMut,
    mime: Option<&'static str>,
    /// The chunk that is being walked.
    chunk: Bytes,
    /// What was written last: a stretch of the chunk that may grow.
    run: Range<usize>,
}

impl Output {
    /// Bytes of output that are held back while an error can still become a status. A header that
    /// keeps more than this is committed early.
    pub(crate) const MOST_HELD: usize = 256 << 10;

    pub(crate) fn begin_chunk(&mut self, chunk: &Bytes) {
        self.chunk = chunk.clone();
        self.run = 0..0;
    }

    /// Hands on what was written; must be called before the next chunk begins.
    pub(crate) fn end_chunk(&mut self, out: &mut dyn Sink) {
        self.flush_run(out);
        self.chunk = Bytes::new();
    }

    /// Commits the head, if that has not been done.
    pub(crate) fn commit(&mut self, mime: &'static str, out: &mut dyn Sink) {
        if self.mime.is_none() {
            self.flush_run(out);
            self.mime = Some(mime);
            out.head(Head { content_type: mime });
            let held = std::mem::take(&mut self.held);
            self.hand_on(held.freeze(), out);
        }
    }

    /// Whether as much is held back as may be.
    pub(crate) fn is_full(&self) -> bool {
        Self::MOST_HELD < self.held.len()
    }

    /// Writes `bytes`; what lies side by side in the chunk goes out as one slice of it.
    pub(crate) fn write(&mut self, bytes: Bytes, out: &mut dyn Sink) {
        match self.place(&bytes) {
            Some(place) if place.start == self.run.end && !self.run.is_empty() => self.run.end = place.end,
            Some(place) => {
                self.flush_run(out);
                self.run = place;
            }
            None => {
                self.flush_run(out);
                self.hand_on(bytes, out);
            }
        }
    }

    pub(crate) fn write_zeros(&mut self, mut count: usize, out: &mut dyn Sink) {
        static ZEROS: [u8; 16 << 10] = [0; 16 << 10];
        self.flush_run(out);
        while 0 < count {
            let now = count.min(ZEROS.len());
            self.hand_on(Bytes::from_static(&ZEROS[..now]), out);
            count -= now;
        }
    }

    /// Where in the chunk `bytes` lies, if it is a slice of it.
    fn place(&self, bytes: &Bytes) -> Option<Range<usize>> {
        let start = (bytes.as_ptr() as usize).checked_sub(self.chunk.as_ptr() as usize)?;
        let end = start.checked_add(bytes.len())?;
        (end <= self.chunk.len()).then_some(start..end)
    }

    fn flush_run(&mut self, out: &mut dyn Sink) {
        if !self.run.is_empty() {
            let bytes = self.chunk.slice(std::mem::take(&mut self.run));
            self.hand_on(bytes, out);
        }
    }

    fn hand_on(&mut self, bytes: Bytes, out: &mut dyn Sink) {
        if self.mime.is_none() {
            // Copied, since a slice would keep the whole of its chunk alive.
            self.held.extend_from_slice(&bytes);
        } else if !bytes.is_empty() {
            out.body(bytes);
        }
    }
}
