//! ICC profiles without identities.
//!
//! A profile of a display often has its name and serial number (`dscm`, `mmod`, `meta`), one of a printer the name of
//! the person who measured it (`targ`, `cprt`), and any profile may have private tags. A copy is therefore built from
//! nothing: only what defines colours is copied, each element in the length that its type states.
//!
//! ```text
//! header      version, class, colour spaces, intent, illuminant; the rest is zero, the date is fixed
//! tag table   the tags that are kept, moved up; zeros
//! elements    of kept tags: types, numbers, tables, at their offsets
//! desc, cprt  the name of the colour space, and an empty text, if the element has room for them
//! …           zeros: other tags, padding, reserved fields, gaps, bytes after the stated size
//! ```
//!
//! The copy has the length of the source, so that containers that state it need not change.

mod element;
mod processing;
mod text;

use element::Element;
use std::ops::Range;

/// The longest profile that is kept, in bytes. Profiles of printing presses have one or two million.
pub const MAX_BYTES: usize = 4 << 20;

const HEADER_BYTES: usize = 128;
/// The header and the number of tags.
const MIN_BYTES: usize = HEADER_BYTES + 4;
const ENTRY_BYTES: usize = 12;
/// The most tags of a profile; `littlecms` rejects more too.
const MAX_TAGS: usize = 100;
/// The date of every profile: the first of January 2000. Readers expect a valid one.
const DATE: [u8; 12] = [0x07, 0xD0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0];

/// Classes of profiles that describe images: devices and colour spaces (ICC.1:2022 table 18).
const CLASSES: &[&[u8; 4]] = &[b"scnr", b"mntr", b"prtr", b"spac"];
/// ICC.1:2022 table 19.
const SPACES: &[&[u8; 4]] = &[
    b"XYZ ", b"Lab ", b"Luv ", b"YCbr", b"Yxy ", b"RGB ", b"GRAY", b"HSV ", b"HLS ", b"CMYK", b"CMY ",
    b"2CLR", b"3CLR", b"4CLR", b"5CLR", b"6CLR", b"7CLR", b"8CLR", b"9CLR", b"ACLR", b"BCLR", b"CCLR",
    b"DCLR", b"ECLR", b"FCLR",
];

/// An entry of the tag table.
#[derive(Clone, Copy, Debug)]
struct Tag {
    name: [u8; 4],
    start: usize,
    bytes: usize,
}

/// Returns a copy of `profile`, of the same length, with the same colours and no names, serial numbers, dates or
/// private data; `None` if it is not a profile that can describe an image, or longer than [`MAX_BYTES`].
///
/// A copy of a copy is the same.
///
/// # Examples
/// ```
/// assert_eq!(safelight_containers::icc::without_identity(b"owner: J. Doe"), None);
/// ```
pub fn without_identity(profile: &[u8]) -> Option<Vec<u8>> {
    if profile.len() < MIN_BYTES || MAX_BYTES < profile.len() {
        return None;
    }
    let stated = usize::try_from(u32_at(profile, 0)?).ok()?;
    let size = stated.min(profile.len());
    let data = profile.get(..size).filter(|data| MIN_BYTES <= data.len())?;
    let mut copy = header(data)?;
    copy.resize(profile.len(), 0);

    let mut tags = Vec::new();
    let mut kept = Vec::new();
    for tag in tag_table(data)? {
        if let Some(ranges) = element::ranges(&tag.name, Element::new(data, tag)) {
            kept.extend(ranges);
            tags.push(tag);
        } else if text::is_rewritten(&tag.name) {
            tags.push(tag);
        }
    }
    let kept = union(kept);
    for range in &kept {
        copy[range.clone()].copy_from_slice(&data[range.clone()]);
    }
    let tags = text::rewrite(&mut copy, data, tags, &kept);

    let count = u32::try_from(tags.len()).ok()?;
    copy[HEADER_BYTES..MIN_BYTES].copy_from_slice(&count.to_be_bytes());
    for (tag, entry) in tags.iter().zip(copy[MIN_BYTES..].chunks_exact_mut(ENTRY_BYTES)) {
        entry[..4].copy_from_slice(&tag.name);
        entry[4..8].copy_from_slice(&(tag.start as u32).to_be_bytes());
        entry[8..].copy_from_slice(&(tag.bytes as u32).to_be_bytes());
    }
    Some(copy)
}

/// The fields of the header that define colours (ICC.1:2022 section 7.2), in a header of their own.
fn header(data: &[u8]) -> Option<Vec<u8>> {
    const CLASS: Range<usize> = 12..16;
    const SPACE: Range<usize> = 16..20;
    const CONNECTION_SPACE: Range<usize> = 20..24;
    const SIGNATURE: Range<usize> = 36..40;
    const ILLUMINANT: Range<usize> = 68..80;
    /// The largest number of an illuminant, as s15Fixed16Number: 4. D50 is below 1.
    const MAX_ILLUMINANT: u32 = 4 << 16;
    let is_one_of =
        |range: Range<usize>, names: &[&[u8; 4]]| names.iter().any(|name| data[range.clone()] == **name);
    let is_profile = data[SIGNATURE] == *b"acsp"
        && is_one_of(CLASS, CLASSES)
        && is_one_of(SPACE, SPACES)
        && is_one_of(CONNECTION_SPACE, &[b"XYZ ", b"Lab "])
        && data[ILLUMINANT].as_chunks().0.iter().all(|number| u32::from_be_bytes(*number) <= MAX_ILLUMINANT);
    if !is_profile {
        return None;
    }
    let mut copy = vec![0; HEADER_BYTES];
    copy[..4].copy_from_slice(&(data.len() as u32).to_be_bytes());
    // The version; its last two bytes are reserved.
    copy[8..10].copy_from_slice(&data[8..10]);
    for range in [CLASS, SPACE, CONNECTION_SPACE, SIGNATURE, ILLUMINANT] {
        copy[range.clone()].copy_from_slice(&data[range]);
    }
    copy[24..36].copy_from_slice(&DATE);
    // Of the flags: embedded, and not to be used alone. Of the attributes: the medium. Of the intent: the two bits that
    // number one.
    copy[47] = data[47] & 3;
    copy[63] = data[63] & 15;
    copy[67] = data[67] & 3;
    Some(copy)
}

/// The tags whose elements are in the profile, after the table.
fn tag_table(data: &[u8]) -> Option<impl Iterator<Item = Tag>> {
    let count = usize::try_from(u32_at(data, HEADER_BYTES)?).ok().filter(|count| *count <= MAX_TAGS)?;
    let end = MIN_BYTES + count * ENTRY_BYTES;
    let entries = data.get(MIN_BYTES..end)?.as_chunks::<ENTRY_BYTES>().0;
    let tag = move |entry: &[u8; ENTRY_BYTES]| {
        let name = [entry[0], entry[1], entry[2], entry[3]];
        let start = usize::try_from(u32_at(entry, 4)?).ok()?;
        let bytes = usize::try_from(u32_at(entry, 8)?).ok()?;
        let is_inside = end <= start && start.checked_add(bytes)? <= data.len();
        is_inside.then_some(Tag { name, start, bytes })
    };
    Some(entries.iter().filter_map(tag))
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// The same bytes as `ranges`, in order and without overlap.
fn union(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    ranges.dedup_by(|next, last| {
        let touches = next.start <= last.end;
        if touches {
            last.end = last.end.max(next.end);
        }
        touches
    });
    ranges
}
