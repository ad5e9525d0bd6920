//! What a door drives: bytes pushed in, bytes handed out, no I/O inside.

use crate::Result;
use bytes::Bytes;

/// What a session wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Push the next chunk.
    More,
    /// Push the next chunk; what is pushed is kept to the end, so there should be room for the whole source.
    Keep,
    /// Push the next chunk, but not before this many bytes are set aside: the session holds no more at once
    /// from here on. Every push behind, and `finish`, is heavy: it belongs off the threads that serve
    /// connections. Said at most once.
    Reserve(u64),
    /// The next `n` bytes of the source, counted from the end of what was pushed, are of no
    /// interest. The next push must start behind them; whether they are read and thrown away or
    /// never asked for is the caller's choice. If the source ends within them, call `finish`.
    Skip(u64),
    /// The answer is complete: stop reading the source, and do not call `finish`.
    Done,
}

/// Response metadata, known before the first body byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// MIME type of the body.
    pub content_type: &'static str,
}

/// Where a session writes. `head` is called exactly once, before any `body`.
pub trait Sink {
    /// Commits the response head; from here on an error can only abort the body.
    fn head(&mut self, head: Head);
    /// Appends body bytes; a slice of an input chunk costs no copy.
    fn body(&mut self, bytes: Bytes);
    /// Whether nobody waits for the answer any more: heavy work asks between its parts, and gives up.
    fn is_gone(&self) -> bool {
        false
    }
}

/// One request's run: `session = push* (Done | reserve finish)`, and nothing after an error.
///
/// The bytes that come out do not depend on how the source was cut into chunks.
pub trait Session: Send {
    /// Consumes one source chunk of any length, zero included.
    ///
    /// # Errors
    /// [`crate::Kind::UnsupportedFormat`], [`crate::Kind::Corrupt`] or
    /// [`crate::Kind::LimitExceeded`], each with a message for the caller.
    fn push(&mut self, chunk: Bytes, out: &mut dyn Sink) -> Result<Flow>;

    /// Bytes that [`Session::finish`] will hold at once, above what is held now, if its work is heavy:
    /// it decodes. 0, the default, is for work that is as light as a push, or that was said to be heavy by
    /// [`Flow::Reserve`] before.
    ///
    /// Called once, when the source has no more bytes.
    ///
    /// # Errors
    /// As for [`Session::push`].
    fn reserve(&mut self) -> Result<u64> {
        Ok(0)
    }

    /// Ends the run; the source has no more bytes.
    ///
    /// # Errors
    /// As for [`Session::push`].
    fn finish(&mut self, out: &mut dyn Sink) -> Result<()>;
}
