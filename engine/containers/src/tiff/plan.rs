//! The parts of a TIFF file, according to its directories.

use super::{
    Entry, Ifd, TiffReader, coded,
    reader::ByteOrder,
    tags::{self, EXIF_IFD, GPS_IFD, INTEROPERABILITY_IFD},
};
use crate::{
    Class, ContainerError, Part, Removal,
    part_map::{Claim, Conflict, PartMap},
};
use bytes::Bytes;
use safelight_formats::Format;
use std::{cmp::Reverse, collections::BTreeSet, ops::Range};

const MAX_DIRECTORIES: usize = 1024;
/// The most entries of all directories together.
const MAX_ENTRIES: u64 = 1 << 16;
/// The most strips and tiles of all directories together.
const MAX_STRIPS: usize = 1 << 18;

/// Claims the ranges to which the directories of `data` refer.
pub(super) fn plan(data: &Bytes) -> Result<PartMap, ContainerError> {
    let (reader, first) = TiffReader::new(data).ok_or(damaged(0, "an invalid header"))?;
    // BigTIFF states the size of offsets, and two bytes that must be 0.
    if reader.big && (reader.uint(4, 2), reader.uint(6, 2)) != (Some(8), Some(0)) {
        return Err(damaged(4, "an invalid header"));
    }
    let directories = read_chain(reader, first)?;
    let is_canon_raw = data.get(8..10) == Some(b"CR") && !reader.big;
    let has_raw = directories.iter().any(|ifd| ifd.entries.iter().any(|entry| tags::is_raw(entry, &reader)));
    if is_canon_raw || has_raw {
        return Err(unsupported("camera raw file"));
    }

    let (reduced, mut shown): (Vec<_>, Vec<_>) = directories.iter().partition(|ifd| is_reduced(ifd, &reader));
    if shown.is_empty() {
        match reduced.first() {
            Some(ifd) if find(ifd, tags::SUB_IFDS).is_none() => shown.push(ifd),
            _ => return Err(unsupported("no full-size image outside of sub-directories")),
        }
    }
    let mut plan = Plan {
        reader,
        claims: Vec::new(),
        samples: Vec::new(),
        streams: Vec::new(),
        strips_left: MAX_STRIPS,
    };
    let first = shown.first().map_or(0, |ifd| ifd.at);
    plan.claims.push(header(&reader, first));
    for (i, ifd) in shown.iter().enumerate() {
        plan.keep(ifd, shown.get(i + 1).map_or(0, |next| next.at))?;
    }
    for ifd in reduced.iter().filter(|ifd| !shown.iter().any(|shown| shown.at == ifd.at)) {
        plan.drop_thumbnail(ifd);
    }

    // Strips that touch become one before they become claims.
    plan.samples.sort_by_key(|range| range.start);
    plan.samples.dedup_by(|next, last| {
        let touches = next.start <= last.end;
        if touches {
            last.end = last.end.max(next.end);
        }
        touches
    });
    plan.claims.extend(plan.samples.into_iter().map(|range| Claim::kept(range, Class::ImageData)));
    // Each stream is walked once, even if several fields refer to it. Strips may be inside a whole JPEG file
    // (TIFF 6.0 section 22).
    plan.streams.sort_by_key(|range| (range.start, Reverse(range.end)));
    plan.streams.dedup_by(|next, last| next.end <= last.end);
    if let Some(pair) = plan.streams.windows(2).find(|pair| pair[1].start < pair[0].end) {
        return Err(conflict(Conflict(pair[1].start)));
    }
    for range in plan.streams {
        coded::claim(data, range, &mut plan.claims)?;
    }
    PartMap::new(plan.claims).map_err(conflict)
}

/// The error for bytes with contradicting claims.
pub(super) const fn conflict(Conflict(at): Conflict) -> ContainerError {
    damaged(at, "fields that share their bytes in ways that contradict each other")
}

const fn damaged(at: u64, what: &'static str) -> ContainerError {
    ContainerError::Damaged(Format::Tiff, at, what)
}

const fn unsupported(what: &'static str) -> ContainerError {
    ContainerError::Unsupported(Format::Tiff, what)
}

/// The directories that follow from `first`, each once.
fn read_chain(reader: TiffReader, first: u64) -> Result<Vec<Ifd>, ContainerError> {
    let (mut directories, mut seen, mut at, mut entries_left) =
        (Vec::new(), BTreeSet::new(), first, MAX_ENTRIES);
    while at != 0 {
        if !seen.insert(at) {
            return Err(damaged(at, "a cycle of directories"));
        }
        if MAX_DIRECTORIES < seen.len() {
            return Err(unsupported("too many directories"));
        }
        let count =
            reader.uint(at, reader.count_bytes()).ok_or(damaged(at, "a directory outside of the file"))?;
        entries_left = entries_left.checked_sub(count).ok_or(unsupported("too many fields"))?;
        let ifd = reader.ifd(at).filter(|ifd| ifd.entries.len() as u64 == count);
        let ifd = ifd.ok_or(damaged(at, "a truncated directory"))?;
        at = ifd.next;
        directories.push(ifd);
    }
    if directories.is_empty() { Err(damaged(4, "a file without a directory")) } else { Ok(directories) }
}

