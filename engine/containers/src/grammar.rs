//! The interface of a format's grammar, which divides a source into parts.

use crate::{ContainerError, Part, input::Input};
use std::fmt::Debug;

/// A parser of one format, which reads a source part by part.
pub(crate) trait Grammar: Send + Debug {
    /// Reads the part that begins at the front of `input`, without consuming any of it.
    ///
    /// The driver calls it only between parts. After [`Step::More`] it is called again with more input, so it
    /// must not change the grammar's state in that case. [`Step::More`] at the end of the source means that
    /// the source is truncated; a grammar whose source may end here begins a trailer first.
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError>;
}

/// The result of reading one part.
#[derive(Debug)]
pub(crate) enum Step {
    /// A part, and how its bytes divide.
    Part(Part, Layout),
    /// More bytes are needed; the text names the element that is incomplete, for the error message.
    More(&'static str),
}

/// The division of a part's bytes, in the order of the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Framing before the payload, in bytes.
    pub(crate) prefix: u64,
    /// In bytes.
    pub(crate) payload: u64,
    /// Framing after the payload, in bytes.
    pub(crate) suffix: u64,
}

impl Layout {
    pub(crate) const fn new(prefix: u64, payload: u64, suffix: u64) -> Self {
        Self { prefix, payload, suffix }
    }

    /// A part that is all framing.
    pub(crate) const fn framing(bytes: u64) -> Self {
        Self::new(bytes, 0, 0)
    }

    /// A part that is all payload.
    pub(crate) const fn payload(bytes: u64) -> Self {
        Self::new(0, bytes, 0)
    }

    /// A payload that reaches to the end of the source.
    pub(crate) const fn rest() -> Self {
        Self::payload(u64::MAX)
    }

    /// The length of the part, in bytes.
    pub(crate) const fn total(self) -> u64 {
        self.prefix.saturating_add(self.payload).saturating_add(self.suffix)
    }

    /// Removes the first `n` bytes.
    pub(crate) fn consume(&mut self, mut n: u64) {
        for length in [&mut self.prefix, &mut self.payload, &mut self.suffix] {
            let consumed = n.min(*length);
            *length -= consumed;
            n -= consumed;
        }
    }
}
