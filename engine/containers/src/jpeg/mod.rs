//! JPEG interchange format, ITU-T T.81 Annex B: marker segments, and entropy-coded data, which must be read
//! to find the next segment.
//!
//! ```text
//! APP0 JFIF, APP14 Adobe, tables, frame and scan headers  kept, cut after what decoders read
//! APP2 ICC_PROFILE   replaced by segments of the same lengths, with the colours of the profile and no names
//! APP1 Exif          replaced by a segment with the orientation
//! samples            kept
//! …                  cut
//! ```

mod marker;
mod length;
mod profile;

use crate::{
    Class, ContainerError, ExifFraming, Part, Removal,
    grammar::{Grammar, Layout, Step},
    input::Input,
};
use bytes::BytesMut;
use length::Length;
use profile::Profile;
use safelight_formats::Format;

/// The position of the next part in the file.
#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    /// Between marker segments.
    Segments,
    /// In entropy-coded data.
    Scan,
    /// After the end of the image.
    Trailer,
}

/// The grammar of a JPEG file.
#[derive(Debug, Default)]
pub(crate) struct Jpeg {
    state: State,
    has_frame: bool,
    has_scan: bool,
    has_exif: bool,
    /// Present once its first segment has been reached, and all have arrived.
    profile: Option<Profile>,
    /// The offset in the source up to which bytes must arrive before the profile is read.
    profile_end: u64,
}

/// Bytes of a segment that determine its class: marker, length and the longest known signature.
const MAX_SIGNATURE_BYTES: usize = 4 + EXTENDED_XMP.len();
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXTENDED_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
/// ISO 21496-1, the metadata of a gain map.
const GAIN_MAP: &[u8] = b"urn:iso:std:iso:ts:21496:-1\0";

impl Grammar for Jpeg {
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        match self.state {
            State::Start => {
                self.state = State::Segments;
                Ok(structure(2))
            }
            State::Segments => self.segment(input),
            State::Scan => self.scan(input),
            State::Trailer => Ok(Step::Part(Part::cut(Class::Trailer), Layout::rest())),
        }
    }
}

impl Jpeg {
    /// The grammar of the tables of JPEG streams, which have no scan (ITU-T T.81 section B.5).
    pub(crate) fn of_tables() -> Self {
        Self { has_scan: true, ..Self::default() }
    }

