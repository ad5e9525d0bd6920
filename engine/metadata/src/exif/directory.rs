//! The directories of a TIFF structure (TIFF 6.0 section 2), or of a BigTIFF, whose offsets have 64 bits.

use super::{
    ExifError,
    kind::{Kind, Number},
};
use safelight_containers::{ByteOrder, TiffEntry, TiffReader};
use std::{collections::HashSet, ops::Range};

/// A group of the response, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// The first directory.
    Image,
    /// The second directory.
    Thumbnail,
    /// The EXIF directory.
    Photo,
    GpsInfo,
    /// The interoperability directory.
    Iop,
}

impl Group {
    /// All groups, in their order.
    pub(crate) const ALL: [Self; 5] = [Self::Image, Self::Thumbnail, Self::Photo, Self::GpsInfo, Self::Iop];
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) group: Group,
    /// The number of the tag.
    pub(crate) tag: u16,
    /// The field type; `None` if it is unknown.
    pub(crate) kind: Option<Kind>,
    /// The range of the values in the block; `None` if it is outside, if the type is unknown, or if the response
    /// omits them.
    pub(crate) value: Option<Range<usize>>,
}

/// The entries of a block.
#[derive(Debug)]
pub(crate) struct Directories {
    pub(crate) order: ByteOrder,
    /// One entry for each tag, sorted by group and tag.
    pub(crate) entries: Vec<Entry>,
}

/// The maximum number of entries in a block. Cameras write about a hundred.
pub const MAX_ENTRIES: usize = 16_384;

impl Group {
    /// The key in the response, as in `exif-reader`.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Image => "Image",
            Self::Thumbnail => "Thumbnail",
            Self::Photo => "Photo",
            Self::GpsInfo => "GPSInfo",
            Self::Iop => "Iop",
        }
    }

    /// Returns the group of the directory that a tag of this group points to (EXIF 2.32 section 4.6.3); `None` for
    /// other tags.
    const fn child(self, tag: u16) -> Option<Self> {
        match (self, tag) {
            (Self::Image, 0x8769) => Some(Self::Photo),
            (Self::Image, 0x8825) => Some(Self::GpsInfo),
            (Self::Photo, 0xA005) => Some(Self::Iop),
            _ => None,
        }
    }
}

impl Directories {
    /// Reads the first two directories of `tiff`, and those that the first one points to.
    ///
    /// Of several entries of one tag, the first applies that can be read.
    ///
    /// # Errors
    /// [`ExifError::NoHeader`], [`ExifError::ManyEntries`], or [`ExifError::NoEntry`] if a directory is damaged and
    /// no entry can be read.
    pub(crate) fn read(tiff: &[u8]) -> Result<Self, ExifError> {
        let reader = TiffReader::open(tiff).ok_or(ExifError::NoHeader)?;
        let mut walk = Walk { reader, seen: HashSet::new(), is_damaged: false, entries: Vec::new() };
        if let Some(second) = walk.directory(reader.first(), Group::Image)? {
            walk.directory(Some(second), Group::Thumbnail)?;
        }

        let Walk { is_damaged, mut entries, .. } = walk;
        if is_damaged && entries.is_empty() {
            return Err(ExifError::NoEntry);
        }
        // The sort is stable, so the first of equal tags remains.
        entries.sort_by_key(|entry| (entry.group, entry.tag, entry.value.is_none()));
        entries.dedup_by_key(|entry| (entry.group, entry.tag));
        Ok(Self { order: reader.order(), entries })
    }
}

/// The state of a walk.
struct Walk<'a> {
    reader: TiffReader<'a>,
    /// The offsets of the directories that were walked.
    seen: HashSet<u64>,
    /// Whether a directory could not be read to its end.
    is_damaged: bool,
    entries: Vec<Entry>,
}

