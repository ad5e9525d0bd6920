//! Huffman codes (ITU-T T.81 annex C and F.2.2).

use super::bits::{Bits, signed};
use super::error::DecodeError;

/// Bits that index the lookup table of [`Codes`].
const SHORT_BITS: u32 = 9;

/// A table as in a DHT segment (B.2.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableSpec {
    /// The number of codes of each length, from 1.
    counts: [u8; 16],
    /// The symbols in the order of their codes.
    symbols: Vec<u8>,
}

impl TableSpec {
    /// Returns the table of `symbols`, of which `counts` has the number of each length.
    pub(super) fn new(counts: [u8; 16], symbols: &[u8]) -> Self {
        Self { counts, symbols: symbols.to_vec() }
    }

    /// Parses a table at the front of `body`, and removes it from there. Returns `None` if it is invalid.
    pub(super) fn take(body: &mut &[u8]) -> Option<Self> {
        let counts: [u8; 16] = body.split_off(..16)?.try_into().ok()?;
        let count: usize = counts.iter().map(|it| usize::from(*it)).sum();
        let symbols = body.split_off(..count).filter(|_| count <= 256)?;
        Some(Self { counts, symbols: symbols.to_vec() })
    }
}

/// The codes of a table, prepared for decoding.
#[derive(Clone, Debug)]
pub(super) struct Codes {
    /// For each value of the next [`SHORT_BITS`] bits, `length << 8 | symbol` of the code at their start, or
    /// 0 if it is longer.
    short: Box<[u16; 1 << SHORT_BITS]>,
    /// For each length, the lowest 16-bit value above all codes of at most that length.
    ends: [u32; 17],
    /// For each length, the difference between an index of `symbols` and the code of that length.
    offsets: [i32; 17],
    symbols: Box<[u8; 256]>,
}

impl Codes {
    /// Assigns codes to symbols (C.2).
    ///
    /// # Errors
    /// [`DecodeError::Damaged`] if a length has more codes than are possible.
    pub(super) fn new(spec: &TableSpec) -> Result<Self, DecodeError> {
        let mut codes =
            Self { short: Box::new([0; _]), ends: [0; 17], offsets: [0; 17], symbols: Box::new([0; 256]) };
        codes.symbols[..spec.symbols.len()].copy_from_slice(&spec.symbols);
        let (mut code, mut index) = (0u32, 0i32);
        for length in 1..=16u32 {
            codes.offsets[length as usize] = index - code.cast_signed();
            for _ in 0..spec.counts[length as usize - 1] {
                if code >> length != 0 {
                    return Err(DecodeError::Damaged("a Huffman table with too many codes"));
                }
                if let Some(spare) = SHORT_BITS.checked_sub(length) {
                    let entry = (length << 8) as u16 | u16::from(codes.symbols[index as usize & 255]);
                    codes.short[(code << spare) as usize..((code + 1) << spare) as usize].fill(entry);
                }
                code += 1;
                index += 1;
            }
            codes.ends[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(codes)
    }

    /// Assigns codes to the sizes of differences, of which the largest is `max` bits.
    ///
    /// # Errors
    /// [`DecodeError::Damaged`] for a larger difference, and as [`Codes::new`].
    pub(super) fn of_differences(spec: &TableSpec, max: u8) -> Result<Self, DecodeError> {
        if spec.symbols.iter().any(|it| max < *it) {
            return Err(DecodeError::Damaged("a Huffman table with differences of too many bits"));
        }
        Self::new(spec)
    }

    /// Reads a code and returns its symbol. Bits that are no code count as 17 bits with symbol 0, as in
    /// libjpeg.
    ///
    /// At least 39 bits are ready after it.
    #[inline]
    pub(super) fn read(&self, bits: &mut Bits<'_>) -> u8 {
        bits.refill();
        let entry = self.short[bits.peek(SHORT_BITS)];
        if entry == 0 {
            let (after, symbol) = self.read_long(*bits);
            *bits = after;
            return symbol;
        }
        bits.skip(u32::from(entry >> 8));
        entry as u8
    }

    /// Reads a code that is longer than the lookup table covers. Takes the bits by value so that those of the
    /// caller can stay in registers.
    #[cold]
    #[inline(never)]
    pub(super) fn read_long<'a>(&self, mut bits: Bits<'a>) -> (Bits<'a>, u8) {
        bits.refill();
        let (length, symbol) = self.code(bits.peek(16) as u32);
        bits.is_damaged |= length == 17;
        bits.skip(length);
        (bits, symbol)
    }

    /// Returns, for each value of `size` bits, the length and symbol of the code at their start, or `None` if
    /// the code is longer.
    pub(super) fn prefixes(&self, size: u32) -> Vec<Option<(u32, u8)>> {
        let mut prefixes = vec![None; 1 << size];
        let mut at = 0;
        while at < prefixes.len() {
            let (length, symbol) = self.code((at << (16 - size)) as u32);
            // Values that start with the same code are consecutive. Each value of a longer code, or of none,
            // is alone.
            let same = 1usize << size.saturating_sub(length);
            if length <= size {
                prefixes[at..at + same].fill(Some((length, symbol)));
            }
            at += same;
        }
        prefixes
    }

    /// Returns the length and symbol of the code at the start of 16 bits; 17 and 0 if they are no code.
    fn code(&self, ahead: u32) -> (u32, u8) {
        for length in 1..=16 {
            if ahead < self.ends[length] {
                let index = (ahead >> (16 - length)).cast_signed() + self.offsets[length];
                return (length as u32, self.symbols[index as u8 as usize]);
            }
        }
        (17, 0)
    }
}

/// The codes of DC differences (F.1.2.1).
#[derive(Clone, Debug)]
pub(super) struct DcCodes(pub(super) Codes);

impl DcCodes {
    /// Assigns codes to the sizes of differences.
    ///
    /// # Errors
    /// [`DecodeError::Damaged`] for a difference of more than 15 bits, and as [`Codes::new`].
    pub(super) fn new(spec: &TableSpec) -> Result<Self, DecodeError> {
        Codes::of_differences(spec, 15).map(Self)
    }

