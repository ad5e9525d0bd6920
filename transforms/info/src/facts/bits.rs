//! The bits of a JPEG XL header, from the lowest of each byte on (ISO/IEC 18181-1 section B.2).

/// A reader of bits.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// In bits.
    position: usize,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// The next `count` bits, at most 32.
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for at in 0..count {
            let byte = *self.bytes.get(self.position / 8)?;
            value |= u32::from(byte >> (self.position % 8) & 1) << at;
            self.position += 1;
        }
        Some(value)
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        self.take(1).map(|bit| bit == 1)
    }

    /// One of four numbers, each an offset and the bits that are added (section B.2.2).
    pub(super) fn choice(&mut self, choices: [(u32, u32); 4]) -> Option<u32> {
        let (offset, bits) = choices[self.take(2)? as usize];
        offset.checked_add(self.take(bits)?)
    }
}
