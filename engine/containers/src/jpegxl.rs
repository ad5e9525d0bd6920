//! JPEG XL: a bare codestream, or boxes around one (ISO/IEC 18181-2).
//!
//! ```text
//! signature, ftyp   kept; ftyp is rewritten
//! jxll              kept: the level that a decoder needs
//! jxlc, jxlp        kept: the codestream, whole or in parts
//! …                 cut: EXIF, XML and JUMBF boxes, compressed ones, JPEG reconstruction data, gain maps, frame indexes,
//!                   whatever follows the codestream
//! ```
//!
//! The codestream states the orientation, which applies instead of that of EXIF (ISO/IEC 18181-2, section 9.4). Names
//! in a colour profile are part of its coded data, and so are bytes after the last frame: only a decoder finds them.

use crate::{
    Class, ContainerError, Part, Removal,
    grammar::{Grammar, Layout, Step},
    input::Input,
    isobmff::boxes::BoxHead,
};
use bytes::Bytes;
use safelight_formats::Format;
use std::collections::BTreeSet;

/// The grammar of a JPEG XL source.
#[derive(Debug, Default)]
pub(crate) struct JpegXl {
    state: State,
    /// Numbers of the parts of the codestream so far.
    parts: BTreeSet<u32>,
    /// The number of the last part, once it has been seen.
    last: Option<u32>,
    /// Whether the whole codestream has been seen.
    is_complete: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Start,
    Boxes,
    Codestream,
    Trailer,
}

/// The first bytes of a codestream (ISO/IEC 18181-1, annex D.1).
const CODESTREAM_START: &[u8] = b"\xFF\x0A";
/// Bytes of the signature box.
const SIGNATURE_BYTES: u64 = 12;
/// The file type box that every file has.
const FILE_TYPE: &[u8] = b"\0\0\0\x14ftypjxl \0\0\0\0jxl ";
/// Bytes of a type, before the data of a compressed box, and of the number of a part.
const WORD_BYTES: u64 = 4;
/// The flag of the last part, beside its number.
const LAST: u32 = 1 << 31;
/// The most parts of a codestream. Encoders write a few.
const MAX_PARTS: usize = 1 << 16;

impl Grammar for JpegXl {
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        match self.state {
            State::Start => {
                let Some(head) = input.peek(2) else { return Ok(Step::More("its start")) };
                if head == CODESTREAM_START {
                    self.state = State::Codestream;
                    return Ok(Step::Part(Part::cut(Class::Structure), Layout::framing(2)));
                }
                self.state = State::Boxes;
                Ok(Step::Part(Part::cut(Class::Structure), Layout::framing(SIGNATURE_BYTES)))
            }
            State::Boxes => self.next_box(input),
            State::Codestream => {
                self.state = State::Trailer;
                Ok(Step::Part(Part::cut(Class::ImageData), Layout::rest()))
            }
            State::Trailer => Ok(Step::Part(Part::cut(Class::Trailer), Layout::rest())),
        }
    }
}

