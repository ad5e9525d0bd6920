//! A parser of untrusted image file directories (TIFF 6.0 section 2, `BigTIFF`).

use std::ops::Range;

/// A TIFF structure, whose offsets count from the first byte of `data`.
#[derive(Clone, Copy, Debug)]
pub struct TiffReader<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) order: ByteOrder,
    /// Whether offsets and counts have 64 bits.
    pub(crate) big: bool,
}

/// The order of the bytes in a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// `II`.
    Little,
    /// `MM`.
    Big,
}

/// One image file directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ifd {
    /// Offset of the entry count.
    pub(crate) at: u64,
    /// The entries, in file order.
    pub(crate) entries: Vec<Entry>,
    /// Offset of the next directory, 0 for none; also 0 if the file ends before it.
    pub(crate) next: u64,
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Tag number.
    pub tag: u16,
    /// Field type, 1 (BYTE) to 13 (IFD) and 16 to 18 in `BigTIFF`; others are unknown.
    pub kind: u16,
    /// Number of values.
    pub count: u64,
    /// The range of the values, inside the entry or elsewhere; it may be outside of the data.
    pub value: Range<u64>,
}

impl ByteOrder {
    /// The unsigned number in `bytes`, at most eight.
    pub fn uint(self, bytes: &[u8]) -> u64 {
        let push = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
        match self {
            Self::Big => bytes.iter().fold(0, push),
            Self::Little => bytes.iter().rev().fold(0, push),
        }
    }
}

impl<'a> TiffReader<'a> {
    /// Parses the header; returns the offset of the first directory too.
    pub(crate) fn new(data: &'a [u8]) -> Option<(Self, u64)> {
        let reader = Self::open(data)?;
        Some((reader, reader.first()?))
    }

    /// Parses the signature; `None` if `data` does not begin with that of a TIFF or `BigTIFF`, or of raw files of Olympus
    /// and Panasonic, which differ from TIFF by their signature only.
    pub fn open(data: &'a [u8]) -> Option<Self> {
        let (order, big) = match data.get(..4)? {
            [b'I', b'I', 42 | b'U', 0] | [b'I', b'I', b'R', b'O' | b'S'] => (ByteOrder::Little, false),
            [b'M', b'M', 0, 42] | [b'M', b'M', b'O', b'R'] => (ByteOrder::Big, false),
            [b'I', b'I', 43, 0] => (ByteOrder::Little, true),
            [b'M', b'M', 0, 43] => (ByteOrder::Big, true),
            _ => return None,
        };
        Some(Self { data, order, big })
    }

    /// The offset of the first directory; `None` if it is outside of the data.
    pub fn first(&self) -> Option<u64> {
        self.uint(self.word(), self.word())
    }

    /// The order of the bytes in numbers.
    pub const fn order(&self) -> ByteOrder {
        self.order
    }

    /// Whether the lowest byte of a number is first.
    pub(crate) const fn is_little_endian(&self) -> bool {
        matches!(self.order, ByteOrder::Little)
    }

    /// Bytes of an offset or a count: 4, or 8 in `BigTIFF`.
    pub const fn word(&self) -> u64 {
        if self.big { 8 } else { 4 }
    }

    /// Bytes of the entry count: 2, or 8 in `BigTIFF`.
    pub const fn count_bytes(&self) -> u64 {
        if self.big { 8 } else { 2 }
    }

    /// Bytes of one entry: 12, or 20 in `BigTIFF`.
    pub const fn entry_bytes(&self) -> u64 {
        4 + 2 * self.word()
    }

    /// The unsigned number of `bytes` bytes (1 to 8) at offset `at`.
    pub fn uint(&self, at: u64, bytes: u64) -> Option<u64> {
        Some(self.order.uint(self.bytes(at..at.checked_add(bytes)?)?))
    }

    /// The bytes of `range`, if it is inside of the data.
    pub fn bytes(&self, range: Range<u64>) -> Option<&'a [u8]> {
        self.data.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
    }

    /// The directory at offset `at`, with the entries that are inside of the data.
    ///
    /// `None` if its count is outside of the data.
    pub(crate) fn ifd(&self, at: u64) -> Option<Ifd> {
        let count = self.uint(at, self.count_bytes())?;
        let first = at.checked_add(self.count_bytes())?;
        // The count is untrusted: no memory is reserved for it.
        let entries: Vec<_> = (0..count)
            .map_while(|i| self.entry(first.checked_add(i.checked_mul(self.entry_bytes())?)?))
            .collect();
        Some(Ifd { at, entries, next: self.next_ifd(at).unwrap_or(0) })
    }

    /// The offset of the directory after the one at offset `at`, 0 for none; `None` if that is outside of the data.
    pub(crate) fn next_ifd(&self, at: u64) -> Option<u64> {
        let count = self.uint(at, self.count_bytes())?;
        let entries = count.checked_mul(self.entry_bytes())?;
        self.uint(at.checked_add(self.count_bytes())?.checked_add(entries)?, self.word())
    }

    /// The entry at offset `at`, if all of it is inside of the data; its values need not be.
    pub fn entry(&self, at: u64) -> Option<Entry> {
        let tag = self.uint(at, 2)? as u16;
        let kind = self.uint(at.checked_add(2)?, 2)? as u16;
        let count = self.uint(at.checked_add(4)?, self.word())?;
        let field = at.checked_add(4 + self.word())?;
        let inline = self.uint(field, self.word())?;
        let len = count.saturating_mul(kind_bytes(kind));
        let start = if len <= self.word() { field } else { inline };
        Some(Entry { tag, kind, count, value: start..start.saturating_add(len) })
    }

    /// The unsigned numbers of `entry`, of type BYTE, SHORT, LONG, IFD, LONG8 or IFD8; empty for
    /// other types and for values outside of the data.
    pub(crate) fn uints(&self, entry: &Entry) -> impl Iterator<Item = u64> + use<'a> {
        let reader = *self;
        let (width, count) = self.uint_bytes(entry).map_or((0, 0), |width| (width, entry.count));
        let start = entry.value.start;
        (0..count).map_while(move |i| reader.uint(start + i * width, width))
    }

    /// Bytes of one value of `entry`; `None` if its values are no unsigned numbers, or outside of the data.
    pub(crate) fn uint_bytes(&self, entry: &Entry) -> Option<u64> {
        let is_uint = matches!(entry.kind, 1 | 3 | 4 | 13 | 16 | 18);
        (is_uint && self.bytes(entry.value.clone()).is_some()).then(|| kind_bytes(entry.kind))
    }
}

/// Bytes of one value of a field type; 1 for types that are unknown.
pub(super) const fn kind_bytes(kind: u16) -> u64 {
    match kind {
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => 1,
    }
}
