//! PNG and APNG: chunks of a length, a type, data and a checksum (W3C PNG Third Edition, section 5).
//!
//! ```text
//! signature, IHDR, PLTE  kept
//! iCCP                   rewritten, with the colours of the profile and without its name
//! tRNS gAMA cHRM …       kept, if they are the first of their type, before the samples, and as long as they must be
//! IDAT fdAT              kept
//! eXIf                   replaced by a chunk with the orientation
//! text with EXIF         the same, if no eXIf comes before it
//! IEND                   kept, without data
//! …                      cut
//! ```

mod chunks;
mod profile;

use crate::{
    Class, ContainerError, ExifFraming, Part, Removal, decode_exif_text, exif_text,
    grammar::{Grammar, Layout, Step},
    icc,
    input::Input,
    locate_tiff, read_orientation,
};
use bytes::Bytes;
use chunks::Header;
use safelight_formats::Format;
use std::collections::BTreeSet;

/// The grammar of a PNG file.
#[derive(Debug, Default)]
pub(crate) struct Png {
    state: State,
    /// Present after `IHDR`.
    header: Option<Header>,
    /// Types of the chunks so far that a file may have once.
    seen: BTreeSet<[u8; 4]>,
    has_image_data: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Signature,
    Header,
    Chunks,
    Trailer,
}

/// Bytes of a chunk's length and type, and of its checksum.
const PREFIX_BYTES: u64 = 8;
const CHECKSUM_BYTES: u64 = 4;
const XMP_KEYWORD: &[u8] = b"XML:com.adobe.xmp\0";
/// The longest chunk of text in which an orientation is found, and the longest EXIF block.
const MAX_EXIF_TEXT_BYTES: usize = 256 << 10;
const MAX_EXIF_BYTES: usize = 64 << 10;
/// The chunk `IEND`.
const END: &[u8] = b"\0\0\0\0IEND\xAE\x42\x60\x82";

impl Grammar for Png {
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        let at = input.position;
        let damaged = |what| Err(ContainerError::Damaged(Format::Png, at, what));
        match self.state {
            State::Signature => {
                self.state = State::Header;
                return Ok(Step::Part(Part::cut(Class::Structure), Layout::framing(8)));
            }
            State::Trailer => return Ok(Step::Part(Part::cut(Class::Trailer), Layout::rest())),
            State::Header | State::Chunks => (),
        }

        let Some(&[a, b, c, d, ref kind @ ..]) = input.peek(8) else { return Ok(Step::More("a chunk")) };
        let Ok(kind) = <[u8; 4]>::try_from(kind) else { return Ok(Step::More("a chunk")) };
        let length = u32::from_be_bytes([a, b, c, d]);
        if i32::MAX as u32 <= length || !kind.iter().all(u8::is_ascii_alphabetic) {
            return damaged("no chunk where one must begin");
        }
        let layout = Layout::new(PREFIX_BYTES, length.into(), CHECKSUM_BYTES);
        let Some(header) = self.header else {
            return match &kind {
                b"IHDR" => self.read_header(input, length, layout),
                b"CgBI" => Err(ContainerError::Unsupported(Format::Png, "Apple's CgBI variant")),
                _ => damaged("the first chunk is not IHDR"),
            };
        };

