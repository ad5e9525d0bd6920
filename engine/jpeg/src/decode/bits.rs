//! The bit reader, for entropy-coded data without stuffed bytes.

/// A reader of bits, the most significant of a byte first. An endless run of zeros follows the data, as in
/// libjpeg.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits<'a> {
    data: &'a [u8],
    /// The byte at which the next refill starts.
    at: usize,
    /// The next bits, from the highest. Bits below the first `count` are 0 or equal those of the next refill.
    buffer: u64,
    count: u32,
    /// Whether bits were read that are no code.
    pub(super) is_damaged: bool,
}

impl<'a> Bits<'a> {
    /// Returns a reader that starts at bit `position` of `data`.
    pub(super) fn new(data: &'a [u8], position: usize) -> Self {
        let mut bits = Self { data, at: position / 8, buffer: 0, count: 0, is_damaged: false };
        bits.refill();
        bits.skip((position % 8) as u32);
        bits
    }

    /// Returns the position of the next bit; it is past the end of the data once zeros were read.
    pub(super) fn position(&self) -> usize {
        self.at * 8 - self.count as usize
    }

    /// Returns whether more bits were read than the data has.
    #[inline]
    pub(super) fn is_overrun(&self) -> bool {
        self.data.len() * 8 < self.position()
    }

    /// Returns whether the data has at least `bytes` more bytes.
    #[inline]
    pub(super) fn has(&self, bytes: usize) -> bool {
        self.at + bytes <= self.data.len()
    }

    /// Loads bits, so that at least 56 are ready.
    #[inline]
    pub(super) fn refill(&mut self) {
        let word = match self.data.get(self.at..).and_then(<[u8]>::first_chunk) {
            Some(bytes) => u64::from_be_bytes(*bytes),
            None => last_word(self.data, self.at),
        };
        // Bits below `count` equal those that the word brings again.
        self.buffer |= word >> self.count;
        self.at += ((63 - self.count) >> 3) as usize;
        self.count |= 0b11_1000;
    }

    /// Returns the next bits from the highest, as many as [`refill`](Self::refill) made ready.
    #[inline]
    pub(super) fn ahead(&self) -> u64 {
        self.buffer
    }

    /// Returns the next `size` bits, 1 to 56, without skipping them.
    #[inline]
    pub(super) fn peek(&self, size: u32) -> usize {
        (self.buffer >> (64 - size)) as usize
    }

    /// Skips bits that are ready, fewer than 64.
    #[inline]
    pub(super) fn skip(&mut self, size: u32) {
        self.buffer <<= size;
        self.count -= size;
    }

    /// Reads up to 16 bits as an unsigned number.
    #[inline]
    pub(super) fn take(&mut self, size: u32) -> u32 {
        if self.count < 16 {
            self.refill();
        }
        let value = (self.buffer >> 1 >> (63 - size)) as u32;
        self.skip(size);
        value
    }

    /// Reads the up to 16 bits that follow a code as a signed number (T.81 F.2.2.1, EXTEND).
    #[inline]
    pub(super) fn take_signed(&mut self, size: u32) -> i32 {
        if self.count < 16 {
            self.refill();
        }
        let value = signed(self.buffer, size);
        self.skip(size);
        value
    }
}

/// Returns the value of the first `size` bits of `buffer`, 0 to 16 (T.81 table F.1). Values whose first bit
/// is 0 are negative.
#[inline]
pub(super) fn signed(buffer: u64, size: u32) -> i32 {
    let bits = (buffer >> 1 >> (63 - size)) as i32;
    let negative = !((buffer.cast_signed() >> 63) as i32);
    bits + (negative << size) - negative
}

/// Returns the word of a refill at `at` when fewer than eight bytes are left.
#[cold]
#[inline(never)]
fn last_word(data: &[u8], at: usize) -> u64 {
    let rest = data.get(at..).unwrap_or_default();
    let mut bytes = [0; 8];
    bytes[..rest.len()].copy_from_slice(rest);
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_start_at_the_highest_and_zeros_follow_the_data() {
        let data = [0b1010_0101, 0xFF, 0x0F, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        for start in 0..96 {
            let mut bits = Bits::new(&data, start);
            for at in start..140 {
                assert_eq!(bits.position(), at);
                assert_eq!(bits.is_overrun(), 96 < at);
                let expected = data.get(at / 8).map_or(0, |it| it >> (7 - at % 8) & 1);
                assert_eq!(bits.take(1), u32::from(expected), "bit {at} from {start}");
            }
        }
    }

    #[test]
    fn values_extend_as_in_t81() {
        let check = |size: u32, code: u64, expected| {
            let buffer = if size == 0 { u64::MAX } else { code << (64 - size) | u64::MAX >> size >> 1 };
            assert_eq!(signed(buffer, size), expected, "{size} {code}");
        };
        check(0, 0, 0);
        check(1, 0, -1);
        check(1, 1, 1);
        check(3, 0b000, -7);
        check(3, 0b011, -4);
        check(3, 0b100, 4);
        check(16, 0, -65_535);
        check(16, 65_535, 65_535);
    }
}
