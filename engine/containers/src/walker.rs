//! The walker, which detects the format of a source and reports its parts as events.

use crate::{ContainerError, Event, driver::Driver, grammars::new_grammar, input::Input};
use bytes::Bytes;
use safelight_core::Limits;
use safelight_formats::{DETECT_BYTES, Detection, Format};

/// A walk over one source.
///
/// Call order: `walk = (push next*)* finish next*`, where `next` is called until it returns `None`.
/// The bytes of all events, concatenated, are the source.
#[derive(Debug)]
pub struct Walker {
    input: Input,
    limits: Limits,
    /// Present once the format has been detected.
    driver: Option<Driver>,
}

/// A length above the header of any source that is not buffered whole.
const MAX_STREAMED_HEADER_BYTES: usize = 512 << 10;

/// The reason to reject a PSD when its metadata is to be removed: it is also in its layers, which nothing here reads.
const UNSTRIPPABLE_PSD: &str =
    "the metadata of a file with layers cannot be removed; format=png or a size gives its composite without";

impl Walker {
    /// A walker at the start of a source.
    pub fn new(limits: Limits) -> Self {
        Self { input: Input::default(), limits, driver: None }
    }

    /// The format of the source, once its first bytes have arrived.
    pub fn format(&self) -> Option<Format> {
        self.driver.as_ref().map(Driver::format)
    }

    /// Adds the next bytes of the source.
    pub fn push(&mut self, chunk: Bytes) {
        self.input.push(chunk);
    }

    /// Marks the end of the source.
    pub fn finish(&mut self) {
        self.input.ended = true;
    }

    /// The next event; `None` if more bytes are needed, and at the end of the source.
    ///
    /// # Errors
    /// [`ContainerError`], which ends the walk.
    #[allow(clippy::should_implement_trait, reason = "`None` is not the end, and errors end the walk")]
    pub fn next(&mut self) -> Result<Option<Event>, ContainerError> {
        if self.driver.is_none() {
            self.driver = self.detect()?;
        }
        match &mut self.driver {
            Some(driver) => driver.next(&mut self.input),
            None => Ok(None),
        }
    }

    /// The number of bytes of the open part that have not been pushed.
    ///
    /// A caller that does not need them can skip them with [`Walker::skip`] instead of fetching them.
    pub fn skippable_bytes(&self) -> u64 {
        self.driver.as_ref().map_or(0, |driver| driver.skippable_bytes(&self.input))
    }

    /// Skips the next `n` bytes of the open part, at most [`Walker::skippable_bytes`], which are then not
    /// pushed.
    ///
    /// Call it only after [`Walker::next`] has returned `None`.
    pub fn skip(&mut self, n: u64) {
        if let Some(driver) = &mut self.driver {
            driver.skip(n, &mut self.input);
        }
    }

    /// Whether so many bytes are buffered that the source is of a kind that must be buffered whole.
    pub fn must_buffer_all(&self) -> bool {
        MAX_STREAMED_HEADER_BYTES < self.input.len()
    }

    /// A driver for the format that the first bytes show; `None` if more bytes are needed.
    fn detect(&mut self) -> Result<Option<Driver>, ContainerError> {
        let head_bytes = self.input.len().min(DETECT_BYTES);
        match Format::detect(self.input.peek(head_bytes).unwrap_or_default()) {
            Detection::Known(format) => {
                let grammar = new_grammar(format, &self.limits).ok_or(match format {
                    Format::Psd => ContainerError::Unsupported(format, UNSTRIPPABLE_PSD),
                    Format::Raw => ContainerError::Unsupported(format, crate::raw::UNSTRIPPABLE),
                    _ => ContainerError::NoGrammar(format),
                })?;
                Ok(Some(Driver::new(format, grammar)))
            }
            Detection::NeedMore if !self.input.ended => Ok(None),
            Detection::NeedMore | Detection::Unknown => Err(ContainerError::Unknown),
        }
    }
}
