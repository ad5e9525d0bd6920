//! The parts of a TIFF file, according to its directories.

use super::{
    Entry, Ifd, TiffReader, coded,
    layout::SampleLayout,
    raw,
    reader::{self, ByteOrder},
    tags::{self, EXIF_IFD, GPS_IFD, INTEROPERABILITY_IFD},
};
use crate::{
    Class, ContainerError, Part, Removal, icc,
    part_map::{Claim, Conflict, PartMap},
};
use bytes::Bytes;
use safelight_formats::Format;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

const MAX_DIRECTORIES: usize = 1024;
/// The most entries of all directories together.
const MAX_ENTRIES: u64 = 1 << 16;
/// The most strips and tiles of all directories together.
const MAX_STRIPS: usize = 1 << 18;
/// The most bytes of different profiles of all directories together.
const MAX_PROFILE_BYTES: usize = 4 * icc::MAX_BYTES;

/// Claims the ranges to which the directories of `data` refer.
pub(super) fn plan(data: &Bytes) -> Result<PartMap, ContainerError> {
    let (reader, first) = TiffReader::new(data).ok_or(damaged(0, "an invalid header"))?;
    // BigTIFF states the size of offsets, and two bytes that must be 0.
    if reader.big && (reader.uint(4, 2), reader.uint(6, 2)) != (Some(8), Some(0)) {
        return Err(damaged(4, "an invalid header"));
    }
    let directories = read_chain(reader, first)?;
    if raw::has_raw(&directories, reader) {
        return Err(unsupported(crate::raw::UNSTRIPPABLE));
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
        tables: Vec::new(),
        profiles: BTreeMap::new(),
        profile_bytes_left: MAX_PROFILE_BYTES,
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
    for range in outermost(plan.streams)? {
        coded::claim(data, range, &mut plan.claims)?;
    }
    for range in outermost(plan.tables)? {
        coded::claim_tables(data, range, &mut plan.claims)?;
    }
    PartMap::new(plan.claims).map_err(conflict)
}

/// The ranges that are not inside of others. Each stream is walked once, even if several fields refer to it. Strips may
/// be inside a whole JPEG file (TIFF 6.0 section 22).
fn outermost(mut ranges: Vec<Range<u64>>) -> Result<Vec<Range<u64>>, ContainerError> {
    ranges.sort_by_key(|range| (range.start, Reverse(range.end)));
    ranges.dedup_by(|next, last| next.end <= last.end);
    match ranges.windows(2).find(|pair| pair[1].start < pair[0].end) {
        Some(pair) => Err(conflict(Conflict(pair[1].start))),
        None => Ok(ranges),
    }
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
    /// Tables of JPEG streams.
    tables: Vec<Range<u64>>,
    /// The profiles without identities, by the start and the end of their source; `None` for those that are invalid.
    profiles: BTreeMap<(u64, u64), Option<Bytes>>,
    profile_bytes_left: usize,
    strips_left: usize,
}

/// A field of a directory that is kept.
#[derive(Clone, Copy, Debug)]
struct KeptField<'a> {
    /// Its position in the directory.
    index: usize,
    entry: &'a Entry,
    /// The range of its values that are kept.
    bytes: u64,
}

