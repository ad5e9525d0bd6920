//! A writer of small TIFF structures, which are EXIF blocks and TIFF files.

/// A TIFF structure. `to_bytes` adds the pointers to its directories.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tiff {
    pub(crate) big_endian: bool,
    pub(crate) image: Vec<Field>,
    pub(crate) thumbnail: Vec<Field>,
    pub(crate) photo: Vec<Field>,
    pub(crate) gps: Vec<Field>,
    pub(crate) iop: Vec<Field>,
}

/// A tag and its values.
pub(crate) type Field = (u16, Values);

/// Values of one field type.
#[derive(Clone, Debug)]
pub(crate) enum Values {
    Byte(Vec<u8>),
    Ascii(Vec<u8>),
    Short(Vec<u16>),
    Long(Vec<u32>),
    Rational(Vec<(u32, u32)>),
    Undefined(Vec<u8>),
    /// EXIF 3.0.
    Utf8(Vec<u8>),
    SShort(Vec<i16>),
    SLong(Vec<i32>),
    SRational(Vec<(i32, i32)>),
    Double(Vec<f64>),
    /// A field type, a count, and the bytes of the value or its offset.
    Raw(u16, u32, u32),
}

impl Tiff {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = if self.big_endian { b"MM\0*\0\0\0\0".to_vec() } else { b"II*\0\0\0\0\0".to_vec() };
        let mut photo = self.photo.clone();
        if !self.iop.is_empty() {
            photo.push((0xA005, Values::Long(vec![self.directory(&mut out, &self.iop)])));
        }
        let mut image = self.image.clone();
        if !photo.is_empty() {
            image.push((0x8769, Values::Long(vec![self.directory(&mut out, &photo)])));
        }
        if !self.gps.is_empty() {
            image.push((0x8825, Values::Long(vec![self.directory(&mut out, &self.gps)])));
        }
        let first = self.directory(&mut out, &image);
        out[4..8].copy_from_slice(&self.uint(first));
        if !self.thumbnail.is_empty() {
            let next = first as usize + 2 + 12 * image.len();
            let second = self.directory(&mut out, &self.thumbnail);
            out[next..next + 4].copy_from_slice(&self.uint(second));
        }
        out
    }

    /// Writes a directory and then its values, and returns its offset.
    fn directory(&self, out: &mut Vec<u8>, fields: &[Field]) -> u32 {
        let start = out.len();
        out.resize(start + 2 + 12 * fields.len() + 4, 0);
        out[start..start + 2].copy_from_slice(&self.uint(fields.len() as u32)[self.low()]);
        for (index, (tag, values)) in fields.iter().enumerate() {
            let (kind, count, mut value) = self.values(values);
            if 4 < value.len() {
                let at = self.uint(out.len() as u32);
                out.append(&mut value);
                value = at.to_vec();
            }
            value.resize(4, 0);
            let entry = [
                &self.uint(u32::from(*tag))[self.low()],
                &self.uint(u32::from(kind))[self.low()],
                &self.uint(count),
                &value,
            ];
            let at = start + 2 + 12 * index;
            out[at..at + 12].copy_from_slice(&entry.concat());
        }
        start as u32
    }

    /// Returns the field type, the count and the bytes of values.
    fn values(&self, values: &Values) -> (u16, u32, Vec<u8>) {
        let order = |mut bytes: Vec<u8>| {
            if !self.big_endian {
                bytes.reverse();
            }
            bytes
        };
        let (kind, count, bytes): (_, _, Vec<_>) = match values {
            Values::Byte(values) => (1, values.len(), values.clone()),
            Values::Ascii(values) => (2, values.len(), values.clone()),
            Values::Undefined(values) => (7, values.len(), values.clone()),
            Values::Utf8(values) => (129, values.len(), values.clone()),
            Values::Short(values) => {
                (3, values.len(), values.iter().flat_map(|value| order(value.to_be_bytes().into())).collect())
            }
            Values::Long(values) => {
                (4, values.len(), values.iter().flat_map(|value| order(value.to_be_bytes().into())).collect())
            }
            Values::Rational(values) => {
                let parts = values.iter().flat_map(|(one, two)| [*one, *two]);
                (5, values.len(), parts.flat_map(|part| order(part.to_be_bytes().into())).collect())
            }
            Values::SShort(values) => {
                (8, values.len(), values.iter().flat_map(|value| order(value.to_be_bytes().into())).collect())
            }
            Values::SLong(values) => {
                (9, values.len(), values.iter().flat_map(|value| order(value.to_be_bytes().into())).collect())
            }
            Values::SRational(values) => {
                let parts = values.iter().flat_map(|(one, two)| [*one, *two]);
                (10, values.len(), parts.flat_map(|part| order(part.to_be_bytes().into())).collect())
            }
            Values::Double(values) => (
                12,
                values.len(),
                values.iter().flat_map(|value| order(value.to_be_bytes().into())).collect(),
            ),
            Values::Raw(kind, count, value) => return (*kind, *count, self.uint(*value).to_vec()),
        };
        (kind, count as u32, bytes)
    }

    fn uint(&self, value: u32) -> [u8; 4] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    /// Returns the range of the low half of a number.
    fn low(&self) -> std::ops::Range<usize> {
        if self.big_endian { 2..4 } else { 0..2 }
    }
}
