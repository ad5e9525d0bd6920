//! The search for the index of an ISO-BMFF file among its top-level boxes.

use super::boxes::BoxHead;
use crate::{ContainerError, input::Input};
use bytes::Bytes;
use safelight_formats::Format;
use std::ops::Range;

/// The most top-level boxes before the index is complete.
const MAX_BOXES: usize = 4096;
/// The most bytes of `ftyp`, which is kept; brands take 4 bytes each.
const MAX_FILE_TYPE_BYTES: usize = 1024;

/// The state of the search, while no part has been reported.
#[derive(Debug)]
pub(super) struct Scan {
    format: Format,
    /// The offset of the next box.
    pub(super) at: u64,
    boxes: usize,
    /// Whether the brands are those of an image sequence.
    is_sequence: bool,
    /// The box `ftyp`.
    pub(super) file_type: Bytes,
    pub(super) meta: Option<IndexBox>,
    /// Present only in sequences.
    pub(super) movie: Option<IndexBox>,
    /// Contents of the boxes `mdat`, up to the first one at which the index is complete.
    pub(super) media: Vec<Range<u64>>,
}

/// A buffered box, and its offset in the source.
#[derive(Clone, Debug)]
pub(super) struct IndexBox {
    pub(super) start: u64,
    pub(super) bytes: Bytes,
}

impl Scan {
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            at: 0,
            boxes: 0,
            is_sequence: false,
            file_type: Bytes::new(),
            meta: None,
            movie: None,
            media: Vec::new(),
        }
    }

    /// Reads the boxes that have arrived. Returns `None` if the index is complete, else the name of the element
    /// that is incomplete, for error messages.
    pub(super) fn proceed(
        &mut self,
        input: &Input,
        max_bytes: u64,
    ) -> Result<Option<&'static str>, ContainerError> {
        loop {
            let end_of_input = input.position + input.len() as u64;
            let left = usize::try_from(end_of_input.saturating_sub(self.at)).unwrap_or(usize::MAX);
            let head = input.read_at(self.at, left.min(BoxHead::MAX_BYTES)).unwrap_or_default();
            let head = BoxHead::read(&head);
            if input.ended && (left == 0 || head == Ok(None)) {
                return self.end(end_of_input);
            }
            let head = match head {
                Ok(Some(head)) => head,
                Ok(None) => return Ok(Some("a box")),
                // Bytes after the last box need not be a box.
                Err(_) if self.is_complete() => return Ok(None),
                Err(what) => return Err(self.damaged(what)),
            };
            let end = match head.size {
                Some(size) => self.at.saturating_add(size),
                // An index that reaches to the end of the source.
                None if matches!(&head.kind, b"meta" | b"moov") => {
                    if max_bytes < left as u64 {
                        return Err(ContainerError::TooLarge(self.format, "the index", max_bytes));
                    }
                    if !input.ended {
                        return Ok(Some("the index"));
                    }
                    end_of_input
                }
                None => u64::MAX,
            };
            let is_first = self.at == 0;
            match &head.kind {
                b"ftyp" if is_first => match self.read_box(input, end, MAX_FILE_TYPE_BYTES as u64)? {
                    Some(bytes) => {
                        self.is_sequence = is_sequence(bytes.get(head.bytes..).unwrap_or_default());
                        self.file_type = bytes;
                    }
                    None => return Ok(Some("the file type")),
                },
                b"meta" if self.meta.is_none() => match self.read_box(input, end, max_bytes)? {
                    Some(bytes) => self.meta = Some(IndexBox { start: self.at, bytes }),
                    None => return Ok(Some("the index")),
                },
                b"moov" if self.movie.is_none() && self.is_sequence => {
                    match self.read_box(input, end, max_bytes)? {
                        Some(bytes) => self.movie = Some(IndexBox { start: self.at, bytes }),
                        None => return Ok(Some("the index")),
                    }
                }
                b"mini" => {
                    return Err(ContainerError::Unsupported(self.format, "a minimized index"));
                }
                b"mdat" => self.media.push(self.at.saturating_add(head.bytes as u64)..end),
                _ => (),
            }
            self.at = end;
            self.boxes += 1;
            if self.is_complete() && !self.media.is_empty() {
                return Ok(None);
            }
            if MAX_BOXES < self.boxes {
                return Err(self.damaged("too many boxes before the index"));
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.meta.is_some() && (self.movie.is_some() || !self.is_sequence)
    }

    /// Accepts a partial index at the end of the source.
    fn end(&self, end: u64) -> Result<Option<&'static str>, ContainerError> {
        match (&self.meta, &self.movie) {
            (None, None) if end < self.at && self.at < u64::MAX => {
                Err(ContainerError::Truncated(self.format, end, "a box before the index"))
            }
            (None, None) => Err(self.damaged("no index")),
            _ => Ok(None),
        }
    }

    /// The box from `self.at` to `end`, if all of it has arrived.
    fn read_box(&self, input: &Input, end: u64, max_bytes: u64) -> Result<Option<Bytes>, ContainerError> {
        let size = end - self.at;
        if max_bytes < size {
            return Err(ContainerError::TooLarge(self.format, "the index", max_bytes));
        }
        Ok(input.read_at(self.at, size as usize))
    }

    fn damaged(&self, what: &'static str) -> ContainerError {
        ContainerError::Damaged(self.format, self.at, what)
    }
}

/// Whether `brands`, the contents of `ftyp`, name a brand of sequences.
fn is_sequence(brands: &[u8]) -> bool {
    let is_one = |(i, brand): (usize, &[u8])| {
        let is_minor_version = i == 1;
        !is_minor_version
            && matches!(brand, b"avis" | b"msf1" | b"hevc" | b"hevx" | b"hevm" | b"hevs" | b"avcs")
    };
    brands.chunks_exact(4).enumerate().any(is_one)
}
