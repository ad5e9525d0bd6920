//! The blocks of metadata of a source, collected while it arrives.

use crate::piece::Piece;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use safelight_containers::{Class, decode_exif_text};
use safelight_formats::Format;
use std::collections::BTreeMap;

/// The blocks of a source, each within the limit.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the source")]
pub(crate) struct Blocks {
    /// The most bytes of a block.
    max_bytes: usize,
    /// The payload of the open part, if its class is collected.
    open: Vec<u8>,
    /// Whether the open part is longer than the limit, and so not collected.
    is_too_long: bool,
    pub(crate) exif: Vec<u8>,
    exif_text: Vec<u8>,
    pub(crate) xmp: Vec<u8>,
    pub(crate) extended_xmp: Vec<u8>,
    pub(crate) iptc: Vec<u8>,
    pub(crate) icc: Vec<u8>,
    /// Comments and texts: key and value.
    pub(crate) texts: Vec<(String, String)>,
    /// Names of blocks that are larger than the limit.
    pub(crate) too_large: Vec<&'static str>,
    /// Bytes by the name of what a strip removes.
    pub(crate) removed: BTreeMap<&'static str, u64>,
    pub(crate) has_c2pa: bool,
    pub(crate) has_gain_map: bool,
    pub(crate) has_mpf: bool,
    pub(crate) trailer_bytes: u64,
}

/// The most texts that are collected.
const MAX_TEXTS: usize = 1024;
/// The most bytes of a text. Longer ones are no captions.
const MAX_TEXT_BYTES: usize = 64 << 10;

impl Blocks {
    pub(crate) fn new(max_bytes: u64) -> Self {
        Self { max_bytes: usize::try_from(max_bytes).unwrap_or(usize::MAX), ..Self::default() }
    }

    /// Adds the next bytes of the payload of a part of `class`.
    /// `ahead` bytes of the part are still to come.
    pub(crate) fn payload(&mut self, class: Class, bytes: &[u8], ahead: u64) {
        /// The maximum bytes of framing after a payload: the checksum of a PNG chunk.
        const MAX_SUFFIX_BYTES: u64 = 4;
        if collected(class).is_none() || self.is_too_long {
            return;
        }
        let is_text = matches!(class, Class::Comment | Class::Text);
        let max = if is_text { self.max_bytes.min(MAX_TEXT_BYTES) } else { self.max_bytes };
        let ahead = usize::try_from(ahead.saturating_sub(MAX_SUFFIX_BYTES)).unwrap_or(usize::MAX);
        let rest = bytes.len().saturating_add(ahead);
        if max < self.open.len().saturating_add(rest) {
            // Announced lengths are checked before anything is buffered.
            (self.open, self.is_too_long) = (Vec::new(), true);
            return;
        }
        self.open.reserve_exact(rest);
        self.open.extend_from_slice(bytes);
    }

    /// Ends a part.
    pub(crate) fn end(&mut self, format: Option<Format>, piece: &Piece) {
        if let Some(name) = piece.removed().filter(|_| 0 < piece.bytes) {
            *self.removed.entry(name).or_default() += piece.bytes;
        }
        match piece.class {
            Class::C2pa => self.has_c2pa = true,
            Class::Secondary => {
                self.has_mpf |= piece.head.get(4..).is_some_and(|body| body.starts_with(b"MPF\0"));
                self.has_gain_map |=
                    piece.head.get(4..).is_some_and(|body| body.starts_with(b"urn:iso:std:iso:ts:21496"));
            }
            Class::Trailer => self.trailer_bytes += piece.bytes,
            _ => (),
        }
        let Some(name) = collected(piece.class) else { return };
        let payload = std::mem::take(&mut self.open);
        if std::mem::take(&mut self.is_too_long) {
            self.too_large(name);
            return;
        }
        let is_jpeg = format == Some(Format::Jpeg);
        match piece.class {
            Class::Exif if self.exif.is_empty() => self.exif = payload,
            // A block that is too long for one segment continues in the next ones, without a header.
            Class::Exif if is_jpeg && !payload.starts_with(b"II") && !payload.starts_with(b"MM") => {
                self.append(payload, name, |blocks| &mut blocks.exif);
            }
            Class::ExifText if self.exif_text.is_empty() => {
                self.exif_text = decode_exif_text(&payload, self.max_bytes).unwrap_or_default();
            }
            Class::Xmp if self.xmp.is_empty() => self.xmp = self.packet(format, payload),
            Class::ExtendedXmp => self.extend_xmp(&payload),
            Class::Iptc => self.append(payload, name, |blocks| &mut blocks.iptc),
            Class::Icc if is_jpeg => self.append(payload, name, |blocks| &mut blocks.icc),
            Class::Icc if self.icc.is_empty() => self.icc = self.profile(format, payload),
            Class::Comment => self.text("Comment".to_owned(), &comment(format, &payload)),
            Class::Text if format == Some(Format::Png) => {
                if let Some((key, value)) = self.png_text(&piece.head, &payload) {
                    self.text(key, &value);
                }
            }
            _ => (),
        }
    }

