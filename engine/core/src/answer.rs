//! A session's answer to a source that is in memory: what tests, benches, fuzz targets and examples
//! drive sessions with.

use crate::{Flow, Head, Result, Session, Sink};
use bytes::Bytes;

/// What a session has handed out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The head, once it was committed.
    pub head: Option<Head>,
    /// The body, in the slices in which it came.
    pub slices: Vec<Bytes>,
    /// Bytes of the source that were pushed.
    pub read: usize,
}

impl Answer {
    /// Drives `session` over `source` in chunks of `chunk` bytes, at least one.
    ///
    /// # Errors
    /// Whatever the session refuses.
    ///
    /// # Panics
    /// If the session breaks the rules of [`Sink`].
    pub fn new(mut session: Box<dyn Session>, source: &Bytes, chunk: usize) -> Result<Self> {
        let mut answer = Self::default();
        let mut at = 0;
        while at < source.len() {
            let end = source.len().min(at.saturating_add(chunk.max(1)));
            answer.read += end - at;
            at = match session.push(source.slice(at..end), &mut answer)? {
                Flow::More | Flow::Keep | Flow::Reserve(_) => end,
                Flow::Skip(bytes) => {
                    source.len().min(end.saturating_add(usize::try_from(bytes).unwrap_or(usize::MAX)))
                }
                Flow::Done => return Ok(answer),
            };
        }
        session.reserve()?;
        session.finish(&mut answer)?;
        Ok(answer)
    }

    /// The whole body.
    pub fn body(&self) -> Vec<u8> {
        self.slices.concat()
    }

    /// MIME type of the body; empty before the head.
    pub fn content_type(&self) -> &'static str {
        self.head.map_or("", |head| head.content_type)
    }
}

impl Sink for Answer {
    fn head(&mut self, head: Head) {
        assert!(self.head.is_none(), "the head was committed twice");
        self.head = Some(head);
    }

    fn body(&mut self, bytes: Bytes) {
        assert!(self.head.is_some(), "a body came before its head");
        self.slices.push(bytes);
    }
}
