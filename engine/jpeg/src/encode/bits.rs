//! The bit writer of a scan (T.81 F.1.2.3).

/// A writer of bits, the first one highest in its byte.
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// The bits that are not yet in `out`, the last one lowest. Higher bits are undefined.
    buffer: u64,
    /// The number of bits for which `buffer` has space.
    free: u32,
}

impl<'a> BitWriter<'a> {
    /// Returns a writer that appends to `out`.
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, buffer: 0, free: 64 }
    }

    /// Writes the lowest `count` bits of `bits`, at most 32. Higher bits must be zero.
    #[inline]
    pub(super) fn put(&mut self, bits: u64, count: u32) {
        if count <= self.free {
            self.buffer = self.buffer << count | bits;
            self.free -= count;
            return;
        }
        let over = count - self.free;
        self.put_word(self.buffer << self.free | bits >> over);
        self.buffer = bits;
        self.free = 64 - over;
    }

    /// Writes the remaining bits, and fills the last byte with ones.
    pub(super) fn finish(mut self) {
        let padding = self.free % 8;
        self.put((1 << padding) - 1, padding);
        let bytes = (64 - self.free) / 8;
        for byte in (0..bytes).rev() {
            self.put_byte((self.buffer >> (8 * byte)) as u8);
        }
    }

    #[inline]
    fn put_word(&mut self, word: u64) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGHEST: u64 = 0x8080_8080_8080_8080;
        // Adding one clears the highest bit of a byte of 0xFF, and of few others.
        let may_contain_ff = word & !word.wrapping_add(ONES) & HIGHEST != 0;
        if may_contain_ff {
            word.to_be_bytes().into_iter().for_each(|byte| self.put_byte(byte));
        } else {
            self.out.extend_from_slice(&word.to_be_bytes());
        }
    }

    /// Appends a byte; a zero follows 0xFF, so that it is no marker.
    fn put_byte(&mut self, byte: u8) {
        self.out.push(byte);
        if byte == 0xFF {
            self.out.push(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of `pieces`, computed bit by bit.
    fn expected_bytes(pieces: &[(u64, u32)]) -> Vec<u8> {
        let mut bits: Vec<u8> = pieces
            .iter()
            .flat_map(|&(bits, count)| (0..count).rev().map(move |bit| (bits >> bit & 1) as u8))
            .collect();
        bits.resize(bits.len().next_multiple_of(8), 1);
        let bytes = bits.chunks(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit));
        bytes.flat_map(|byte| if byte == 0xFF { vec![0xFF, 0] } else { vec![byte] }).collect()
    }

    #[test]
    fn bits_are_written_in_order() {
        let mut state = 1_u64;
        for round in 0..2000 {
            let pieces: Vec<(u64, u32)> = (0..round % 97)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let count = (state >> 33) as u32 % 33;
                    // Every third round is mostly ones.
                    let bits = if round % 3 == 0 { !(state >> 60) } else { state >> 20 };
                    (bits & ((1 << count) - 1), count)
                })
                .collect();
            let mut out = Vec::new();
            let mut writer = BitWriter::new(&mut out);
            for &(bits, count) in &pieces {
                writer.put(bits, count);
            }
            writer.finish();
            assert_eq!(out, expected_bytes(&pieces), "{pieces:?}");
        }
    }
}
