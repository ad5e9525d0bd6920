//! A walk of the directories of a TIFF structure, before the decoder and in the same order as the decoder.
//!
//! The decoder stores every entry of every directory: 1.6 MB with pointers to 65535 overlapping directories
//! of 65535 entries each would make it allocate 200 GB. So this walk counts the entries first. It also
//! records what the decoder does not return: the pointers to directories, and the entries whose values are
//! outside the block.

use crate::ShowError;
use exif::{Context, In, Tag};
use std::{collections::HashSet, ops::Range};

/// One entry of a directory that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The offset of the entry.
    at: usize,
    /// The first directory of the file, or that of the thumbnail.
    pub(crate) ifd: In,
    pub(crate) tag: Tag,
    pub(crate) kind: u16,
    /// The number of values.
    pub(crate) count: u32,
    /// The range of the values in the block; `None` if it is outside, or if the response omits them.
    pub(crate) value: Option<Range<usize>>,
    /// The offset in the value, if the decoder follows it.
    pub(crate) pointer: Option<u32>,
}

/// The field types of TIFF 6.0 section 2 and of Adobe's TIFF Technical Note 1 (IFD).
pub(crate) mod kind {
    pub(crate) const BYTE: u16 = 1;
    pub(crate) const ASCII: u16 = 2;
    pub(crate) const SHORT: u16 = 3;
    pub(crate) const LONG: u16 = 4;
    pub(crate) const UNDEFINED: u16 = 7;
    pub(crate) const IFD: u16 = 13;
}

/// The maximum number of entries in a block. Cameras write about a hundred, and the decoder uses some hundred
/// bytes for each.
pub(crate) const MAX_ENTRIES: usize = 16_384;

/// The maximum number of directories in the chain that starts with the first; the decoder has the same limit.
const MAX_CHAIN: u16 = 8;
/// The maximum depth of directories: the first, EXIF, interoperability.
const MAX_DEPTH: usize = 3;
const ENTRY_BYTES: usize = 12;

/// Reads the entries of the first two directories of `tiff`, and of those that the first one points to: one
/// for each tag, sorted by directory and tag.
///
/// It replaces the field type IFD in `tiff` by LONG, which has the same meaning and which the decoder
/// supports.
///
/// # Errors
/// [`ShowError::NoHeader`], [`ShowError::BigTiff`] or [`ShowError::ManyEntries`].
pub(crate) fn read_entries(tiff: &mut [u8]) -> Result<Vec<Entry>, ShowError> {
    let mut entries = walk(tiff)?;
    for _ in 0..MAX_DEPTH {
        if !replace_ifd_types(tiff, &entries) {
            break;
        }
        // The walk may follow more pointers now. Directories may also overlap, so the replacement may have
        // changed others. The entries must be those that the decoder will read.
        entries = walk(tiff)?;
    }

    // The last of several entries of a tag applies.
    entries.reverse();
    entries.sort_by_key(|entry| (entry.ifd, entry.tag));
    entries.dedup_by_key(|entry| (entry.ifd, entry.tag));
    Ok(entries)
}

/// Replaces the field type IFD by LONG in the directories of `entries`. Returns whether there was one.
fn replace_ifd_types(tiff: &mut [u8], entries: &[Entry]) -> bool {
    let long = if tiff.starts_with(b"M") { kind::LONG.to_be_bytes() } else { kind::LONG.to_le_bytes() };
    let kinds = entries.iter().filter(|entry| entry.kind == kind::IFD).map(|entry| entry.at + 2);
    let mut has_replaced = false;
    for at in kinds {
        if let Some(bytes) = tiff.get_mut(at..at + 2) {
            bytes.copy_from_slice(&long);
            has_replaced = true;
        }
    }
    has_replaced
}

