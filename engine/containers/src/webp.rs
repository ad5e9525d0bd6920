//! WebP, still and animated: RIFF chunks (RFC 9649 section 2).
//!
//! The RIFF header states the size of the file, and the metadata are at the end. To keep the stated size valid
//! in one pass, removed chunks become `JUNK` chunks of zeros, which readers of RIFF skip.
//!
//! ```text
//! RIFF, VP8X, ANIM, ANMF  kept, with the flags of what remains; zeros after their fields
//! ICCP                    replaced by one of the same length, with the colours of the profile and no names
//! VP8, VP8L, ALPH         kept, up to the first image of the file or of a frame
//! EXIF                    replaced by one of the same length, with the orientation
//! …                       JUNK
//! ```

use crate::{
    Class, ContainerError, ExifFraming, Part, Removal,
    grammar::{Grammar, Layout, Step},
    icc,
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
    /// Flags of `VP8X`; `None` in a file without it.
    flags: Option<u8>,
    /// The profile without identities, between `VP8X` and its own chunk.
    profile: Option<Vec<u8>>,
    /// Whether the file, or the open frame, has its image.
    has_image: bool,
    has_animation: bool,
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
    pub(super) const EXIF: u8 = 0x08;
    pub(super) const ALPHA: u8 = 0x10;
    pub(super) const ICC: u8 = 0x20;
}

/// Bytes of a chunk's type and length.
const CHUNK_HEADER: u64 = 8;
const VP8X_BYTES: u32 = 10;
/// Bytes of an `ANIM` chunk: background colour, number of plays.
const ANIMATION_BYTES: u32 = 6;
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

        if !inside_frame && 0 < std::mem::take(&mut self.frame_end) {
            // A file with frames has no other image.
            self.has_image = true;
        }

        let part = match &kind {
            // Decoders read one image of a file, or of a frame.
            b"VP8 " | b"VP8L" | b"ALPH" if self.has_image => junk(Class::Unknown, length),
            b"VP8 " | b"VP8L" => {
                self.has_image = true;
                Part::cut(Class::ImageData)
            }
            _ if is_first && &kind != b"VP8X" => {
                return damaged("the first chunk is neither image data nor VP8X");
            }
            b"ALPH" => Part::cut(Class::ImageData),
            _ if inside_frame => junk(Class::Unknown, length),
            b"VP8X" if is_first && length == VP8X_BYTES => match self.extended_header(input) {
                Some(header) => Part::new(Class::Index, Removal::Replace(header)),
                None => return Ok(Step::More("the VP8X header")),
            },
            b"VP8X" => return damaged("a VP8X header of the wrong size or in the wrong position"),
            b"ANIM" if length < ANIMATION_BYTES => return damaged("an ANIM chunk that is too small"),
            b"ANIM" if self.flags.is_some() && !self.has_animation => {
                let bytes = (CHUNK_HEADER + u64::from(ANIMATION_BYTES)) as usize;
                let Some(head) = input.peek(bytes) else { return Ok(Step::More("a chunk")) };
                self.has_animation = true;
                if length == ANIMATION_BYTES {
                    Part::cut(Class::Structure)
                } else {
                    Part::new(Class::Index, Removal::Blank(Bytes::copy_from_slice(head)))
                }
            }
            b"ANMF" if FRAME_HEADER <= length.into() && self.flags.is_some() => {
                (self.frame_end, self.has_image) = (data_end, false);
                let layout = Layout::framing(CHUNK_HEADER + FRAME_HEADER);
                return Ok(Step::Part(Part::cut(Class::Structure), layout));
            }
            b"ICCP" => match self.profile.take() {
                Some(profile) => {
                    let chunk = [&b"ICCP"[..], &length.to_le_bytes(), &profile].concat();
                    Part::new(Class::Icc, Removal::Blank(chunk.into()))
                }
                None => junk(Class::Icc, length),
            },
            b"EXIF" => {
                let first = !std::mem::replace(&mut self.has_exif, true);
                match usize::try_from(total) {
                    Ok(total) if first && self.flags.is_some_and(|flags| flags & flag::EXIF != 0) => {
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

impl Webp {
    /// The chunk `VP8X` at the front of `input`, with the flags of the chunks that remain; `None` if more bytes are
    /// needed.
    ///
    /// EXIF keeps its flag, since its chunk remains, with the orientation only. An ICC profile must be in the next
    /// chunk, so its flag depends on what follows.
    fn extended_header(&mut self, input: &mut Input) -> Option<Bytes> {
        const END: usize = CHUNK_HEADER as usize + VP8X_BYTES as usize;
        const BODY: usize = END + CHUNK_HEADER as usize;
        let head = input.peek(BODY)?;
        self.profile = match head[END..] {
            [b'I', b'C', b'C', b'P', a, b, c, d] => {
                let length = u32::from_le_bytes([a, b, c, d]) as usize;
                if length <= icc::MAX_BYTES {
                    icc::without_identity(&input.peek(BODY + length)?[BODY..])
                } else {
                    None
                }
            }
            _ => None,
        };
        let mut chunk = BytesMut::from(input.peek(END)?);
        self.flags = Some(chunk[8]);
        chunk[8] &= flag::ANIMATION | flag::EXIF | flag::ALPHA;
        chunk[8] |= if self.profile.is_some() { flag::ICC } else { 0 };
        // Reserved.
        chunk[9..12].fill(0);
        Some(chunk.freeze())
    }
}

/// A chunk that keeps its length but not its type and data.
fn junk(class: Class, length: u32) -> Part {
    let mut header = BytesMut::with_capacity(8);
    header.put_slice(b"JUNK");
    header.put_u32_le(length);
    Part::new(class, Removal::Blank(header.freeze()))
}
