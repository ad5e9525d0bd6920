//! JPEG 2000: a bare codestream, or a JP2 or JPH file around one (ITU-T T.800 Annexes A and I, T.814 Annex D).
//!
//! ```text
//! jP, ftyp        kept; brands of unknown meaning are dropped
//! jp2h            rebuilt: size, depth, palette, channels, resolution and colour space, with a profile without names
//! jp2c            kept; comments of its headers are overwritten with zeros
//! …               cut: XML, UUID and JUMBF boxes, labels, whatever follows the codestream
//! ```

mod header;
mod stream;

use crate::{
    Class, ContainerError, Part, Removal,
    codestream::CODESTREAM_START,
    grammar::{Grammar, Layout, Step},
    input::Input,
    isobmff::boxes::BoxHead,
};
use safelight_core::Limits;
use safelight_formats::Format;
use stream::Stream;

/// The grammar of a JPEG 2000 source.
#[derive(Debug)]
pub(crate) struct Jpeg2000 {
    state: State,
    max_header_bytes: u64,
}

#[derive(Debug)]
enum State {
    Start,
    Boxes,
    Codestream(Stream),
    Trailer,
}

/// Bytes of the signature box.
const SIGNATURE_BYTES: u64 = 12;
/// The identifier of the XMP box (Adobe, XMP Specification Part 3, section 1.1.4).
const XMP_UUID: &[u8] = b"\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC";
/// The identifier of the EXIF box, as exiv2, `ImageMagick` and others write it.
const EXIF_UUID: &[u8] = b"JpgTiffExif->JP2";
const UUID_BYTES: usize = 16;

impl Jpeg2000 {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { state: State::Start, max_header_bytes: limits.max_metadata_bytes }
    }

    /// Reads the part of a box file that begins with a box.
    fn next_box(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        if input.ended && input.len() == 0 {
            return Err(damaged(input, "it has no codestream"));
        }
        let head = BoxHead::peek(input).map_err(|what| damaged(input, what))?;
        let Some(head) = head else { return Ok(Step::More("a box")) };
        let (kind, head_bytes) = (head.kind, head.bytes as u64);
        let body_bytes = head.size.map(|size| size - head_bytes);
        let layout = Layout::new(head_bytes, body_bytes.unwrap_or(u64::MAX), 0);
        match &kind {
            b"jp2c" => {
                self.state =
                    State::Codestream(Stream::new(body_bytes.map(|body| input.position + head_bytes + body)));
                return Ok(Step::Part(Part::cut(Class::Structure), Layout::framing(head_bytes)));
            }
            b"ftbl" | b"mdat" => {
                return Err(ContainerError::Unsupported(Format::Jpeg2000, "a codestream in fragments"));
            }
            b"jP  " => return Err(damaged(input, "a second signature")),
            b"ftyp" | b"jp2h" => (),
            b"uuid" if body_bytes.is_none_or(|body| UUID_BYTES as u64 <= body) => {
                let prefix = head_bytes as usize + UUID_BYTES;
                let Some(head) = input.peek(prefix) else { return Ok(Step::More("a box")) };
                let part = Part::cut(uuid_class(&head[head_bytes as usize..]));
                let payload = layout.total().saturating_sub(prefix as u64);
                return Ok(Step::Part(part, Layout::new(prefix as u64, payload, 0)));
            }
            b"xml " => return Ok(Step::Part(Part::cut(Class::Text), layout)),
            b"jumb" => return Ok(Step::Part(Part::cut(Class::C2pa), layout)),
            _ => return Ok(Step::Part(Part::cut(Class::Unknown), layout)),
        }
        let Some(bytes) = body_bytes.filter(|body| *body <= self.max_header_bytes) else {
            return Err(ContainerError::TooLarge(Format::Jpeg2000, "a header box", self.max_header_bytes));
        };
        let Some(source) = input.peek((head_bytes + bytes) as usize) else { return Ok(Step::More("a box")) };
        let body = &source[head_bytes as usize..];
        let rebuilt = if &kind == b"ftyp" { header::file_type(body) } else { header::image_header(body) };
        Ok(Step::Part(Part::new(Class::Index, Removal::Replace(rebuilt)), layout))
    }
}

impl Grammar for Jpeg2000 {
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        match &mut self.state {
            State::Start => {
                let Some(head) = input.peek(4) else { return Ok(Step::More("its start")) };
                if head.starts_with(&CODESTREAM_START) {
                    self.state = State::Codestream(Stream::new(None));
                    return self.next(input);
                }
                let Some(_) = input.peek(SIGNATURE_BYTES as usize) else {
                    return Ok(Step::More("its start"));
                };
                self.state = State::Boxes;
                Ok(Step::Part(Part::cut(Class::Structure), Layout::framing(SIGNATURE_BYTES)))
            }
            State::Boxes => self.next_box(input),
            State::Codestream(stream) => {
                let step = stream.next(input)?;
                if stream.has_ended() {
                    self.state = State::Trailer;
                }
                Ok(step)
            }
            State::Trailer => Ok(Step::Part(Part::cut(Class::Trailer), Layout::rest())),
        }
    }
}

/// Returns the boxes of a JP2 file, or inside one of its boxes, to the first that is truncated: type and contents.
pub fn jp2_boxes(bytes: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let head = BoxHead::read(rest).ok()??;
        let end = head.size.map_or(Some(rest.len()), |size| usize::try_from(size).ok())?;
        let (kind, body) = (rest.get(4..)?.first_chunk()?, rest.get(head.bytes..end)?);
        rest = rest.get(end..)?;
        Some((kind, body))
    })
}

fn uuid_class(uuid: &[u8]) -> Class {
    match uuid {
        uuid if uuid == XMP_UUID => Class::Xmp,
        uuid if uuid == EXIF_UUID => Class::Exif,
        _ => Class::Vendor,
    }
}

fn damaged(input: &Input, what: &'static str) -> ContainerError {
    ContainerError::Damaged(Format::Jpeg2000, input.position, what)
}