/// Returns the entries that are shown, in the order in which the decoder will read them.
fn walk(tiff: &[u8]) -> Result<Vec<Entry>, ShowError> {
    let big_endian = match tiff.get(..4) {
        Some([b'I', b'I', 42, 0]) => false,
        Some([b'M', b'M', 0, 42]) => true,
        Some([b'I', b'I', 43, 0] | [b'M', b'M', 0, 43]) => return Err(ShowError::BigTiff),
        _ => return Err(ShowError::NoHeader),
    };
    let mut walk = Walk { tiff, big_endian, seen: HashSet::new(), counted: 0, entries: Vec::new() };
    let mut next = walk.uint(4, 4);
    for ifd in (0..MAX_CHAIN).map(In) {
        let Some(at) = next.filter(|at| *at != 0) else { break };
        next = walk.directory(at, Context::Tiff, ifd)?;
    }
    Ok(walk.entries)
}

/// The state of a walk.
struct Walk<'a> {
    tiff: &'a [u8],
    big_endian: bool,
    /// The offsets of the directories that were walked.
    seen: HashSet<u32>,
    /// The number of entries in all directories.
    counted: usize,
    /// The entries that are shown.
    entries: Vec<Entry>,
}

impl Walk<'_> {
    /// Walks the directory at `at` and those that it points to, at most [`MAX_DEPTH`] deep.
    ///
    /// Returns the offset of the next one in the chain, if this one can be read to its end.
    fn directory(&mut self, at: u32, context: Context, ifd: In) -> Result<Option<u32>, ShowError> {
        let start = at as usize;
        let Some(count) = self.uint(start, 2) else { return Ok(None) };
        if !self.seen.insert(at) {
            return Ok(None);
        }
        let mut at = start + 2;
        for _ in 0..count {
            let Some(entry) = self.entry(at, context, ifd) else { return Ok(None) };
            at += ENTRY_BYTES;
            self.counted += 1;
            if MAX_ENTRIES < self.counted {
                return Err(ShowError::ManyEntries(MAX_ENTRIES));
            }
            if let (Some(target), Some(child)) = (entry.pointer, child(entry.tag)) {
                self.directory(target, child, ifd)?;
            }
            if ifd == In::PRIMARY || (ifd == In::THUMBNAIL && context == Context::Tiff) {
                self.entries.push(entry);
            }
        }
        Ok(self.uint(at, 4))
    }

    /// Reads the entry at `at`, if it is complete.
    fn entry(&self, at: usize, context: Context, ifd: In) -> Option<Entry> {
        let tag = Tag(context, self.uint(at, 2)? as u16);
        let kind = self.uint(at + 2, 2)? as u16;
        let count = self.uint(at + 4, 4)?;
        let inline = self.uint(at + 8, 4)?;

        let len = u64::from(count) * kind_bytes(kind);
        let start = if len <= 4 { at + 8 } else { inline as usize };
        let end = usize::try_from(len).ok().and_then(|len| start.checked_add(len));
        let value = end.map(|end| start..end).filter(|value| value.end <= self.tiff.len());
        let is_followed = child(tag).is_some() && 0 < count;
        let pointer = value.as_ref().filter(|_| is_followed).and_then(|value| match kind {
            kind::BYTE => self.uint(value.start, 1),
            kind::SHORT => self.uint(value.start, 2),
            kind::LONG => self.uint(value.start, 4),
            _ => None,
        });
        Some(Entry { at, ifd, tag, kind, count, value, pointer })
    }

    /// Reads the unsigned number of `bytes` bytes, at most four, at offset `at`.
    fn uint(&self, at: usize, bytes: usize) -> Option<u32> {
        let value = self.tiff.get(at..at.checked_add(bytes)?)?;
        let push = |number: u32, byte: &u8| number << 8 | u32::from(*byte);
        Some(if self.big_endian { value.iter().fold(0, push) } else { value.iter().rev().fold(0, push) })
    }
}