fn find(ifd: &Ifd, tag: u16) -> Option<&Entry> {
    ifd.entries.iter().find(|entry| entry.tag == tag)
}

/// Whether a directory states that its image is a smaller copy of another.
fn is_reduced(ifd: &Ifd, reader: &TiffReader) -> bool {
    const REDUCED: u64 = 1;
    const OLD_REDUCED: u64 = 2;
    let value = |tag| find(ifd, tag).and_then(|entry| reader.uints(entry).next());
    match value(tags::NEW_SUBFILE_TYPE) {
        Some(flags) => flags & REDUCED != 0,
        None => value(tags::SUBFILE_TYPE) == Some(OLD_REDUCED),
    }
}

/// The header, with the offset of the first directory that is kept.
fn header(reader: &TiffReader, first: u64) -> Claim {
    let mut bytes = reader.data.get(..reader.word() as usize).unwrap_or_default().to_vec();
    put(&mut bytes, reader.order, first, reader.word());
    rewritten(0, bytes)
}

/// A claim that replaces bytes at `start` by as many others.
fn rewritten(start: u64, bytes: Vec<u8>) -> Claim {
    let range = start..start + bytes.len() as u64;
    Claim::new(range, Part::new(Class::Index, Removal::Replace(bytes.into())))
}

/// Appends `number`, as `bytes` bytes.
fn put(out: &mut Vec<u8>, order: ByteOrder, number: u64, bytes: u64) {
    match order {
        ByteOrder::Little => out.extend_from_slice(&number.to_le_bytes()[..bytes as usize]),
        ByteOrder::Big => out.extend_from_slice(&number.to_be_bytes()[8 - bytes as usize..]),
    }
}

#[derive(Debug)]
struct Plan<'a> {
    reader: TiffReader<'a>,
    claims: Vec<Claim>,
    /// Strips and tiles without metadata.
    samples: Vec<Range<u64>>,
    /// Strips and tiles in formats that may contain metadata.
    streams: Vec<Range<u64>>,
    strips_left: usize,
}

