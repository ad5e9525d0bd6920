//! TIFF 6.0 and `BigTIFF`, as a file of its own and as the body of an EXIF block.
//!
//! The directories of a TIFF file may be anywhere and refer to any byte, so the file is buffered whole. Its
//! length and its offsets do not change:
//!
//! ```text
//! header         the offset of the first directory that is kept
//! directory      entries that are kept, moved up; the offset of the next directory; zeros
//! values         of entries that are kept are kept, others are blanked
//! profiles       replaced, with the same colours and no names
//! strips, tiles  kept, without bytes after samples that are not compressed
//! …              blanked, or cut after everything that is kept
//! ```
//!
//! Directories of thumbnails are removed from the chain, and sub-directories are removed. Camera raw files are
//! rejected, since their images are in sub-directories and in structures of the vendor. The EXIF fields of any
//! TIFF file can be read from its directories, without a walk.

mod plan;
mod layout;
mod coded;
mod raw;
mod tags;
mod reader;
mod fields;

pub use fields::{TiffField, TiffFields};
pub use raw::is_camera_raw;
pub(crate) use reader::Ifd;
pub use reader::{ByteOrder, Entry, TiffReader};

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
    /// Present once the source has ended.
    parts: Option<VecDeque<(Part, Layout)>>,
}

impl Tiff {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { limits: limits.clone(), parts: None }
    }
}

impl Grammar for Tiff {
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        let max = self.limits.max_source_bytes;
        if self.parts.is_none() {
            let length = input.len();
            if max < length as u64 {
                return Err(ContainerError::TooLarge(Format::Tiff, "the size", max));
            }
            if !input.ended {
                return Ok(Step::More("the header"));
            }
            // Joined, so that the parts are slices.
            input.peek(length);
            let data = input.read_at(input.position, length).unwrap_or_default();
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
