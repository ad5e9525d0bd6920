//! The session of `format=auto` without a step on pixels.

use crate::{Cost, Detection, Flow, Format, Result, Session, Sink};
use bytes::{Bytes, BytesMut};

/// Runs one of two sessions, by the format of the source.
pub(crate) struct ByFormat {
    /// The session for formats that every client shows, and for unknown ones.
    universal: Box<dyn Session>,
    /// The session for other formats.
    other: Box<dyn Session>,
    is_universal: bool,
    /// The first bytes, until they tell the format.
    head: Option<BytesMut>,
}

impl ByFormat {
    /// Returns a session that runs `universal` or `other`.
    pub(crate) fn new(universal: Box<dyn Session>, other: Box<dyn Session>) -> Self {
        Self { universal, other, is_universal: true, head: Some(BytesMut::new()) }
    }

    fn session(&mut self) -> &mut dyn Session {
        if self.is_universal { &mut *self.universal } else { &mut *self.other }
    }
}

impl Session for ByFormat {
    fn push(&mut self, chunk: Bytes, out: &mut dyn Sink) -> Result<Flow> {
        let Some(head) = &mut self.head else { return self.session().push(chunk, out) };
        head.extend_from_slice(&chunk);
        match Format::detect(head) {
            Detection::NeedMore => return Ok(Flow::More),
            Detection::Known(format) => self.is_universal = format.is_universal(),
            Detection::Unknown => (),
        }
        let head = self.head.take().unwrap_or_default().freeze();
        self.session().push(head, out)
    }

    fn sized(&mut self, bytes: u64) {
        self.universal.sized(bytes);
        self.other.sized(bytes);
    }

    fn expect(&mut self, bytes: u64) {
        self.session().expect(bytes);
    }

    fn reserve(&mut self) -> Result<Option<Cost>> {
        self.session().reserve()
    }

    fn finish(&mut self, out: &mut dyn Sink) -> Result<()> {
        // The source is too short for any format.
        if let Some(head) = self.head.take().filter(|head| !head.is_empty())
            && matches!(self.session().push(head.freeze(), out)?, Flow::Done)
        {
            return Ok(());
        }
        self.session().finish(out)
    }
}
