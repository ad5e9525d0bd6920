//! Sessions: source bytes are pushed in, response bytes come out; no I/O.

use crate::{Cost, Format, Result, Stop};
use bytes::Bytes;

/// The next action that a session requires of its driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Push the next chunk.
    More,
    /// Push the next chunk. The session buffers all of the source, so memory for it should be reserved, and
    /// [`Session::expect`] called.
    Keep,
    /// Reserve this cost, then push the next chunk. From here on the session uses at most that much memory. All
    /// following calls of `push` and `finish` are heavy and must not run on threads that serve connections.
    /// Returned at most once.
    Reserve(Cost),
    /// Skip `n` bytes of the source, counted from the end of the last chunk, and push the chunk that follows
    /// them. The driver may read and discard the skipped bytes, or not request them. If the source ends
    /// within them, call `finish`.
    Skip(u64),
    /// The output is complete: stop reading the source, and do not call `finish`.
    Done,
}

/// Response metadata that is known before the first body byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// MIME type of the body.
    pub content_type: &'static str,
    /// The quality that was chosen for the image, if the query left it to the encode.
    pub quality: Option<u8>,
}

impl Head {
    /// Returns the head of a body of the MIME type `content_type`.
    pub const fn new(content_type: &'static str) -> Self {
        Self { content_type, quality: None }
    }
}

/// A part of the work, for drivers that measure how long each takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Decodes a source of this format.
    Decode(Format),
    /// Runs the transform of this name.
    Transform(&'static str),
    /// Encodes in this format.
    Encode(Format),
}

/// The receiver of a session's output. `head` is called exactly once, before any `body`.
pub trait Sink {
    /// Commits the response head. A later error can only abort the body.
    fn head(&mut self, head: Head);
    /// Appends body bytes. Slices of input chunks are not copied.
    fn body(&mut self, bytes: Bytes);
    /// Returns the signal that ends the work early. Defaults to one that is never set.
    fn stop(&self) -> Stop {
        Stop::default()
    }
    /// Notes that the work from here on belongs to `stage`, until the next one. Defaults to nothing.
    fn stage(&mut self, _stage: Stage) {}
    /// Notes that `pixels` pixels were decoded, all frames together. Defaults to nothing.
    fn decoded(&mut self, _pixels: u64) {}
}

/// The work for one request: `session = [sized] push* (Done | reserve finish)`, and no call after an error.
///
/// The output does not depend on how the source is divided into chunks.
pub trait Session: Send {
    /// Tells the length of the source in bytes, if it is known, before the first chunk. Defaults to nothing.
    fn sized(&mut self, _bytes: u64) {}

    /// Consumes one chunk of the source, of any length including zero.
    ///
    /// # Errors
    /// [`crate::Kind::UnsupportedFormat`], [`crate::Kind::Corrupt`] or
    /// [`crate::Kind::LimitExceeded`], each with a message for the client.
    fn push(&mut self, chunk: Bytes, out: &mut dyn Sink) -> Result<Flow>;

    /// Allocates the buffer for a source of `bytes` bytes, so that it is allocated once. Defaults to nothing.
    ///
    /// Called after the first [`Flow::Keep`], when the length of the source is known and within its limit.
    fn expect(&mut self, _bytes: u64) {}

    /// Returns the cost of [`Session::finish`] in addition to the current buffers, if it is heavy because it
    /// decodes. Defaults to `None`, for work that is light or announced by [`Flow::Reserve`].
    ///
    /// Called once, after the last chunk.
    ///
    /// # Errors
    /// As for [`Session::push`].
    fn reserve(&mut self) -> Result<Option<Cost>> {
        Ok(None)
    }

    /// Ends the session, after the last chunk.
    ///
    /// # Errors
    /// As for [`Session::push`].
    fn finish(&mut self, out: &mut dyn Sink) -> Result<()>;
}