impl Plan<'_> {
    /// Claims a directory that is kept, and the ranges to which it refers.
    fn keep(&mut self, ifd: &Ifd, next: u64) -> Result<(), ContainerError> {
        let reader = self.reader;
        self.rewrite(ifd, next);
        for entry in &ifd.entries {
            match tags::kept(entry, &reader) {
                Some(class) if !is_inline(entry, &reader) => {
                    self.claims.push(Claim::kept(entry.value.clone(), class));
                }
                Some(_) => (),
                None => self.drop_field(entry),
            }
        }

        let compression =
            numbers(&reader, ifd, tags::COMPRESSION).and_then(|mut all| all.next()).unwrap_or(1);
        if !tags::is_known_compression(compression) {
            return Err(unsupported("an unknown compression"));
        }
        let ranges = self.image_data_ranges(ifd)?;
        if tags::is_container(compression) {
            self.streams.extend(ranges.into_iter().filter(|range| !range.is_empty()));
            self.keep_jpeg_tables(ifd)
        } else {
            self.samples.extend(ranges);
            Ok(())
        }
    }

    /// Claims a directory: the entries that are kept, followed by the offset of the `next` directory.
    fn rewrite(&mut self, ifd: &Ifd, next: u64) {
        let reader = &self.reader;
        let kept = ifd.entries.iter().enumerate().filter(|(_, entry)| tags::kept(entry, reader).is_some());
        let mut entries = Vec::new();
        for (i, entry) in kept {
            let start = ifd.at + reader.count_bytes() + i as u64 * reader.entry_bytes();
            let used =
                if is_inline(entry, reader) { entry.value.end - entry.value.start } else { reader.word() };
            let length = entries.len() + reader.entry_bytes() as usize;
            entries
                .extend_from_slice(reader.bytes(start..start + 4 + reader.word() + used).unwrap_or_default());
            entries.resize(length, 0);
        }
        let mut bytes = Vec::new();
        put(&mut bytes, reader.order, entries.len() as u64 / reader.entry_bytes(), reader.count_bytes());
        bytes.extend(entries);
        put(&mut bytes, reader.order, next, reader.word());
        // There is no next directory if the file ends within its offset.
        let end = span(ifd, reader).end.min(reader.data.len() as u64);
        bytes.truncate((end - ifd.at) as usize);
        // Removed entries may contain their values, so their bytes must not be kept.
        self.claims.push(Claim::blanked(ifd.at + bytes.len() as u64..end, Class::Unknown));
        self.claims.push(rewritten(ifd.at, bytes));
    }

    /// Claims a directory of a thumbnail, and its samples.
    fn drop_thumbnail(&mut self, ifd: &Ifd) {
        let thumbnail = |range| Claim::blanked(range, Class::Thumbnail);
        self.claims.push(thumbnail(span(ifd, &self.reader)));
        let ranges = self.image_data_ranges(ifd).unwrap_or_default();
        self.claims.extend(ranges.into_iter().map(thumbnail));
        ifd.entries.iter().for_each(|entry| self.drop_field(entry));
    }

    /// Claims the bytes of a field that is not kept.
    fn drop_field(&mut self, entry: &Entry) {
        if matches!(entry.tag, EXIF_IFD | GPS_IFD) {
            self.drop_exif(entry, true);
        } else if let Some(class) = tags::dropped(entry.tag) {
            self.drop_value(entry, class);
        }
    }

    fn drop_value(&mut self, entry: &Entry, class: Class) {
        if !is_inline(entry, &self.reader) && self.reader.bytes(entry.value.clone()).is_some() {
            self.claims.push(Claim::blanked(entry.value.clone(), class));
        }
    }

    /// Claims the EXIF directory that `entry` refers to.
    fn drop_exif(&mut self, entry: &Entry, is_outer: bool) {
        let reader = self.reader;
        let at = reader.uints(entry).next();
        let is_small =
            |at: &u64| reader.uint(*at, reader.count_bytes()).is_some_and(|count| count <= MAX_ENTRIES);
        let Some(ifd) = at.filter(is_small).and_then(|at| reader.ifd(at)) else { return };
        let end = span(&ifd, &reader).end.min(reader.data.len() as u64);
        self.claims.push(Claim::blanked(ifd.at..end, Class::Exif));
        for entry in &ifd.entries {
            match entry.tag {
                INTEROPERABILITY_IFD if is_outer => self.drop_exif(entry, false),
                _ => self.drop_value(entry, Class::Exif),
            }
        }
    }

    /// The ranges of the image data of a directory, up to the end of the file.
    fn image_data_ranges(&mut self, ifd: &Ifd) -> Result<Vec<Range<u64>>, ContainerError> {
        let end_of_file = self.reader.data.len() as u64;
        let (mut ranges, mut is_missing) = (Vec::new(), true);
        for [offsets, sizes] in [tags::STRIPS, tags::TILES, tags::JPEG_INTERCHANGE] {
            let Some(offsets) = numbers(&self.reader, ifd, offsets) else { continue };
            let sizes = numbers(&self.reader, ifd, sizes);
            let mut sizes = sizes.ok_or(damaged(ifd.at, "image data without sizes"))?;
            for start in offsets {
                let size = sizes.next().ok_or(damaged(ifd.at, "image data with too few sizes"))?;
                let end = start.checked_add(size).ok_or(damaged(ifd.at, "image data outside of the file"))?;
                self.strips_left =
                    self.strips_left.checked_sub(1).ok_or(unsupported("too many strips or tiles"))?;
                is_missing &= end_of_file <= start && start < end;
                ranges.push(start.min(end_of_file)..end.min(end_of_file));
            }
        }
        if ranges.is_empty() {
            Err(damaged(ifd.at, "a directory without image data"))
        } else if is_missing {
            Err(damaged(ifd.at, "image data outside of the file"))
        } else {
            Ok(ranges)
        }
    }

    /// Claims the tables of the JPEG compression of TIFF 6.0 section 22.
    fn keep_jpeg_tables(&mut self, ifd: &Ifd) -> Result<(), ContainerError> {
        /// Bytes of a quantisation table, and of the counts of codes that a Huffman table begins with.
        const Q_TABLE_BYTES: u64 = 64;
        const COUNTS_BYTES: u64 = 16;
        /// One for each component.
        const MAX_TABLES: usize = 16;
        for tag in [tags::JPEG_Q_TABLES, tags::JPEG_DC_TABLES, tags::JPEG_AC_TABLES] {
            for start in numbers(&self.reader, ifd, tag).into_iter().flatten().take(MAX_TABLES) {
                let counts = self.reader.bytes(start..start.saturating_add(COUNTS_BYTES));
                let counts = counts.ok_or(damaged(ifd.at, "a table outside of the file"))?;
                let bytes = match tag {
                    tags::JPEG_Q_TABLES => Q_TABLE_BYTES,
                    _ => COUNTS_BYTES + counts.iter().map(|count| u64::from(*count)).sum::<u64>(),
                };
                let end = start.saturating_add(bytes).min(self.reader.data.len() as u64);
                self.claims.push(Claim::kept(start..end, Class::Structure));
            }
        }
        Ok(())
    }
}

/// The numbers of a field that is kept.
fn numbers<'a>(reader: &TiffReader<'a>, ifd: &Ifd, tag: u16) -> Option<impl Iterator<Item = u64> + use<'a>> {
    let entry = find(ifd, tag).filter(|entry| tags::kept(entry, reader).is_some())?;
    Some(reader.uints(entry))
}

/// Whether the values of a field are in its entry.
const fn is_inline(entry: &Entry, reader: &TiffReader) -> bool {
    entry.value.end - entry.value.start <= reader.word()
}

/// The range of a directory; its end may be after the end of the file.
fn span(ifd: &Ifd, reader: &TiffReader) -> Range<u64> {
    let entries = reader.entry_bytes().saturating_mul(ifd.entries.len() as u64);
    ifd.at..ifd.at.saturating_add(reader.count_bytes()).saturating_add(entries).saturating_add(reader.word())
}