    /// Reads a difference. At least 25 bits are ready after it.
    #[inline]
    pub(super) fn read(&self, bits: &mut Bits<'_>) -> i32 {
        let size = u32::from(self.0.read(bits));
        let difference = signed(bits.ahead(), size);
        bits.skip(size);
        difference
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::tables::standard_ac;

    /// The codes of C.2 with their lengths and symbols, built independently of [`Codes`].
    fn code_words(spec: &TableSpec) -> Vec<(u32, u32, u8)> {
        let (mut words, mut code, mut symbols) = (Vec::new(), 0, spec.symbols.iter());
        for (length, count) in (1..).zip(spec.counts) {
            for _ in 0..count {
                words.push((code, length, *symbols.next().unwrap()));
                code += 1;
            }
            code <<= 1;
        }
        words
    }

    #[test]
    fn every_code_decodes_to_its_symbol() {
        let spec = standard_ac(0);
        let codes = Codes::new(&spec).unwrap();
        for (code, length, symbol) in code_words(&spec) {
            let data = (code << (32 - length)).to_be_bytes();
            let mut bits = Bits::new(&data, 0);
            assert_eq!(codes.read(&mut bits), symbol);
            assert_eq!((bits.position(), bits.is_damaged), (length as usize, false));
        }
        let mut bits = Bits::new(&[0xFF; 8], 0);
        assert_eq!(codes.read(&mut bits), 0);
        assert_eq!((bits.position(), bits.is_damaged), (17, true));
    }

    #[test]
    fn codes_must_fit_their_lengths() {
        let check = |lengths: &[(usize, u8)], is_right: bool| {
            let mut counts = [0; 16];
            for (length, count) in lengths {
                counts[length - 1] = *count;
            }
            let spec = TableSpec::new(counts, &vec![1; counts.iter().map(|it| usize::from(*it)).sum()]);
            assert_eq!(Codes::new(&spec).is_ok(), is_right, "{lengths:?}");
        };
        check(&[], true);
        check(&[(1, 2)], true);
        check(&[(1, 3)], false);
        check(&[(1, 2), (16, 1)], false);
        check(&[(1, 1), (2, 1), (16, 4)], true);
        check(&[(7, 127), (8, 2)], true);
        check(&[(7, 127), (8, 3)], false);
    }

    #[test]
    fn a_table_must_be_complete() {
        let check = |mut body: &[u8], expected: Option<usize>| {
            assert_eq!(TableSpec::take(&mut body).map(|it| it.symbols.len()), expected);
        };
        check(&[0; 15], None);
        check(&[0; 16], Some(0));
        check(&[[2; 16], [0; 16]].concat(), None);
        check(&[[2; 16], [0; 16], [0; 16]].concat(), Some(32));
        check(&[&[16; 16][..], &[0; 256]].concat(), Some(256));
        check(&[&[17; 16][..], &[0; 272]].concat(), None);
    }

    #[test]
    fn differences_have_at_most_15_bits() {
        let mut counts = [0; 16];
        counts[0] = 1;
        assert!(DcCodes::new(&TableSpec::new(counts, &[15])).is_ok());
        assert!(DcCodes::new(&TableSpec::new(counts, &[16])).is_err());
    }
}
