//! The fields of the first directory of a TIFF, for decoders.

use super::{Entry, Ifd, TiffReader};

/// The first directory of a TIFF or `BigTIFF`, which describes its first image.
#[derive(Clone, Debug)]
pub struct TiffFields<'a> {
    reader: TiffReader<'a>,
    ifd: Ifd,
}

/// The values of one field. Nothing is allocated for them: their number is untrusted.
#[derive(Clone, Debug)]
pub struct TiffField<'a> {
    reader: TiffReader<'a>,
    entry: Entry,
    width: u64,
}

impl<'a> TiffFields<'a> {
    /// Reads the directory of `tiff`; `None` if there is no header or directory.
    pub fn new(tiff: &'a [u8]) -> Option<Self> {
        let (reader, first) = TiffReader::new(tiff)?;
        Some(Self { reader, ifd: reader.ifd(first)? })
    }

    /// Returns whether the numbers of the file, its samples included, have their lowest byte first.
    pub fn is_little_endian(&self) -> bool {
        self.reader.is_little_endian()
    }

    /// Returns the unsigned numbers of `tag`; `None` for other types and for values outside of the file.
    pub fn get(&self, tag: u16) -> Option<TiffField<'a>> {
        let entry = self.entry(tag)?;
        let width = self.reader.uint_bytes(entry)?;
        Some(TiffField { reader: self.reader, entry: entry.clone(), width })
    }

    /// Returns the bytes of `tag`, whatever their type; `None` for values outside of the file.
    pub fn bytes(&self, tag: u16) -> Option<&'a [u8]> {
        self.reader.bytes(self.entry(tag)?.value.clone())
    }

    /// The first of equal tags counts, as in libtiff.
    fn entry(&self, tag: u16) -> Option<&Entry> {
        self.ifd.entries.iter().find(|entry| entry.tag == tag)
    }
}

impl TiffField<'_> {
    /// Returns the number of values.
    #[allow(clippy::len_without_is_empty, reason = "a field without values is never asked for")]
    pub fn len(&self) -> u64 {
        self.entry.count
    }

    /// Returns the value at `index`.
    pub fn get(&self, index: u64) -> Option<u64> {
        let at = index.checked_mul(self.width)?;
        (index < self.entry.count).then(|| self.reader.uint(self.entry.value.start + at, self.width))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_first_directory_are_read() {
        // Two SHORT values inside the entry, a LONG outside of the file, and the first tag again.
        let entries: [&[u8]; 3] = [
            b"\x01\x02\0\x03\0\0\0\x02\0\x08\0\x09",
            b"\x01\x11\0\x04\0\0\0\x02\0\0\xff\0",
            b"\x01\x02\0\x03\0\0\0\x01\0\x01\0\0",
        ];
        let file = [b"MM\0*\0\0\0\x08\0\x03", &*entries.concat(), &[0; 4]].concat();
        let fields = TiffFields::new(&file).unwrap();
        assert!(!fields.is_little_endian());
        let bits = fields.get(0x0102).unwrap();
        assert_eq!((bits.len(), bits.get(0), bits.get(1), bits.get(2)), (2, Some(8), Some(9), None));
        assert_eq!(fields.bytes(0x0102), Some(&[0, 8, 0, 9][..]));
        assert!(fields.get(0x0111).is_none() && fields.bytes(0x0111).is_none() && fields.get(7).is_none());
        assert!(TiffFields::new(b"MM\0*\0\0\0\x08").is_none());
    }
}
