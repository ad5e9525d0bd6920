//! The driver, which turns the parts that a grammar reads into events without copying their bytes.

use crate::{
    Class, ContainerError, Event,
    grammar::{Grammar, Layout, Step},
    input::Input,
};
use safelight_formats::Format;

/// A walk over a source of a known format.
#[derive(Debug)]
pub(crate) struct Driver {
    format: Format,
    grammar: Box<dyn Grammar>,
    /// The class of the open part.
    class: Class,
    /// The rest of the open part.
    left: Layout,
}

impl Driver {
    /// A walk at the start of a source.
    pub(crate) fn new(format: Format, grammar: Box<dyn Grammar>) -> Self {
        Self { format, grammar, class: Class::Structure, left: Layout::default() }
    }

    pub(crate) const fn format(&self) -> Format {
        self.format
    }

    /// The next event; `None` if more bytes are needed, and at the end of the source.
    pub(crate) fn next(&mut self, input: &mut Input) -> Result<Option<Event>, ContainerError> {
        if let Some(event) = self.continue_part(input) {
            return Ok(Some(event));
        }
        let is_inside_part = self.left != Layout::default();
        // A source that ends in its image data is passed on: decoders show the part that is there.
        let may_end = matches!(self.class, Class::ImageData | Class::Trailer);
        if is_inside_part {
            return if input.ended && !may_end {
                Err(ContainerError::Truncated(self.format, input.position, "a block"))
            } else {
                Ok(None)
            };
        }
        match self.grammar.next(input)? {
            Step::Part(part, layout) => {
                (self.class, self.left) = (part.class, layout);
                Ok(Some(Event::Begin(part)))
            }
            Step::More(_) if !input.ended || (may_end && input.len() == 0) => Ok(None),
            Step::More(element) => {
                let end = input.position + input.len() as u64;
                Err(ContainerError::Truncated(self.format, end, element))
            }
        }
    }

    /// The number of bytes of the open part that have not arrived.
    pub(crate) fn skippable_bytes(&self, input: &Input) -> u64 {
        self.left.total().saturating_sub(input.len() as u64)
    }

    /// Skips the next `n` bytes of the open part, at most [`Driver::skippable_bytes`].
    pub(crate) fn skip(&mut self, n: u64, input: &mut Input) {
        let n = n.min(self.skippable_bytes(input));
        self.left.consume(n);
        input.skip(n);
    }

    /// The next bytes of the open part, as far as they have arrived.
    fn continue_part(&mut self, input: &mut Input) -> Option<Event> {
        let Layout { prefix, payload, suffix } = self.left;
        let (is_payload, max) = if 0 < prefix {
            (false, prefix)
        } else if 0 < payload {
            (true, payload)
        } else {
            (false, suffix)
        };
        let bytes = input.take_front(usize::try_from(max).unwrap_or(usize::MAX));
        if bytes.is_empty() {
            return None;
        }
        self.left.consume(bytes.len() as u64);
        Some(if is_payload { Event::Payload(bytes) } else { Event::Framing(bytes) })
    }
}
