//! TIFF 6.0 and `BigTIFF`, as a file of its own and as the body of an EXIF block.
//!
//! The directories of a TIFF file may stand anywhere and refer to any byte, so the file is held whole.
//! Its length and its offsets stay as they are:
//!
//! ```text
//! header         the offset of the first directory that is kept
//! directory      entries that are kept, moved up; the offset of the next directory; zeros
//! values         of entries that are kept are handed on, others are blanked
//! strips, tiles  handed on
//! …              blanked, and cut where nothing that is kept follows
//! ```
//!
//! Directories of thumbnails are left out of the chain, sub-directories are dropped. Camera raw files,
//! whose pictures lie in these and in makers' own structures, are refused. Who wants nothing but the EXIF
//! of a TIFF file of any kind reads its directories, and needs no walk.

mod coded;
mod plan;
mod reader;
mod tags;

pub(crate) use reader::{Entry, Ifd, TiffReader};

use crate::{
    Class, ContainerError, Part,
    grammar::{Grammar, Layout, Step},
    input::Input,
};
use safelight_core::Limits;
use safelight_formats::Format;
use std::collections::VecDeque;

/// The grammar of a TIFF file.
#[derive(Debug)]
pub(crate) struct Tiff {
    limits: Limits,
    /// Once the source has ended.
    parts: Option<VecDeque<(Part, Layout)>>,
}

impl Tiff {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { limits: limits.clone(), parts: None }
    }
}

impl Grammar for Tiff {
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        let most = self.limits.max_source_bytes;
        if self.parts.is_none() {
            let held = input.len();
            if most < held as u64 {
                return Err(ContainerError::TooLarge(Format::Tiff, "the size", most));
            }
            if !input.ended {
                return Ok(Step::More("its header"));
            }
            // As one piece, of which the parts are slices.
            input.peek(held);
            let data = input.read_at(input.position, held).unwrap_or_default();
            let map = plan::plan(&data)?;
            let end = map.needed().next_back().map_or(0, |range| range.end);
            let parts = map.cover(0..end).map_err(plan::conflict)?;
            self.parts = Some(parts);
        }
        let next = self.parts.as_mut().and_then(VecDeque::pop_front);
        let (part, layout) = next.unwrap_or((Part::cut(Class::Trailer), Layout::rest()));
        Ok(Step::Part(part, layout))
    }
}
