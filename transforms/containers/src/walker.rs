//! The driver that all containers share: it finds the container out, then turns the layouts that
//! the container's grammar reads off into events, without copying what they cover.

use crate::{
    Container, ContainerError, Event, Part, gif::Gif, input::Input, isobmff::IsoBmff, jpeg::Jpeg, png::Png,
    tiff::Tiff, webp::Webp,
};
use bytes::Bytes;
use safelight_core::Limits;

/// Walks one source.
///
/// Call order: `walk = (push next*)* finish next*`, where `next` is called until it gives `None`.
/// The bytes of all events, one behind the other, are the source.
#[derive(Debug)]
pub struct Walker {
    input: Input,
    limits: Limits,
    grammar: Option<Box<dyn Grammar>>,
    container: Option<Container>,
    layout: Layout,
    ended: bool,
}

/// What one container adds to the driver.
pub(crate) trait Grammar: Send + std::fmt::Debug {
    /// Reads the part that begins at the front of `input`; consumes nothing of it.
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError>;

    /// Whether the source may end here, with `open` telling what class of part it ended within.
    ///
    /// A source that ends inside coded samples is handed on as it stands, as every viewer shows it;
    /// one that ends inside anything else is damaged.
    fn end(&self, input: &Input) -> Result<(), ContainerError>;
}

/// What a grammar has read.
#[derive(Debug)]
pub(crate) enum Step {
    /// A part, and how its bytes divide.
    Part(Part, Layout),
    /// Too little has arrived to tell.
    More,
}

/// How the bytes of a part divide, in the order in which they lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Framing before the payload, in bytes.
    pub(crate) prefix: u64,
    /// In bytes.
    pub(crate) payload: u64,
    /// Framing behind the payload, in bytes.
    pub(crate) suffix: u64,
}

impl Layout {
    pub(crate) const fn new(prefix: u64, payload: u64, suffix: u64) -> Self {
        Self { prefix, payload, suffix }
    }

    const fn left(self) -> u64 {
        self.prefix.saturating_add(self.payload).saturating_add(self.suffix)
    }
}
