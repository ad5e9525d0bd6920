//! WebP, still and animated: RIFF chunks (RFC 9649 section 2).
//!
//! The RIFF header states the size of the file, and the metadata are at the end. To keep the stated size valid
//! in one pass, removed chunks become `JUNK` chunks of zeros, which readers of RIFF skip.

use crate::{
    Class, ContainerError, ExifFraming, Part, Removal,
    grammar::{Grammar, Layout, Step},
    input::Input,
};
use bytes::{BufMut, Bytes, BytesMut};
use safelight_formats::Format;

/// The grammar of a WebP file.
#[derive(Debug, Default)]
pub(crate) struct Webp {
    state: State,
    /// The end of the RIFF chunk.
    end: u64,
    /// The end of the open `ANMF` chunk.
    frame_end: u64,
    /// Flags of `VP8X`.
    flags: u8,
    has_exif: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Header,
    FirstChunk,
    Chunks,
}

/// Flags of `VP8X`, RFC 9649 section 2.7.1.
mod flag {
    pub(super) const ANIMATION: u8 = 0x02;
    pub(super) const XMP: u8 = 0x04;
    pub(super) const EXIF: u8 = 0x08;
    pub(super) const ALPHA: u8 = 0x10;
    pub(super) const ICC: u8 = 0x20;
}

/// Bytes of a chunk's type and length.
const CHUNK_HEADER: u64 = 8;
const VP8X_BYTES: u32 = 10;
/// Bytes of an `ANMF` chunk before its own chunks: position, size, duration.
const FRAME_HEADER: u64 = 16;

impl Grammar for Webp {
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        let at = input.position;
        let damaged = |what| Err(ContainerError::Damaged(Format::Webp, at, what));
        if self.state == State::Header {
            let Some(&[_, _, _, _, a, b, c, d, ..]) = input.peek(12) else {
                return Ok(Step::More("its header"));
            };
            self.end = CHUNK_HEADER + u64::from(u32::from_le_bytes([a, b, c, d]));
            self.state = State::FirstChunk;
            return Ok(Step::Part(Part::cut(Class::Structure), Layout::framing(12)));
        }
        if self.end <= at && self.state == State::Chunks {
            return Ok(Step::Part(Part::cut(Class::Trailer), Layout::rest()));
        }

        let Some(&[k0, k1, k2, k3, a, b, c, d]) = input.peek(8) else { return Ok(Step::More("a chunk")) };
        let (kind, length) = ([k0, k1, k2, k3], u32::from_le_bytes([a, b, c, d]));
        let inside_frame = at < self.frame_end;
        let parent_end = if inside_frame { self.frame_end } else { self.end };
        let data_end = at + CHUNK_HEADER + u64::from(length);
        if parent_end < data_end {
            return damaged("a chunk that is longer than its parent");
        }
        // Some writers leave out the padding of the last chunk.
        let padding = u64::from(length % 2).min(parent_end - data_end);
        let total = CHUNK_HEADER + u64::from(length) + padding;
        let layout = Layout::new(CHUNK_HEADER, length.into(), padding);
        let is_first = self.state == State::FirstChunk;

        let part = match &kind {
            b"VP8 " | b"VP8L" => Part::cut(Class::ImageData),
            _ if is_first && &kind != b"VP8X" => {
                return damaged("the first chunk is neither image data nor VP8X");
            }
            b"ALPH" => Part::cut(Class::ImageData),
            _ if inside_frame => junk(Class::Unknown, length),
            b"VP8X" if is_first && length == VP8X_BYTES => {
                let Some(head) = input.peek(26) else { return Ok(Step::More("the VP8X header")) };
                self.flags = head[8];
                Part::new(Class::Index, Removal::Replace(extended_header(head)))
            }
            b"VP8X" => return damaged("a VP8X header of the wrong size or in the wrong position"),
            b"ANIM" => Part::cut(Class::Structure),
            b"ANMF" if FRAME_HEADER <= length.into() => {
                self.frame_end = data_end;
                let layout = Layout::framing(CHUNK_HEADER + FRAME_HEADER);
                return Ok(Step::Part(Part::cut(Class::Structure), layout));
            }
            b"ICCP" => Part::cut(Class::Icc),
            b"EXIF" => {
                let first = !std::mem::replace(&mut self.has_exif, true);
                match usize::try_from(total) {
                    Ok(total) if first && self.flags & flag::EXIF != 0 => {
                        Part::new(Class::Exif, Removal::Reorient(ExifFraming::WebpChunk(total)))
                    }
                    _ => junk(Class::Exif, length),
                }
            }
            b"XMP " => junk(Class::Xmp, length),
            b"C2PA" => junk(Class::C2pa, length),
            _ => junk(Class::Unknown, length),
        };
        self.state = State::Chunks;
        Ok(Step::Part(part, layout))
    }
}

/// The chunk `VP8X` at the front of `head`, with the flags of the chunks that remain.
///
/// EXIF keeps its flag, since its chunk remains, with the orientation only. An ICC profile must be the next
/// chunk, so its flag depends on what follows.
fn extended_header(head: &[u8]) -> Bytes {
    let mut chunk = BytesMut::from(&head[..18]);
    let has_profile = head[18..].starts_with(b"ICCP");
    chunk[8] &= flag::ANIMATION | flag::EXIF | flag::ALPHA;
    chunk[8] |= if has_profile { flag::ICC } else { 0 };
    debug_assert_eq!(chunk[8] & flag::XMP, 0);
    chunk.freeze()
}

/// A chunk that keeps its length but not its type and data.
fn junk(class: Class, length: u32) -> Part {
    let mut header = BytesMut::with_capacity(8);
    header.put_slice(b"JUNK");
    header.put_u32_le(length);
    Part::new(class, Removal::Blank(header.freeze()))
}
