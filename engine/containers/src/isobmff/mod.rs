//! ISO base media file format, as AVIF and HEIF use it: boxes, of which an index (`meta`, and `moov` for
//! sequences) states the offsets of everything in the boxes of media data (ISO/IEC 14496-12, ISO/IEC 23008-12).
//!
//! ```text
//! ftyp   kept, with known brands
//! meta   rewritten: items that are not kept lose their type, name, references, properties, extents
//! moov   rewritten: tracks that are not kept become `free`
//! mdat   samples of kept items and tracks are kept, the rest is blanked
//! …      blanked, or cut after everything that is kept
//! ```
//!
//! The first part is reported when the index has been read and the first media data have begun. If the media
//! data come first, the source is buffered until the index has arrived.

pub(crate) mod boxes;
mod file_type;
pub mod heif;
mod items;
mod meta;
mod movie;
mod plan;
mod properties;
mod redact;
mod scan;
mod tables;

use crate::{
    ContainerError,
    grammar::{Grammar, Step},
    input::Input,
    part_map::Conflict,
};
use boxes::BoxHead;
use plan::{Parts, Plan};
use safelight_core::Limits;
use safelight_formats::Format;
use scan::Scan;

/// The grammar of an ISO-BMFF file.
#[derive(Debug)]
pub(crate) struct IsoBmff {
    format: Format,
    limits: Limits,
    state: State,
    /// The next parts, from the current position.
    parts: Parts,
}

#[derive(Debug)]
enum State {
    /// The index is incomplete; no part has been reported.
    Scan(Scan),
    Boxes(Plan),
}

impl IsoBmff {
    pub(crate) fn new(format: Format, limits: &Limits) -> Self {
        let state = State::Scan(Scan::new(format));
        Self { format, limits: limits.clone(), state, parts: Parts::new() }
    }
}

impl Grammar for IsoBmff {
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        if let State::Scan(scan) = &mut self.state {
            if let Some(waiting) = scan.proceed(input, self.limits.max_metadata_bytes)? {
                let most = self.limits.max_source_bytes;
                return if input.len() as u64 <= most {
                    Ok(Step::More(waiting))
                } else {
                    Err(ContainerError::TooLarge(self.format, "the data before the index", most))
                };
            }
            self.state = State::Boxes(Plan::new(scan, self.format)?);
        }
        if self.parts.is_empty() {
            self.parts = self.next_box(input)?.unwrap_or_default();
        }
        match self.parts.pop_front() {
            Some((part, layout)) => Ok(Step::Part(part, layout)),
            None => Ok(Step::More("a box")),
        }
    }
}

impl IsoBmff {
    /// The parts of the top-level box at the front, or of the bytes after the last box.
    fn next_box(&self, input: &mut Input) -> Result<Option<Parts>, ContainerError> {
        let State::Boxes(plan) = &self.state else { return Ok(None) };
        let at = input.position;
        let is_after_end = plan.end <= at;
        let start = input.peek(input.len().min(BoxHead::MAX_BYTES));
        match BoxHead::read(start.unwrap_or_default()) {
            Ok(Some(head)) => plan.parts(head, input).map_err(|Conflict(at)| {
                ContainerError::Damaged(self.format, at, "image data outside of the media data")
            }),
            Ok(None) if !input.ended || !is_after_end => Ok(None),
            Err(what) if !is_after_end => Err(ContainerError::Damaged(self.format, at, what)),
            Ok(None) | Err(_) => Ok(Some(plan::trailer())),
        }
    }
}
