//! SVG 1.1 and 2: XML, of which a sanitiser keeps what draws (W3C SVG 2, XML 1.0, Namespaces in XML 1.0).
//!
//! ```text
//! elements    shapes, text, paint, masks, filters, animations of drawing attributes, style sheets, pictures
//! attributes  those that these elements have for drawing
//! references  to a fragment of the file, and pictures in `data:` URLs, which are stripped
//! …           cut: scripts, event handlers, foreign content, other references, metadata, titles, editors' data, comments,
//!             processing instructions, the document type
//! ```
//!
//! A source is buffered whole and written anew, so that nothing remains that a list does not name.

mod names;
mod entities;
mod value;
mod style;
mod picture;
mod output;
mod sanitise;

pub use picture::picture;
pub use sanitise::sanitise;

use crate::{
    Class, ContainerError, Part, Removal,
    grammar::{Grammar, Layout, Step},
    input::Input,
};
use safelight_core::Limits;
use safelight_formats::Format;

/// The grammar of an SVG file: one part, and a trailer without bytes.
#[derive(Debug)]
pub(crate) struct Svg {
    limits: Limits,
    is_read: bool,
}

/// The most bytes of a source.
const MAX_BYTES: u64 = 16 << 20;

/// Checks the size of a source, so that it, its decoded pictures and the result, in which a character may become five,
/// are in memory twice the largest source.
fn check_length(length: usize, limits: &Limits) -> Result<(), ContainerError> {
    let max = MAX_BYTES.min(limits.max_source_bytes / 4);
    if max < length as u64 { Err(ContainerError::TooLarge(Format::Svg, "the size", max)) } else { Ok(()) }
}

impl Svg {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { limits: limits.clone(), is_read: false }
    }
}

impl Grammar for Svg {
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        if self.is_read {
            return Ok(Step::Part(Part::cut(Class::Trailer), Layout::rest()));
        }
        let length = input.len();
        check_length(length, &self.limits)?;
        if !input.ended {
            return Ok(Step::More("the root element"));
        }
        let clean = sanitise(input.peek(length).unwrap_or_default(), &self.limits)?;
        self.is_read = true;
        let part = Part::new(Class::Index, Removal::Replace(clean.into()));
        Ok(Step::Part(part, Layout::framing(length as u64)))
    }
}