impl Plan<'_> {
    /// Claims a directory that is kept, and the ranges to which it refers.
    fn keep(&mut self, ifd: &Ifd, next: u64) -> Result<(), ContainerError> {
        let reader = self.reader;
        let layout = SampleLayout::read(ifd, &reader);
        let mut kept = Vec::new();
        for (index, entry) in ifd.entries.iter().enumerate() {
            let bytes = tags::kept(entry, &reader, layout.as_ref()) * reader::kind_bytes(entry.kind);
            if 0 < bytes && self.keep_field(entry, bytes)? {
                kept.push(KeptField { index, entry, bytes });
            } else {
                self.drop_field(entry);
            }
        }
        self.rewrite(ifd, next, &kept);

        let compression = numbers(&reader, ifd, tags::COMPRESSION, layout.as_ref())
            .and_then(|mut all| all.next())
            .unwrap_or(1);
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

    /// Claims `bytes` bytes of the values of a field. Returns whether the field is kept.
    fn keep_field(&mut self, entry: &Entry, bytes: u64) -> Result<bool, ContainerError> {
        let range = entry.value.start..entry.value.start + bytes;
        if entry.tag == tags::ICC_PROFILE {
            let Some(profile) = self.profile(range.clone())? else { return Ok(false) };
            self.claims.push(Claim::new(range, Part::new(Class::Icc, Removal::Replace(profile))));
        } else if is_inline(entry, &self.reader) {
            // Its bytes are in the directory.
        } else if entry.tag == tags::JPEG_TABLES {
            self.tables.push(range);
        } else {
            self.claims.push(Claim::kept(range, Class::Structure));
        }
        Ok(true)
    }

    /// The profile in `range`, without identities; `None` if it is invalid.
    fn profile(&mut self, range: Range<u64>) -> Result<Option<Bytes>, ContainerError> {
        let key = (range.start, range.end);
        if let Some(profile) = self.profiles.get(&key) {
            return Ok(profile.clone());
        }
        let source = self.reader.bytes(range).unwrap_or_default();
        let left = self.profile_bytes_left.checked_sub(source.len());
        self.profile_bytes_left = left.ok_or(unsupported("too many bytes of colour profiles"))?;
        let profile = icc::without_identity(source).map(Bytes::from);
        self.profiles.insert(key, profile.clone());
        Ok(profile)
    }

    /// Claims a directory: the entries that are kept, followed by the offset of the `next` directory.
    fn rewrite(&mut self, ifd: &Ifd, next: u64, kept: &[KeptField]) {
        let reader = &self.reader;
        let mut entries = Vec::new();
        for field in kept {
            let start = ifd.at + reader.count_bytes() + field.index as u64 * reader.entry_bytes();
            let used = if is_inline(field.entry, reader) { field.bytes } else { reader.word() };
            let length = entries.len() + reader.entry_bytes() as usize;
            entries
                .extend_from_slice(reader.bytes(start..start + 4 + reader.word() + used).unwrap_or_default());
            entries.resize(length, 0);
        }
        let mut bytes = Vec::new();
        put(&mut bytes, reader.order, kept.len() as u64, reader.count_bytes());
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

    /// The ranges of the image data of a directory, up to the end of the file, each without the bytes after its
    /// samples if they are not compressed.
    fn image_data_ranges(&mut self, ifd: &Ifd) -> Result<Vec<Range<u64>>, ContainerError> {
        let end_of_file = self.reader.data.len() as u64;
        let layout = SampleLayout::read(ifd, &self.reader);
        let (mut ranges, mut is_missing) = (Vec::new(), true);
        for pair in [tags::STRIPS, tags::TILES, tags::JPEG_INTERCHANGE] {
            let [offsets, mut sizes] = pair.map(|tag| numbers(&self.reader, ifd, tag, layout.as_ref()));
            let exact = |i| match pair {
                tags::JPEG_INTERCHANGE => None,
                _ => layout?.bytes(pair == tags::TILES, i),
            };
            for (i, start) in (0..).zip(offsets.into_iter().flatten()) {
                let stated = sizes.as_mut().map(Iterator::next);
                let size = match (stated, exact(i)) {
                    // libtiff computes sizes that are missing too.
                    (None | Some(Some(0)), Some(exact)) => exact,
                    (Some(Some(stated)), exact) => stated.min(exact.unwrap_or(u64::MAX)),
                    (Some(None), _) => return Err(damaged(ifd.at, "image data with too few sizes")),
                    (None, None) => return Err(damaged(ifd.at, "image data without sizes")),
                };
                // An offset of 0 is a piece that was never written.
                let size = if start == 0 && stated == Some(Some(0)) { 0 } else { size };
                let end = start.checked_add(size).ok_or(damaged(ifd.at, "image data outside of the file"))?;
                self.strips_left =
                    self.strips_left.checked_sub(1).ok_or(unsupported("too many strips or tiles"))?;
                is_missing &= end_of_file <= start || start == end;
                ranges.push(start.min(end_of_file)..end.min(end_of_file));
            }
        }
        if ranges.is_empty() {
            Err(damaged(ifd.at, "a directory without image data"))
        } else if is_missing {
            Err(damaged(ifd.at, "image data without bytes in the file"))
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
        let layout = SampleLayout::read(ifd, &self.reader);
        for tag in [tags::JPEG_Q_TABLES, tags::JPEG_DC_TABLES, tags::JPEG_AC_TABLES] {
            for start in
                numbers(&self.reader, ifd, tag, layout.as_ref()).into_iter().flatten().take(MAX_TABLES)
            {
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
fn numbers<'a>(
    reader: &TiffReader<'a>,
    ifd: &Ifd,
    tag: u16,
    layout: Option<&SampleLayout>,
) -> Option<impl Iterator<Item = u64> + use<'a>> {
    let entry = find(ifd, tag)?;
    let count = tags::kept(entry, reader, layout);
    (0 < count).then(|| reader.uints(entry).take(usize::try_from(count).unwrap_or(usize::MAX)))
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