        let part = match &kind {
            b"IDAT" => {
                self.has_image_data = true;
                Part::cut(Class::ImageData)
            }
            // Frames of an animation, which decoders skip in a file that is none.
            b"fdAT" if self.seen.contains(b"acTL") && chunks::MIN_FRAME_DATA_BYTES <= length => {
                self.has_image_data = true;
                Part::cut(Class::ImageData)
            }
            b"fcTL" if self.seen.contains(b"acTL") && header.allows(&kind, length) => {
                Part::cut(Class::Structure)
            }
            b"IEND" if !self.has_image_data => return damaged("the file ends before any image data"),
            b"IEND" => {
                self.state = State::Trailer;
                match length {
                    0 => Part::cut(Class::Structure),
                    _ => Part::new(Class::Index, Removal::Replace(Bytes::from_static(END))),
                }
            }
            b"PLTE" if header.needs_palette() && !header.allows(&kind, length) => {
                if !header.is_long_palette(length) || !self.seen.insert(kind) {
                    return damaged("a palette of a wrong length");
                }
                // Decoders read the entries that a sample can name.
                let bytes = header.max_palette_bytes();
                let Some(head) = input.peek(PREFIX_BYTES as usize + bytes as usize) else {
                    self.seen.remove(&kind);
                    return Ok(Step::More("a chunk"));
                };
                self.header = Some(header.with_palette(bytes));
                let palette = chunks::chunk(&kind, &[&head[PREFIX_BYTES as usize..]]);
                Part::new(Class::Index, Removal::Replace(palette))
            }
            kind if chunks::is_known(kind) => {
                let is_kept = !self.has_image_data && header.allows(kind, length) && self.seen.insert(*kind);
                if is_kept && kind == b"PLTE" {
                    self.header = Some(header.with_palette(length));
                }
                Part::cut(if is_kept { Class::Structure } else { Class::Unknown })
            }
            b"iCCP" if self.has_image_data || self.seen.contains(&kind) => Part::cut(Class::Icc),
            b"iCCP" => {
                let removal = if length as usize <= icc::MAX_BYTES {
                    let Some(chunk) = input.peek(PREFIX_BYTES as usize + length as usize) else {
                        return Ok(Step::More("a chunk"));
                    };
                    profile::rewrite(&chunk[PREFIX_BYTES as usize..]).map_or(Removal::Cut, Removal::Replace)
                } else {
                    Removal::Cut
                };
                self.seen.insert(kind);
                Part::new(Class::Icc, removal)
            }
            b"eXIf" if self.seen.insert(kind) => {
                Part::new(Class::Exif, Removal::Reorient(ExifFraming::PngChunk))
            }
            b"eXIf" => Part::cut(Class::Exif),
            b"iTXt" | b"tEXt" | b"zTXt" => match self.text(input, &kind, length as usize) {
                Some(part) => part,
                None => return Ok(Step::More("a chunk")),
            },
            b"tIME" => Part::cut(Class::Time),
            b"caBX" => Part::cut(Class::C2pa),
            b"IHDR" => return damaged("a second IHDR"),
            [first, ..] if first.is_ascii_uppercase() => return damaged("a critical chunk of unknown type"),
            _ => Part::cut(Class::Vendor),
        };
        Ok(Step::Part(part, layout))
    }
}

/// Returns the class of a text chunk whose data begins with `head`.
fn text_class(kind: &[u8; 4], head: &[u8]) -> Class {
    if kind == b"iTXt" && head.starts_with(XMP_KEYWORD) {
        Class::Xmp
    } else if exif_text::has_keyword(head) {
        Class::ExifText
    } else {
        Class::Text
    }
}

/// Returns a chunk `eXIf` with the orientation in `text`, an EXIF block; empty if it is upright.
///
/// Viewers ignore the text, but every transform that decodes the image honours it: a stripped image must look the same.
fn orientation_of_text(text: &[u8]) -> Option<Bytes> {
    let block = decode_exif_text(text, MAX_EXIF_BYTES)?;
    Some(ExifFraming::PngChunk.minimal(read_orientation(locate_tiff(&block)?)))
}

impl Png {
    /// Returns a chunk of text; `None` if more input is needed.
    fn text(&mut self, input: &mut Input, kind: &[u8; 4], length: usize) -> Option<Part> {
        let keyword_bytes = exif_text::KEYWORD_BYTES.max(XMP_KEYWORD.len()).min(length);
        let class =
            text_class(kind, &input.peek(PREFIX_BYTES as usize + keyword_bytes)?[PREFIX_BYTES as usize..]);
        let may_orient = class == Class::ExifText && !self.seen.contains(b"eXIf");
        if may_orient && length <= MAX_EXIF_TEXT_BYTES {
            let chunk =
                orientation_of_text(&input.peek(PREFIX_BYTES as usize + length)?[PREFIX_BYTES as usize..]);
            if let Some(chunk) = chunk.filter(|chunk| !chunk.is_empty()) {
                self.seen.insert(*b"eXIf");
                return Some(Part::new(class, Removal::Replace(chunk)));
            }
        }
        Some(Part::cut(class))
    }

    fn read_header(
        &mut self,
        input: &mut Input,
        length: u32,
        layout: Layout,
    ) -> Result<Step, ContainerError> {
        if length != Header::BYTES {
            let what = "an IHDR chunk of a wrong length";
            return Err(ContainerError::Damaged(Format::Png, input.position, what));
        }
        let Some(head) = input.peek(PREFIX_BYTES as usize + Header::BYTES as usize) else {
            return Ok(Step::More("a chunk"));
        };
        self.header = Some(Header::read(&head[PREFIX_BYTES as usize..]));
        self.state = State::Chunks;
        Ok(Step::Part(Part::cut(Class::Structure), layout))
    }
}
