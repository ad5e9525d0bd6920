//! The fields of a directory of a TIFF, for decoders.

use super::{ByteOrder, Entry, Ifd, TiffReader, reader::kind_bytes};

/// A directory of a TIFF or `BigTIFF`, which describes an image.
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

/// An entry count and the offset of the next directory.
const MIN_DIRECTORY_BYTES: usize = 2 + 4;

impl<'a> TiffFields<'a> {
    /// Reads the first directory of `tiff`; `None` if there is no header or directory.
    pub fn new(tiff: &'a [u8]) -> Option<Self> {
        Self::of_page(tiff, 0).ok()
    }

    /// Reads the directory of this number in the chain of `tiff`, from 0.
    ///
    /// # Errors
    /// The number of directories, if there are fewer.
    pub fn of_page(tiff: &'a [u8], page: u32) -> Result<Self, u32> {
        let (reader, mut at) = TiffReader::new(tiff).ok_or(0_u32)?;
        // No more directories fit, so that a chain without an end is left.
        let most = (tiff.len() / MIN_DIRECTORY_BYTES) as u32;
        for count in 0..most.min(page) {
            at = reader.next_ifd(at).filter(|next| *next != 0).ok_or(count + 1)?;
        }
        let ifd = reader.ifd(at).filter(|_| page <= most).ok_or(most.min(page))?;
        Ok(Self { reader, ifd })
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

    /// Returns at most `most` numbers of `tag`, of any type that holds numbers; `None` for other types and for values
    /// outside of the file. A fraction over 0 is not a number.
    pub fn numbers(&self, tag: u16, most: usize) -> Option<Vec<f64>> {
        let entry = self.entry(tag)?;
        let order = self.reader.order;
        let read: fn(ByteOrder, &[u8]) -> f64 = match entry.kind {
            1 | 3 | 4 | 13 | 16 | 18 => |order, bytes| order.uint(bytes) as f64,
            6 => |order, bytes| (order.uint(bytes) as i8).into(),
            8 => |order, bytes| (order.uint(bytes) as i16).into(),
            9 => |order, bytes| (order.uint(bytes) as i32).into(),
            17 => |order, bytes| order.uint(bytes).cast_signed() as f64,
            5 => |order, bytes| order.uint(&bytes[..4]) as f64 / order.uint(&bytes[4..]) as f64,
            10 => |order, bytes| {
                let part = |bytes| f64::from(order.uint(bytes) as i32);
                part(&bytes[..4]) / part(&bytes[4..])
            },
            11 => |order, bytes| f32::from_bits(order.uint(bytes) as u32).into(),
            12 => |order, bytes| f64::from_bits(order.uint(bytes)),
            _ => return None,
        };
        let values = self.reader.bytes(entry.value.clone())?.chunks_exact(kind_bytes(entry.kind) as usize);
        Some(values.take(most).map(|bytes| read(order, bytes)).collect())
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
    fn directories_are_counted() {
        // Two directories of one entry, the second of which leads to `next`.
        let file = |next: u8| {
            let entry = |tag: u8| [1, tag, 0, 3, 0, 0, 0, 1, 0, tag, 0, 0];
            let first = [&[0, 1][..], &entry(1), &[0, 0, 0, 26]].concat();
            let second = [&[0, 1][..], &entry(2), &[0, 0, 0, next]].concat();
            [b"MM\0*\0\0\0\x08", &first[..], &second].concat()
        };
        let has =
            |file: &[u8], page, tag| TiffFields::of_page(file, page).map(|fields| fields.get(tag).is_some());
        let ended = file(0);
        assert_eq!([has(&ended, 0, 0x101), has(&ended, 1, 0x102)], [Ok(true); 2]);
        assert_eq!([has(&ended, 2, 0x102), has(&ended, u32::MAX, 0x102)], [Err(2); 2]);
        let endless = file(8);
        assert_eq!(has(&endless, 2, 0x101), Ok(true));
        assert!(has(&endless, u32::MAX, 0x101).is_err());
        assert_eq!(has(&file(200), 2, 0x101), Err(2));
        assert_eq!(has(b"MM", 0, 1), Err(0));
    }

    #[test]
    fn numbers_of_every_type_are_read() {
        let check = |kind: u8, value: &[u8], expected: &[f64]| {
            let count = (value.len() as u64 / kind_bytes(kind.into())) as u8;
            let entry = [&[0, 1, 0, kind, 0, 0, 0, count][..], &[0, 0, 0, 26]].concat();
            // Values of up to four bytes are in the entry.
            let entry =
                if 4 < value.len() { entry } else { [&entry[..8], value, &[0; 4][value.len()..]].concat() };
            let file = [b"MM\0*\0\0\0\x08\0\x01", &*entry, &[0; 4], value].concat();
            assert_eq!(TiffFields::new(&file).unwrap().numbers(1, 2).unwrap(), expected, "type {kind}");
        };
        check(1, &[200, 3, 4], &[200.0, 3.0]);
        check(6, &[200], &[-56.0]);
        check(3, &[1, 0], &[256.0]);
        check(8, &[255, 255], &[-1.0]);
        check(9, &[255, 255, 255, 254], &[-2.0]);
        check(17, &(-3_i64).to_be_bytes(), &[-3.0]);
        check(5, &[0, 0, 0, 3, 0, 0, 0, 2], &[1.5]);
        check(10, &[255, 255, 255, 253, 0, 0, 0, 2], &[-1.5]);
        check(11, &0.25_f32.to_be_bytes(), &[0.25]);
        check(12, &[0.25_f64.to_be_bytes(), (-1e9_f64).to_be_bytes()].concat(), &[0.25, -1e9]);
        check(5, &[0, 0, 0, 3, 0, 0, 0, 0], &[f64::INFINITY]);
        let text = b"MM\0*\0\0\0\x08\0\x01\0\x01\0\x02\0\0\0\x01A\0\0\0\0\0\0\0";
        assert_eq!(TiffFields::new(text).unwrap().numbers(1, 2), None);
    }

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