    /// Reads the segment, or the stray bytes, at the front.
    fn segment(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        let at = input.position;
        let damaged = |what| Err(ContainerError::Damaged(Format::Jpeg, at, what));

        // Decoders skip bytes that are not a marker (T.81 B.1.1.2 allows fill bytes), so they can be removed,
        // with anything that they hide.
        let stray = stray_len(input.front());
        if 0 < stray {
            return Ok(stray_bytes(stray));
        }
        let Some(marker) = input.byte(1) else { return Ok(Step::More("a marker")) };
        match marker {
            // The two bytes are in two chunks.
            0x00 | 0x01 | 0xD0..=0xD7 | 0xFF => return Ok(stray_bytes(stray_len(&[0xFF, marker]))),
            0x02..=0xBF | marker::JPG | 0xF0..=0xFD => return damaged("a reserved marker"),
            marker::SOI => return damaged("a second start of image"),
            marker::EOI if !self.has_scan => return damaged("the file ends before any scan"),
            marker::EOI => {
                self.state = State::Trailer;
                return Ok(structure(2));
            }
            _ => (),
        }

        let Some(&[_, _, high, low]) = input.peek(4) else { return Ok(Step::More("a segment")) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length < 2 {
            return damaged("a segment that is shorter than its own length field");
        }
        let total = 2 + length;
        let Some(head) = input.peek(total.min(MAX_SIGNATURE_BYTES)) else {
            return Ok(Step::More("a segment"));
        };
        let (part, prefix) = match marker {
            marker::APP2 if head[4..].starts_with(profile::SIGNATURE) => {
                match self.profile_segment(input, at) {
                    Some(part) => (part, profile::FRAMING_BYTES),
                    None => return Ok(Step::More("a segment")),
                }
            }
            marker::APP0..=marker::APP15 => self.application_segment(marker, total, head),
            marker::COM => (Part::cut(Class::Comment), 4),
            marker::SOS if !self.has_frame => return damaged("a scan before its frame header"),
            _ => return self.coding_segment(marker, total, input),
        };
        let prefix = prefix.min(total);
        Ok(Step::Part(part, Layout::new(prefix as u64, (total - prefix) as u64, 0)))
    }

    /// Reads a segment that decoders need, of which they read no more than its contents require.
    fn coding_segment(
        &mut self,
        marker: u8,
        total: usize,
        input: &mut Input,
    ) -> Result<Step, ContainerError> {
        let at = input.position;
        let Some(segment) = input.peek(total) else { return Ok(Step::More("a segment")) };
        let part = match length::of(marker, segment) {
            Length::Same => Part::cut(Class::Structure),
            Length::Shorter(kept) => shortened(&segment[..kept]),
            Length::Invalid => {
                return Err(ContainerError::Damaged(
                    Format::Jpeg,
                    at,
                    "a segment that is too short for its contents",
                ));
            }
        };
        match marker {
            marker::SOS => (self.state, self.has_scan) = (State::Scan, true),
            marker::SOF0..=marker::SOF15 if !marker::TABLES.contains(&marker) => self.has_frame = true,
            _ => (),
        }
        Ok(Step::Part(part, Layout::framing(total as u64)))
    }

    /// The part of a segment of an ICC profile at offset `at` of the source; `None` if more bytes are needed.
    fn profile_segment(&mut self, input: &Input, at: u64) -> Option<Part> {
        // Decoders read the profile before the first scan.
        if self.profile.is_none() && !self.has_scan {
            if input.position + (input.len() as u64) < self.profile_end {
                return None;
            }
            match Profile::read(input) {
                Ok(profile) => self.profile = Some(profile),
                Err(end) => {
                    self.profile_end = end;
                    return None;
                }
            }
        }
        let segment = self.profile.as_mut().and_then(|profile| profile.take_segment(at));
        Some(Part::new(Class::Icc, segment.map_or(Removal::Cut, Removal::Replace)))
    }

    /// The part of an APPn segment, and the length of its framing in bytes.
    fn application_segment(&mut self, marker: u8, total: usize, head: &[u8]) -> (Part, usize) {
        let body = head.get(4..).unwrap_or_default();
        let is = |signature: &[u8]| body.starts_with(signature);
        match marker {
            marker::APP0 if is(b"JFIF\0") => (keep_first(head, total, 16), 4),
            marker::APP0 if is(b"JFXX\0") => (Part::cut(Class::Thumbnail), 4),
            marker::APP1 if is(b"Exif\0") => {
                let first = !std::mem::replace(&mut self.has_exif, true);
                let removal = if first { Removal::Reorient(ExifFraming::Segment) } else { Removal::Cut };
                (Part::new(Class::Exif, removal), 10)
            }
            marker::APP1 if is(XMP) => (Part::cut(Class::Xmp), 4 + XMP.len()),
            marker::APP1 if is(EXTENDED_XMP) => (Part::cut(Class::ExtendedXmp), 4 + EXTENDED_XMP.len()),
            marker::APP2 if is(b"MPF\0") || is(GAIN_MAP) => (Part::cut(Class::Secondary), 4),
            marker::APP11 if is(b"JP") => (Part::cut(Class::C2pa), 4),
            marker::APP13 if is(b"Photoshop 3.0\0") => (Part::cut(Class::Iptc), 18),
            // Without it, decoders read CMYK as YCCK, and RGB as YCbCr.
            marker::APP14 if is(b"Adobe") => (keep_first(head, total, 14), 4),
            _ => (Part::cut(Class::Vendor), 4),
        }
    }

    /// The entropy-coded data that has arrived, up to the next marker.
    fn scan(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        let front = input.front();
        // The byte after a last 0xFF decides whether it begins a marker.
        if front == [0xFF] {
            return match input.byte(1) {
                None if !input.ended => Ok(Step::More("entropy-coded data")),
                Some(follower) if find_marker(&[0xFF, follower]).is_some() => {
                    self.state = State::Segments;
                    self.segment(input)
                }
                _ => Ok(image_data(1)),
            };
        }
        match find_marker(front) {
            Some(0) => {
                self.state = State::Segments;
                self.segment(input)
            }
            Some(at) => Ok(image_data(at)),
            None => match front {
                [] => Ok(Step::More("entropy-coded data")),
                [_, .., 0xFF] => Ok(image_data(front.len() - 1)),
                all => Ok(image_data(all.len())),
            },
        }
    }
}

/// A segment that is replaced by `kept`, its first bytes.
fn shortened(kept: &[u8]) -> Part {
    Part::new(Class::Index, Removal::Replace(with_length(kept).freeze()))
}

/// A segment of the bytes `kept`, with its length.
fn with_length(kept: &[u8]) -> BytesMut {
    let mut segment = BytesMut::from(kept);
    let length = (segment.len() - 2) as u16;
    segment[2..4].copy_from_slice(&length.to_be_bytes());
    segment
}

/// A segment of which decoders read only the first `kept` bytes. The rest may hide data: a thumbnail in JFIF,
/// anything in Adobe.
fn keep_first(head: &[u8], total: usize, kept: usize) -> Part {
    /// The size of the thumbnail in JFIF, from the start of the segment.
    const JFIF_THUMBNAIL: std::ops::Range<usize> = 16..18;
    let is_jfif = head.get(1) == Some(&marker::APP0);
    let kept = 2 + kept;
    if total <= kept && !(is_jfif && head.get(JFIF_THUMBNAIL).is_some_and(|size| size != [0, 0])) {
        return Part::cut(Class::Structure);
    }
    let mut replacement = with_length(&head[..kept.min(head.len())]);
    if is_jfif && let Some(size) = replacement.get_mut(JFIF_THUMBNAIL) {
        size.fill(0);
    }
    Part::new(Class::Index, Removal::Replace(replacement.freeze()))
}

fn structure(bytes: usize) -> Step {
    Step::Part(Part::cut(Class::Structure), Layout::framing(bytes as u64))
}

fn image_data(bytes: usize) -> Step {
    Step::Part(Part::cut(Class::ImageData), Layout::payload(bytes as u64))
}

fn stray_bytes(bytes: usize) -> Step {
    Step::Part(Part::cut(Class::Unknown), Layout::payload(bytes as u64))
}

/// The number of bytes at the front of `data`, between segments, that begin none: bytes outside markers, fill bytes,
/// stuffed bytes and markers without a segment. All are counted at once, so that a byte of a run costs no more than any
/// other.
fn stray_len(data: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memchr(0xFF, &data[at..]) {
        at += found;
        let run = data[at..].iter().take_while(|byte| **byte == 0xFF).count();
        // The last 0xFF of a run may begin a marker.
        at += run - 1;
        match data.get(at + 1) {
            Some(0x00 | 0x01 | 0xD0..=0xD7) => at += 2,
            _ => return at,
        }
    }
    data.len()
}

/// The first 0xFF in entropy-coded data that may end it: one that neither a stuffed zero, nor a restart marker, nor
/// another 0xFF follows (T.81 F.1.2.3, B.1.1.3 and B.1.1.2). Bytes below 0xC0 after it are not a marker either:
/// decoders of damaged data skip them. The fill bytes before a marker are therefore data, like those before a stuffed
/// zero.
fn find_marker(data: &[u8]) -> Option<usize> {
    /// Bytes in a block. The loop over a block has no branch, so it becomes vector code.
    const BLOCK: usize = 64;
    let ends = |(&byte, &follower): (&u8, &u8)| byte == 0xFF && matches!(follower, 0xC0..=0xCF | 0xD8..=0xFE);
    let followers = data.get(1..)?;
    let mut start = 0;
    for (bytes, next) in data.chunks_exact(BLOCK).zip(followers.chunks_exact(BLOCK)) {
        // 0xFF where a byte is 0xFF and the next one at least 0xC0.
        let highest =
            bytes.iter().zip(next).fold(0, |highest: u8, (byte, next)| highest.max(byte & (next | 0x3F)));
        if highest == 0xFF
            && let Some(at) = bytes.iter().zip(next).position(ends)
        {
            return Some(start + at);
        }
        start += BLOCK;
    }
    data[start..].iter().zip(&followers[start..]).position(ends).map(|at| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_found_at_every_offset() {
        let is_restart = |follower: u8| (0xD0..=0xD7).contains(&follower);
        for follower in (0x00..=0xFE).step_by(2).chain([0xBF, 0xC1, 0xD7, 0xD9]) {
            let ends = 0xC0 <= follower && !is_restart(follower);
            for at in 0..200 {
                let mut data = vec![0xD9; 300];
                (data[at], data[at + 1]) = (0xFF, follower);
                let expected = if ends { Some(at) } else { None };
                assert_eq!(find_marker(&data), expected, "{follower:#x} at {at}");
                assert_eq!(find_marker(&data[..=at]), None);
                // Fill bytes before a marker are data.
                data[..at].fill(0xFF);
                assert_eq!(find_marker(&data), expected, "{follower:#x} after {at} fill bytes");
            }
        }
    }

    #[test]
    fn stray_bytes_are_counted_up_to_a_segment() {
        let check = |data: &[u8], expected| assert_eq!(stray_len(data), expected, "{data:02X?}");
        check(b"", 0);
        check(b"ab", 2);
        check(b"ab\xFF\xC4", 2);
        check(b"\xFF\xE1", 0);
        check(b"\xFF", 0);
        check(b"ab\xFF", 2);
        check(b"\xFF\xFF\xFF", 2);
        check(b"\xFF\xFF\xFF\xDB", 2);
        check(b"\xFF\0\xFF\xD3a\xFF\x01\xFF\xFF\xFE", 8);
        check(b"\xFF\xFF\0", 3);
    }
}
