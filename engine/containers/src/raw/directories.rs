//! Raw files in the form of TIFF: directories, sub-directories and what makers have in place of them.

use super::Search;
use crate::tiff::{Ifd, TiffReader};
use safelight_core::Orientation;
use std::collections::HashSet;

mod tag {
    pub(super) const JPEG_FROM_RAW: u16 = 0x2E;
    pub(super) const STRIP_OFFSETS: u16 = 273;
    pub(super) const STRIP_BYTE_COUNTS: u16 = 279;
    pub(super) const ORIENTATION: u16 = 274;
    pub(super) const SUB_IFDS: u16 = 330;
    pub(super) const JPEG: u16 = 513;
    pub(super) const JPEG_LENGTH: u16 = 514;
    pub(super) const EXIF: u16 = 34665;
    pub(super) const MAKER_NOTE: u16 = 37500;
    /// Olympus: the directory of the settings, in which a JPEG's position and length are.
    pub(super) const OLYMPUS_SETTINGS: u16 = 0x2020;
    pub(super) const OLYMPUS_JPEG: u16 = 0x101;
    pub(super) const OLYMPUS_JPEG_LENGTH: u16 = 0x102;
}

/// The most directories that are read, and the most entries of each.
const MAX_DIRECTORIES: usize = 64;
const MAX_ENTRIES: u64 = 4096;

/// Considers the JPEGs of all directories; returns the orientation that the first one states.
pub(super) fn search(search: &mut Search) -> Option<Orientation> {
    let reader = TiffReader::open(search.source)?;
    let mut orientation = None;
    let mut next: Vec<u64> = reader.first().into_iter().collect();
    let mut seen = HashSet::new();
    while let Some(at) = next.pop() {
        if MAX_DIRECTORIES <= seen.len() || !seen.insert(at) {
            continue;
        }
        let count = reader.uint(at, reader.count_bytes()).filter(|count| *count <= MAX_ENTRIES);
        let Some(ifd) = count.and_then(|_| reader.ifd(at)) else { continue };
        let first = |tag: u16| number(&reader, &ifd, tag);
        for (start, length) in [(tag::JPEG, tag::JPEG_LENGTH), (tag::STRIP_OFFSETS, tag::STRIP_BYTE_COUNTS)] {
            if let (Some(start), Some(length)) = (first(start), first(length)) {
                search.consider(start, length);
            }
        }
        for entry in &ifd.entries {
            match entry.tag {
                tag::JPEG_FROM_RAW => {
                    search.consider(entry.value.start, entry.value.end.saturating_sub(entry.value.start));
                }
                tag::SUB_IFDS | tag::EXIF => next.extend(reader.uints(entry).take(MAX_DIRECTORIES)),
                tag::MAKER_NOTE => olympus(search, &reader, entry.value.start),
                tag::ORIENTATION if seen.len() == 1 => {
                    let stated = reader.uints(entry).next().and_then(|value| value.try_into().ok());
                    orientation = orientation.or_else(|| Orientation::new(stated?));
                }
                _ => (),
            }
        }
        next.extend(Some(ifd.next).filter(|next| *next != 0));
    }
    orientation
}

/// The first number of a field.
fn number(reader: &TiffReader, ifd: &Ifd, tag: u16) -> Option<u64> {
    reader.uints(ifd.entries.iter().find(|entry| entry.tag == tag)?).next()
}

/// Considers the JPEG in the maker note of an Olympus or OM System camera at `start`, whose positions count from there.
fn olympus(search: &mut Search, reader: &TiffReader, start: u64) {
    let note = usize::try_from(start).ok().and_then(|start| search.source.get(start..)).unwrap_or_default();
    let head = match note {
        _ if note.starts_with(b"OLYMPUS\0") => 12,
        _ if note.starts_with(b"OM SYSTEM\0") => 16,
        _ => return,
    };
    let reader = TiffReader { data: note, ..*reader };
    let jpeg = || {
        let settings = reader.ifd(number(&reader, &reader.ifd(head)?, tag::OLYMPUS_SETTINGS)?)?;
        let first = |tag: u16| number(&reader, &settings, tag);
        Some((start.checked_add(first(tag::OLYMPUS_JPEG)?)?, first(tag::OLYMPUS_JPEG_LENGTH)?))
    };
    if let Some((start, length)) = jpeg() {
        search.consider(start, length);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        RawPreview, raw_preview,
        tests::{assert_is_bounded, jpeg},
    };
    use super::*;

    /// A directory, lowest byte first, of numbers of 32 bits.
    fn directory(entries: &[(u16, u32)], next: u32) -> Vec<u8> {
        let entry = |(tag, value): &(u16, u32)| {
            [&tag.to_le_bytes()[..], &[4, 0, 1, 0, 0, 0], &value.to_le_bytes()].concat()
        };
        let entries_bytes: Vec<u8> = entries.iter().flat_map(entry).collect();
        [&(entries.len() as u16).to_le_bytes()[..], &entries_bytes, &next.to_le_bytes()].concat()
    }

    #[test]
    fn the_largest_jpeg_of_all_directories_is_found() {
        let (small, large, sensor) = (jpeg(0xC0, 2, 2), jpeg(0xC0, 9, 9), jpeg(0xC3, 99, 99));
        let length = small.len() as u32;
        // The header, three JPEGs, a directory with a sub-directory, and the next one.
        let first_at = 8 + 3 * length;
        let bytes_of = |entries: u32| 2 + 12 * entries + 4;
        let (sub_at, second_at) = (first_at + bytes_of(4), first_at + bytes_of(4) + bytes_of(2));
        let first = directory(&[(274, 6), (330, sub_at), (513, 8), (514, length)], second_at);
        let sub = directory(&[(273, 8 + length), (279, length)], first_at);
        let second = directory(&[(274, 3), (273, 8 + 2 * length), (279, length)], 0);
        for magic in [*b"II*\0", *b"IIRO", *b"IIRS", *b"IIU\0"] {
            let head = [&magic[..], &first_at.to_le_bytes()].concat();
            let file = [&head, &small, &large, &sensor, &first, &sub, &second].map(Vec::as_slice).concat();
            let jpeg = 8 + small.len()..8 + small.len() + large.len();
            let expected = RawPreview { jpeg, orientation: Orientation::new(6) };
            assert_eq!(raw_preview(&file), Some(expected), "{magic:?}");
            assert_is_bounded(&file);
        }
    }

    #[test]
    fn a_maker_note_of_olympus_has_positions_of_its_own() {
        let photo = jpeg(0xC0, 5, 5);
        let note_at = 8 + 2 + 12 + 4;
        let mut note = b"OLYMPUS\0II\x03\0".to_vec();
        let settings_at = note.len() as u32 + 2 + 12 + 4;
        let photo_at = settings_at + 2 + 2 * 12 + 4;
        note.extend(directory(&[(0x2020, settings_at)], 0));
        note.extend(directory(&[(0x101, photo_at), (0x102, photo.len() as u32)], 0));
        note.extend(&photo);
        // A field of bytes outside of its entry.
        let entry = [
            &37500_u16.to_le_bytes()[..],
            &[7, 0],
            &(note.len() as u32).to_le_bytes(),
            &(note_at as u32).to_le_bytes(),
        ];
        let file = [b"IIRO\x08\0\0\0\x01\0", &entry.concat()[..], &[0; 4], &note].concat();
        let start = note_at + photo_at as usize;
        let expected = RawPreview { jpeg: start..start + photo.len(), orientation: None };
        assert_eq!(raw_preview(&file), Some(expected));
    }
}