impl Walk<'_> {
    /// Walks the directory at `at`, which is damage if it is `None`, and those that it points to.
    ///
    /// Returns the offset of the next one in the chain, if there is one and this one can be read to its end.
    fn directory(&mut self, at: Option<u64>, group: Group) -> Result<Option<u64>, ExifError> {
        let reader = self.reader;
        let count = at.and_then(|at| reader.uint(at, reader.count_bytes()));
        let (Some(start), Some(count)) = (at, count) else {
            self.is_damaged |= at != Some(0);
            return Ok(None);
        };
        if start == 0 || !self.seen.insert(start) {
            return Ok(None);
        }
        let mut at = start + reader.count_bytes();
        for _ in 0..count {
            let Some(entry) = self.entry(at, group) else {
                self.is_damaged = true;
                return Ok(None);
            };
            if self.entries.len() == MAX_ENTRIES {
                return Err(ExifError::ManyEntries(MAX_ENTRIES));
            }
            at += reader.entry_bytes();
            let child = group.child(entry.tag).zip(self.pointer(&entry));
            self.entries.push(entry);
            if let Some((child, target)) = child {
                self.directory(Some(target), child)?;
            }
        }
        Ok(reader.uint(at, reader.word()).filter(|next| *next != 0))
    }

    /// Reads the entry at `at`, if it is complete.
    fn entry(&self, at: u64, group: Group) -> Option<Entry> {
        let TiffEntry { tag, kind, value, .. } = self.reader.entry(at)?;
        let kind = Kind::new(kind);
        let value = kind.and_then(|_| {
            self.reader.bytes(value.clone())?;
            Some(value.start as usize..value.end as usize)
        });
        Some(Entry { group, tag, kind, value })
    }

    /// Returns the offset in the first value of `entry`, which may be of any integer type.
    fn pointer(&self, entry: &Entry) -> Option<u64> {
        let kind = entry.kind.filter(|kind| kind.is_number())?;
        let Range { start, end } = entry.value.clone()?;
        let bytes = self.reader.bytes(start as u64..end as u64)?.get(..kind.bytes())?;
        match kind.number(bytes, self.reader.order()) {
            Number::Unsigned(offset) => Some(offset),
            Number::Signed(offset) => u64::try_from(offset).ok(),
            Number::Float(_) | Number::Double(_) | Number::Ratio { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of two entries and a chain that ends.
    const TWO: &[u8] =
        b"MM\0*\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\x01\x31\0\x02\0\0\0\x01v\0\0\0\0\0\0\0";

    #[test]
    fn directories_end_at_their_damage() {
        let tags = |tiff: &[u8]| {
            let found = Directories::read(tiff).map(|found| found.entries);
            found.map(|entries| entries.iter().map(|entry| entry.tag).collect::<Vec<_>>()).ok()
        };
        assert_eq!(tags(TWO), Some(vec![0x0112, 0x0131]));
        // Without the second entry's last byte, and without the first one's.
        assert_eq!(tags(&TWO[..33]), Some(vec![0x0112]));
        assert_eq!(tags(&TWO[..21]), None);
        // A chain without a directory is not damaged; one that cannot be read is.
        assert_eq!(tags(b"MM\0*\0\0\0\0"), Some(vec![]));
        assert_eq!(tags(b"MM\0*\0\0\0\x08\0\0\0\0\0\0"), Some(vec![]));
        assert_eq!(tags(b"MM\0*\0\0\0"), None);
        assert_eq!(tags(b"MM\0*\xFF\xFF\xFF\xFF"), None);
    }

    #[test]
    fn no_structure_makes_the_walk_panic_or_repeat_a_directory() {
        // The values are mostly pointers, types and small offsets, so that directories overlap and point to each
        // other. The generator is linear congruential (Knuth, MMIX).
        const BYTES: [u8; 12] = [0, 0, 0, 0, 1, 2, 4, 8, 13, 0x69, 0x87, 0x25];
        let mut state = 7_u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let mut entries = 0;
        for _ in 0..20_000 {
            let mut tiff = b"MM\0*\0\0\0\x08\0\x04".to_vec();
            for _ in 0..6 {
                let tag = [[0x87, 0x69], [0x88, 0x25], [0xA0, 0x05], [1, 0x12]][random(4)];
                let kind = [0, [3, 4, 9, 13][random(4)]];
                let value = [0, 0, 0, random(120) as u8];
                tiff.extend([&tag[..], &kind, &[0, 0, 0, 1], &value].concat());
            }
            tiff.extend((0..40).map(|_| BYTES[random(BYTES.len())]));
            if let Ok(found) = Directories::read(&tiff) {
                let keys: Vec<_> = found.entries.iter().map(|entry| (entry.group, entry.tag)).collect();
                assert!(keys.is_sorted_by(|one, two| one < two), "{tiff:?}");
                entries += keys.len();
            }
        }
        assert!(50_000 < entries, "{entries}");
    }
}