    /// The EXIF block, or that of old programs, which is text.
    pub(crate) fn take_exif(&mut self) -> Vec<u8> {
        let exif = std::mem::take(&mut self.exif);
        if exif.is_empty() { std::mem::take(&mut self.exif_text) } else { exif }
    }

    fn too_large(&mut self, name: &'static str) {
        if !self.too_large.contains(&name) {
            self.too_large.push(name);
        }
    }

    fn append(&mut self, payload: Vec<u8>, name: &'static str, block: fn(&mut Self) -> &mut Vec<u8>) {
        if self.max_bytes < block(self).len() + payload.len() {
            self.too_large(name);
        } else {
            block(self).extend(payload);
        }
    }

    /// The packet in the payload of an XMP part.
    fn packet(&self, format: Option<Format>, payload: Vec<u8>) -> Vec<u8> {
        match format {
            Some(Format::Png) => {
                international_text(&payload, self.max_bytes).map(|(_, text)| text).unwrap_or_default()
            }
            _ => payload,
        }
    }

    /// A part of the rest of a packet (XMP specification part 3, section 1.1.3.1): digest, length, offset, bytes.
    fn extend_xmp(&mut self, payload: &[u8]) {
        const DIGEST: usize = 32;
        let field = |at: usize| {
            let bytes = payload.get(DIGEST + at..)?.first_chunk()?;
            usize::try_from(u32::from_be_bytes(*bytes)).ok()
        };
        let (Some(offset), Some(bytes)) = (field(4), payload.get(DIGEST + 8..)) else { return };
        // Writers put the parts in their order.
        if offset == self.extended_xmp.len() {
            self.append(bytes.to_vec(), "xmp", |blocks| &mut blocks.extended_xmp);
        }
    }

    fn profile(&self, format: Option<Format>, payload: Vec<u8>) -> Vec<u8> {
        match format {
            // Name, method, compressed profile.
            Some(Format::Png) => {
                let compressed =
                    payload.iter().position(|byte| *byte == 0).and_then(|end| payload.get(end + 2..));
                compressed
                    .and_then(|bytes| decompress_to_vec_zlib_with_limit(bytes, self.max_bytes).ok())
                    .unwrap_or_default()
            }
            Some(Format::Gif) => sub_blocks(&payload),
            _ => payload,
        }
    }

    /// The key and the value of a text chunk.
    fn png_text(&self, head: &[u8], payload: &[u8]) -> Option<(String, Vec<u8>)> {
        match head.get(4..8)? {
            b"iTXt" => international_text(payload, self.max_bytes),
            kind => {
                let end = payload.iter().position(|byte| *byte == 0)?;
                let (key, value) = (latin_1(&payload[..end]), payload.get(end + 1..)?);
                let value = if kind == b"zTXt" {
                    decompress_to_vec_zlib_with_limit(value.get(1..)?, self.max_bytes).ok()?
                } else {
                    value.to_vec()
                };
                Some((key, latin_1(&value).into_bytes()))
            }
        }
    }

    fn text(&mut self, key: String, value: &[u8]) {
        let bytes: usize = self.texts.iter().map(|(key, value)| key.len() + value.len()).sum();
        if MAX_TEXTS <= self.texts.len() || self.max_bytes < bytes + key.len() + value.len() {
            return self.too_large("text");
        }
        let value = std::str::from_utf8(value).map_or_else(|_| latin_1(value), str::to_owned);
        self.texts.push((key, value.trim_end_matches('\0').to_owned()));
    }
}

/// The name of a class whose payload is collected.
const fn collected(class: Class) -> Option<&'static str> {
    Some(match class {
        Class::Exif | Class::ExifText => "exif",
        Class::Xmp | Class::ExtendedXmp => "xmp",
        Class::Iptc => "iptc",
        Class::Icc => "icc",
        Class::Comment | Class::Text => "text",
        _ => return None,
    })
}

/// The keyword and the text of an iTXt chunk (PNG third edition, section 11.3.3.4).
fn international_text(payload: &[u8], max_bytes: usize) -> Option<(String, Vec<u8>)> {
    let mut fields = payload.splitn(2, |byte| *byte == 0);
    let (key, rest) = (fields.next()?, fields.next()?);
    let (&[flag, _], rest) = rest.split_first_chunk()?;
    let text = rest.splitn(3, |byte| *byte == 0).nth(2)?;
    let text =
        if flag == 1 { decompress_to_vec_zlib_with_limit(text, max_bytes).ok()? } else { text.to_vec() };
    Some((latin_1(key), text))
}

/// The text of a comment.
fn comment(format: Option<Format>, payload: &[u8]) -> Vec<u8> {
    match format {
        Some(Format::Gif) => sub_blocks(payload),
        _ => payload.to_vec(),
    }
}

/// The data of GIF's sub-blocks.
fn sub_blocks(mut bytes: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(bytes.len());
    while let Some((&length, rest)) = bytes.split_first().filter(|(length, _)| **length != 0) {
        let (block, rest) = rest.split_at(rest.len().min(length.into()));
        data.extend_from_slice(block);
        bytes = rest;
    }
    data
}

fn latin_1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
