//! A writer of TIFF, with fields that no encoder writes.

/// The values of a field.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Short(Vec<u16>),
    Long(Vec<u32>),
    Float(Vec<f32>),
    Undefined(Vec<u8>),
}

/// A file of one image. Tags of positions and lengths are those of strips unless they are changed.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) is_big_endian: bool,
    pub(crate) fields: Vec<(u16, Value)>,
    /// Strips or tiles, as coded.
    pub(crate) pieces: Vec<Vec<u8>>,
    pub(crate) offsets_tag: u16,
    /// The tag of the lengths; `None` to leave them out.
    pub(crate) counts_tag: Option<u16>,
}

impl File {
    /// An image of one strip, not compressed, whose samples have `bits`.
    pub(crate) fn new((w, h): (u16, u16), photometric: u16, bits: &[u16], strip: Vec<u8>) -> Self {
        let fields = [(256, vec![w]), (257, vec![h]), (258, bits.to_vec()), (262, vec![photometric])];
        let file = Self {
            is_big_endian: false,
            fields: fields.into_iter().map(|(tag, values)| (tag, Value::Short(values))).collect(),
            pieces: vec![strip],
            offsets_tag: 273,
            counts_tag: Some(279),
        };
        file.with(277, &[bits.len() as u16])
    }

    /// Adds a field, or replaces it.
    pub(crate) fn with(self, tag: u16, values: &[u16]) -> Self {
        self.with_value(tag, Value::Short(values.to_vec()))
    }

    pub(crate) fn with_value(mut self, tag: u16, value: Value) -> Self {
        self.fields.retain(|(other, _)| *other != tag);
        self.fields.push((tag, value));
        self
    }

    pub(crate) fn with_profile(self, icc: &[u8]) -> Self {
        self.with_value(34675, Value::Undefined(icc.to_vec()))
    }

    /// The same image with other strips or tiles.
    pub(crate) fn with_pieces(self, pieces: Vec<Vec<u8>>) -> Self {
        Self { pieces, ..self }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut file = if self.is_big_endian { b"MM\0*\0\0\0\0".to_vec() } else { b"II*\0\0\0\0\0".to_vec() };
        let mut fields = self.fields.clone();
        let mut offsets = Vec::new();
        for piece in &self.pieces {
            offsets.push(file.len() as u32);
            file.extend(piece);
        }
        fields.push((self.offsets_tag, Value::Long(offsets)));
        if let Some(tag) = self.counts_tag
            && fields.iter().all(|(other, _)| *other != tag)
        {
            let counts = self.pieces.iter().map(|piece| piece.len() as u32).collect();
            fields.push((tag, Value::Long(counts)));
        }
        fields.sort_by_key(|(tag, _)| *tag);
        let mut entries = Vec::new();
        for (tag, value) in &fields {
            let (kind, count, bytes) = match value {
                Value::Short(values) => {
                    (3, values.len(), values.iter().flat_map(|it| self.u16(*it)).collect())
                }
                Value::Long(values) => {
                    (4, values.len(), values.iter().flat_map(|it| self.u32(*it)).collect())
                }
                Value::Float(values) => {
                    (11, values.len(), values.iter().flat_map(|it| self.u32(it.to_bits())).collect())
                }
                Value::Undefined(bytes) => (7, bytes.len(), bytes.clone()),
            };
            entries.extend([self.u16(*tag), self.u16(kind)].concat());
            entries.extend(self.u32(count as u32));
            let mut inline = bytes;
            if 4 < inline.len() {
                file.resize(file.len().next_multiple_of(2), 0);
                let at = self.u32(file.len() as u32);
                file.extend(std::mem::replace(&mut inline, at.to_vec()));
            }
            inline.resize(4, 0);
            entries.extend(inline);
        }
        file.resize(file.len().next_multiple_of(2), 0);
        let at = self.u32(file.len() as u32);
        file[4..8].copy_from_slice(&at);
        file.extend(self.u16(fields.len() as u16));
        file.extend(entries);
        file.extend([0; 4]);
        file
    }

    fn u16(&self, value: u16) -> [u8; 2] {
        if self.is_big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn u32(&self, value: u32) -> [u8; 4] {
        if self.is_big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }
}