/// Returns the context of the directory that a tag points to (EXIF 2.32 section 4.6.3); `None` for other
/// tags.
fn child(tag: Tag) -> Option<Context> {
    match tag {
        Tag(Context::Tiff, 0x8769) => Some(Context::Exif),
        Tag(Context::Tiff, 0x8825) => Some(Context::Gps),
        Tag(Context::Exif, 0xA005) => Some(Context::Interop),
        _ => None,
    }
}

/// Returns the bytes of one value of a field type; 0 for types that the decoder does not support.
const fn kind_bytes(kind: u16) -> u64 {
    match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 => 4,
        5 | 10 | 12 => 8,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Tags = Vec<(In, Tag)>;

    /// The tags of each directory that the walk and the decoder find, without pointers and without values
    /// outside the block.
    fn found(tiff: &[u8]) -> (Tags, Tags) {
        let is_shown = |ifd: In, tag: Tag| ifd.0 == 0 || (ifd.0 == 1 && tag.context() == Context::Tiff);
        let walked = walk(tiff).unwrap_or_default().into_iter();
        let walked = walked.filter(|entry| entry.value.is_some() && child(entry.tag).is_none());
        let decoded = exif::Reader::new()
            .continue_on_error(true)
            .read_raw(tiff.to_vec())
            .or_else(|error| error.distill_partial_result(|_| ()));
        let decoded = decoded.map_or_else(
            |_| Vec::new(),
            |exif| exif.fields().map(|field| (field.ifd_num, field.tag)).collect(),
        );
        let shown = decoded.into_iter().filter(|(ifd, tag)| is_shown(*ifd, *tag));
        (walked.map(|entry| (entry.ifd, entry.tag)).collect(), shown.collect())
    }

    #[test]
    fn the_walk_visits_the_entries_of_the_decoder() {
        // The values are mostly pointers, types and small offsets, so that directories overlap and point to
        // each other. The generator is linear congruential (Knuth, MMIX).
        const BYTES: [u8; 12] = [0, 0, 0, 0, 1, 2, 4, 8, 13, 0x69, 0x87, 0x25];
        let mut state = 7_u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let mut entries = 0;
        for _ in 0..50_000 {
            let mut tiff = b"MM\0*\0\0\0\x08\0\x04".to_vec();
            for _ in 0..6 {
                let tag = [[0x87, 0x69], [0x88, 0x25], [0xA0, 0x05], [1, 0x12]][random(4)];
                let kind = [0, [3, 4, 4, 13][random(4)]];
                let value = [0, 0, 0, random(120) as u8];
                tiff.extend([&tag[..], &kind, &[0, 0, 0, 1], &value].concat());
            }
            tiff.extend((0..40).map(|_| BYTES[random(BYTES.len())]));

            let (walked, decoded) = found(&tiff);
            assert_eq!(walked, decoded, "{tiff:?}");
            entries += walked.len();
            if read_entries(&mut tiff).is_ok() {
                let (walked, decoded) = found(&tiff);
                assert_eq!(walked, decoded, "after the replacement: {tiff:?}");
            }
        }
        assert!(50_000 < entries, "{entries}");
    }

    #[test]
    fn a_replaced_type_changes_overlapping_directories() {
        // The second pointer's directory starts at the type of the first entry: after 13 is replaced by 4, it
        // has four entries and not thirteen.
        let mut tiff = b"MM\0*\0\0\0\x08\0\x02".to_vec();
        tiff.extend(b"\x01\x12\0\x0D\0\0\0\x01\0\0\0\x05");
        tiff.extend(b"\x88\x25\0\x04\0\0\0\x01\0\0\0\x0C\0\0\0\0");
        tiff.resize(12 + 2 + 12 * 13 + 4, 0);
        let gps =
            |entries: &[Entry]| entries.iter().filter(|entry| entry.tag.context() == Context::Gps).count();
        assert_eq!(gps(&walk(&tiff).unwrap()), 13);
        read_entries(&mut tiff).unwrap();
        assert_eq!(gps(&walk(&tiff).unwrap()), 4);
        let (walked, decoded) = found(&tiff);
        assert_eq!(walked, decoded);
    }
}
