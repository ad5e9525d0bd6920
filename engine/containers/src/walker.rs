//! The driver that all containers share: it finds the container out, then turns the layouts that
//! the container's grammar reads off into events, without copying what they cover.

use crate::{
    Class, Container, ContainerError, Event, Part,
    gif::Gif,
    input::Input,
    isobmff::IsoBmff,
    jpeg::Jpeg,
    png::Png,
    sniff::{SNIFF_BYTES, Sniff},
    tiff::Tiff,
    webp::Webp,
};
use bytes::Bytes;
use safelight_core::Limits;
use std::fmt::Debug;

/// Walks one source.
///
/// Call order: `walk = (push next*)* finish next*`, where `next` is called until it gives `None`.
/// The bytes of all events, one behind the other, are the source.
#[derive(Debug)]
pub struct Walker {
    input: Input,
    limits: Limits,
    found: Option<(Container, Box<dyn Grammar>)>,
    /// The class of the open part.
    class: Class,
    /// What is still to come of the open part.
    left: Layout,
}

/// What one container adds to the driver.
pub(crate) trait Grammar: Send + Debug {
    /// Reads the part that begins at the front of `input`, and consumes nothing of it.
    ///
    /// Where it says [`Step::More`], it is called again with more input and must have changed nothing.
    /// Called between parts only. Where it says [`Step::More`] and the source has ended, the source
    /// is cut short; a source that may end here therefore begins a trailer first.
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError>;
}

/// What a grammar has read.
#[derive(Debug)]
pub(crate) enum Step {
    /// A part, and how its bytes divide.
    Part(Part, Layout),
    /// Too little has arrived to tell; what is being read is named for the error message.
    More(&'static str),
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

/// Above what the header of any source that streams takes.
const HOARD_BYTES: usize = 512 << 10;

impl Walker {
    /// A walker at the start of a source.
    pub fn new(limits: Limits) -> Self {
        let left = Layout::default();
        Self { input: Input::default(), limits, found: None, class: Class::Structure, left }
    }

    /// The source's container, once its first bytes have told.
    pub fn container(&self) -> Option<Container> {
        self.found.as_ref().map(|(container, _)| *container)
    }

    /// Takes the source's next bytes.
    pub fn push(&mut self, chunk: Bytes) {
        self.input.push(chunk);
    }

    /// Takes note that the source has no more bytes.
    pub fn finish(&mut self) {
        self.input.ended = true;
    }

    /// The next event; `None` when more bytes are needed, and at the end of the source.
    ///
    /// # Errors
    /// [`ContainerError`]; the walk is over then.
    #[allow(clippy::should_implement_trait, reason = "`None` is not the end, and errors end the walk")]
    pub fn next(&mut self) -> Result<Option<Event>, ContainerError> {
        if let Some(event) = self.continue_part() {
            return Ok(Some(event));
        }
        let inside_part = self.left != Layout::default();
        // Nothing can come between these parts and the end of the source.
        let may_end = matches!(self.class, Class::Picture | Class::Trailer);
        if inside_part {
            return match self.container() {
                Some(container) if self.input.ended && !may_end => {
                    Err(ContainerError::Truncated(container, self.input.position, "a block"))
                }
                _ => Ok(None),
            };
        }
        self.sniff()?;
        let Some((container, grammar)) = &mut self.found else { return Ok(None) };
        match grammar.next(&mut self.input)? {
            Step::Part(part, layout) => {
                (self.class, self.left) = (part.class, layout);
                Ok(Some(Event::Begin(part)))
            }
            Step::More(_) if !self.input.ended || (may_end && self.input.len() == 0) => Ok(None),
            Step::More(what) => {
                let end = self.input.position + self.input.len() as u64;
                Err(ContainerError::Truncated(*container, end, what))
            }
        }
    }

    /// How many bytes of the open part have not arrived: with [`Walker::skip`], a caller who has no
    /// interest in the part need not fetch them.
    pub fn ahead(&self) -> u64 {
        self.left.total().saturating_sub(self.input.len() as u64)
    }

    /// Whether so much is held back that the source is one of those that must be held whole.
    pub fn is_hoarding(&self) -> bool {
        HOARD_BYTES < self.input.len()
    }

    /// Passes over the next `n` bytes of the open part, at most [`Walker::ahead`], which are
    /// then not pushed. To be called when there is no next event.
    pub fn skip(&mut self, n: u64) {
        let n = n.min(self.ahead());
        self.left.consume(n);
        self.input.skip(n);
    }

    /// The next bytes of the open part, as far as they have arrived.
    fn continue_part(&mut self) -> Option<Event> {
        let Layout { prefix, payload, suffix } = self.left;
        let (is_payload, most) = if 0 < prefix {
            (false, prefix)
        } else if 0 < payload {
            (true, payload)
        } else {
            (false, suffix)
        };
        let bytes = self.input.take_front(usize::try_from(most).unwrap_or(usize::MAX));
        if bytes.is_empty() {
            return None;
        }
        self.left.consume(bytes.len() as u64);
        Some(if is_payload { Event::Payload(bytes) } else { Event::Frame(bytes) })
    }

    /// Finds the container out, once the first bytes tell.
    fn sniff(&mut self) -> Result<(), ContainerError> {
        if self.found.is_some() {
            return Ok(());
        }
        let held = self.input.len().min(SNIFF_BYTES);
        match Container::sniff(self.input.peek(held).unwrap_or_default()) {
            Sniff::Known(container) => {
                self.found = Some((container, new_grammar(container, &self.limits)));
                Ok(())
            }
            Sniff::More if !self.input.ended => Ok(()),
            Sniff::More | Sniff::Unknown => Err(ContainerError::Unknown),
        }
    }
}

fn new_grammar(container: Container, limits: &Limits) -> Box<dyn Grammar> {
    match container {
        Container::Jpeg => Box::<Jpeg>::default(),
        Container::Png => Box::<Png>::default(),
        Container::Webp => Box::<Webp>::default(),
        Container::Gif => Box::<Gif>::default(),
        Container::Avif | Container::Heic | Container::Heif => Box::new(IsoBmff::new(container, limits)),
        Container::Tiff => Box::new(Tiff::new(limits)),
    }
}

impl Layout {
    pub(crate) const fn new(prefix: u64, payload: u64, suffix: u64) -> Self {
        Self { prefix, payload, suffix }
    }

    /// All framing.
    pub(crate) const fn framing(bytes: u64) -> Self {
        Self::new(bytes, 0, 0)
    }

    /// All payload.
    pub(crate) const fn payload(bytes: u64) -> Self {
        Self::new(0, bytes, 0)
    }

    /// Payload to the end of the source.
    pub(crate) const fn rest() -> Self {
        Self::payload(u64::MAX)
    }

    const fn total(self) -> u64 {
        self.prefix.saturating_add(self.payload).saturating_add(self.suffix)
    }

    fn consume(&mut self, mut n: u64) {
        for length in [&mut self.prefix, &mut self.payload, &mut self.suffix] {
            let taken = n.min(*length);
            *length -= taken;
            n -= taken;
        }
    }
}