impl JpegXl {
    /// Reads the part that begins with a box.
    fn next_box(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        let head = match BoxHead::peek(input) {
            Ok(Some(head)) => head,
            Ok(None) if !input.ended => return Ok(Step::More("a box")),
            _ if self.is_complete => {
                self.state = State::Trailer;
                return self.next(input);
            }
            Ok(None) if input.len() == 0 => {
                return Err(damaged(input, "it has no codestream, or a part of one is missing"));
            }
            Ok(None) => return Ok(Step::More("a box")),
            Err(what) => return Err(damaged(input, what)),
        };
        let head_bytes = head.bytes as u64;
        let body_bytes = head.size.map_or(u64::MAX, |size| size - head_bytes);
        let layout = Layout::new(head_bytes, body_bytes, 0);
        let class = match &head.kind {
            b"jxlc" | b"jxlp" | b"ftyp" | b"jxll" | b"JXL " if self.is_complete => Class::Unknown,
            b"jxlc" if !self.parts.is_empty() => return Err(damaged(input, "a second codestream")),
            b"jxlc" => {
                let Some(()) = check_start(input, head.bytes, body_bytes)? else {
                    return Ok(Step::More("the codestream"));
                };
                self.is_complete = true;
                Class::ImageData
            }
            b"jxlp" => return self.part(input, &head, layout),
            b"ftyp" if body_bytes < WORD_BYTES => return Err(damaged(input, "a box of an invalid length")),
            b"ftyp" => {
                let file_type = Removal::Replace(Bytes::from_static(FILE_TYPE));
                return Ok(Step::Part(Part::new(Class::Index, file_type), layout));
            }
            b"jxll" if (head_bytes, body_bytes) == (8, 1) => Class::Structure,
            b"jxll" => return Err(damaged(input, "a level that is no number")),
            b"JXL " => return Err(damaged(input, "a second signature")),
            b"brob" if WORD_BYTES <= body_bytes => {
                let prefix = head.bytes + WORD_BYTES as usize;
                let Some(start) = input.peek(prefix) else { return Ok(Step::More("a box")) };
                // What it holds is compressed, so it cannot be read as a box of that type.
                let class = match &start[head.bytes..] {
                    b"xml " => Class::Text,
                    b"jumb" => Class::C2pa,
                    _ => Class::Vendor,
                };
                let layout = Layout::new(prefix as u64, body_bytes.saturating_sub(WORD_BYTES), 0);
                return Ok(Step::Part(Part::cut(class), layout));
            }
            b"Exif" => Class::Exif,
            b"xml " => Class::Xmp,
            b"jumb" => Class::C2pa,
            b"jhgm" => Class::Secondary,
            // Markers of the JPEG from which the image was made, EXIF among them.
            b"jbrd" => Class::Vendor,
            _ => Class::Unknown,
        };
        Ok(Step::Part(Part::cut(class), layout))
    }

    /// Reads a box with a part of the codestream, which begins with its number.
    fn part(&mut self, input: &mut Input, head: &BoxHead, layout: Layout) -> Result<Step, ContainerError> {
        if layout.payload < WORD_BYTES {
            return Err(damaged(input, "a part of the codestream without a number"));
        }
        let prefix = head.bytes + WORD_BYTES as usize;
        let start = input.peek(prefix).and_then(|start| start[head.bytes..].first_chunk());
        let Some(number) = start.map(|number| u32::from_be_bytes(*number)) else {
            return Ok(Step::More("a part of the codestream"));
        };
        let (number, is_last) = (number & !LAST, number & LAST != 0);
        let payload = layout.payload.saturating_sub(WORD_BYTES);
        if number == 0 && 0 < payload && check_start(input, prefix, payload)?.is_none() {
            return Ok(Step::More("the codestream"));
        }
        if MAX_PARTS <= self.parts.len() {
            return Err(ContainerError::Unsupported(Format::JpegXl, "a codestream in too many parts"));
        }
        let is_after_last = self.last.is_some_and(|last| is_last || last < number);
        if is_after_last || !self.parts.insert(number) {
            return Err(damaged(input, "a part of the codestream after the last, or of the same number"));
        }
        self.last = if is_last { Some(number) } else { self.last };
        self.is_complete = self.last.is_some_and(|last| self.parts.len() as u64 == u64::from(last) + 1);
        Ok(Step::Part(Part::cut(Class::ImageData), Layout::new(prefix as u64, payload, 0)))
    }
}

/// Checks that a codestream begins after the first `prefix` bytes of a box, whose other bytes are `payload`; `None` if
/// more bytes are needed.
fn check_start(input: &mut Input, prefix: usize, payload: u64) -> Result<Option<()>, ContainerError> {
    let bytes = prefix + payload.min(CODESTREAM_START.len() as u64) as usize;
    match input.peek(bytes).map(|head| CODESTREAM_START.starts_with(&head[prefix..])) {
        None => Ok(None),
        Some(true) => Ok(Some(())),
        Some(false) => Err(damaged(input, "a codestream without a start marker")),
    }
}

fn damaged(input: &Input, what: &'static str) -> ContainerError {
    ContainerError::Damaged(Format::JpegXl, input.position, what)
}
