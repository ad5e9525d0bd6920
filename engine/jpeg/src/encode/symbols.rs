//! The symbols of a scan, buffered until they are counted and their Huffman codes are known.

use super::{EncodeError, Options, bits::BitWriter, component::Block, huffman::HuffmanCode, segments};
use crate::markers::{DHT, SOS};

/// The number of slots: one for each symbol of each table, and [`RAW`] + n for n bits without a symbol.
const SLOTS: usize = 1024;
const RAW: u32 = 544;
const _: () = assert!(RAW + 16 < SLOTS as u32);

/// The bits of a token that contain a slot. The bits that follow the symbol are above them.
const SLOT_BITS: u32 = 16;

/// A Huffman table of a scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// The slot of its first symbol.
    slot: u32,
    symbols: u32,
    /// The class and destination (T.81 B.2.4.2).
    id: u8,
}

impl Table {
    /// The tables of DC differences: 0 for luma, 1 for chroma.
    pub(super) const DC: [Self; 2] =
        [Self { slot: 512, symbols: 16, id: 0x00 }, Self { slot: 528, symbols: 16, id: 0x01 }];
    /// The tables of AC coefficients: 0 for luma, 1 for chroma.
    pub(super) const AC: [Self; 2] =
        [Self { slot: 0, symbols: 256, id: 0x10 }, Self { slot: 256, symbols: 256, id: 0x11 }];

    /// Returns the number of bits that follow `symbol` (T.81 F.1.2 and G.1.2): its lower half, or its upper
    /// half where a run of bands ends (G.1.2.2).
    const fn extra_bits(symbol: u8) -> u32 {
        match (symbol >> 4, symbol & 15) {
            (15, 0) => 0,
            (run, 0) => run as u32,
            (_, size) => size as u32,
        }
    }
}

/// The symbol of sixteen zeros.
pub(super) const SIXTEEN_ZEROS: u8 = 0xF0;

/// The number of tokens that are allocated at a time. Their total is unknown in advance, and a list of chunks
/// grows without copies.
const CHUNK: usize = 1 << 14;

/// A list of symbols with the bits that follow them, and a count of each symbol.
pub(super) struct Symbols {
    /// Full chunks of tokens: a slot in the lowest [`SLOT_BITS`], and above it the bits that follow the
    /// symbol.
    full: Vec<Vec<u32>>,
    /// The last chunk: [`CHUNK`] tokens, of which `len` are in use and at least 64 are free.
    last: Vec<u32>,
    len: usize,
    counts: [u64; SLOTS],
}

impl Symbols {
    /// Returns an empty list.
    pub(super) fn new() -> Self {
        Self { full: Vec::new(), last: vec![0; CHUNK], len: 0, counts: [0; SLOTS] }
    }

    /// Removes all symbols.
    pub(super) fn clear(&mut self) {
        self.full.clear();
        (self.len, self.counts) = (0, [0; SLOTS]);
    }

    /// Appends `symbol` and the bits of `value` that follow it; the others must be zero.
    #[inline]
    pub(super) fn push(&mut self, table: Table, symbol: u8, value: u32) {
        self.push_token(table.slot + u32::from(symbol), value);
    }

    /// Appends the lowest `count` bits of `value`, at most 16; the others must be zero.
    pub(super) fn push_bits(&mut self, value: u32, count: u32) {
        self.push_token(RAW + count, value);
    }

    #[inline]
    fn push_token(&mut self, slot: u32, value: u32) {
        self.last[self.len] = value << SLOT_BITS | slot;
        self.counts[slot as usize % SLOTS] += 1;
        self.fill(1);
    }

    /// Appends a DC coefficient as its `difference` from the previous one (T.81 F.1.2.1), with a table of
    /// [`Table::DC`].
    #[inline]
    pub(super) fn push_dc(&mut self, table: usize, difference: i32) {
        let (size, bits) = size_and_bits(difference);
        self.push(Table::DC[table], size as u8, bits);
    }

    /// Appends a whole block (T.81 F.1.2) with the tables 0 for luma or 1 for chroma. `difference` is that of
    /// its DC coefficient, and bit k of `mask` is set if `block[k]` is nonzero.
    #[inline]
    pub(super) fn push_block(&mut self, table: usize, difference: i32, block: &Block, mask: u64) {
        let (dc, ac) = (Table::DC[table].slot, Table::AC[table].slot);
        let counts = &mut self.counts;
        // No block has more symbols than coefficients.
        let room: &mut [u32; 64] =
            self.last[self.len..].first_chunk_mut().expect("at least 64 tokens are free");
        let mut filled = 0;
        let mut push = |slot: u32, value: u32| {
            room[filled % 64] = value << SLOT_BITS | slot;
            counts[slot as usize % SLOTS] += 1;
            filled += 1;
        };
        let (size, bits) = size_and_bits(difference);
        push(dc + size, bits);
        let mut rest = mask & !1;
        let mut next = 1;
        while rest != 0 {
            let at = rest.trailing_zeros();
            rest &= rest - 1;
            let mut zeros = at - next;
            next = at + 1;
            while 16 <= zeros {
                push(ac + u32::from(SIXTEEN_ZEROS), 0);
                zeros -= 16;
            }
            let (size, bits) = size_and_bits(block[at as usize % 64].into());
            push(ac + (zeros << 4 | size), bits);
        }
        if next != 64 {
            push(ac, 0);
        }
        self.fill(filled);
    }

    /// Marks the next `count` tokens as in use, and ensures that 64 are free after them.
    #[inline]
    fn fill(&mut self, count: usize) {
        self.len += count;
        if CHUNK < self.len + 64 {
            let mut full = std::mem::replace(&mut self.last, vec![0; CHUNK]);
            full.truncate(self.len);
            self.full.push(full);
            self.len = 0;
        }
    }

    /// Appends the scan to `file` (T.81 B.2.3 and B.2.4.2): the tables that it uses, its `header`, and its
    /// symbols.
    ///
    /// # Errors
    /// [`EncodeError::Interrupted`].
    pub(super) fn put_scan(
        &self,
        file: &mut Vec<u8>,
        header: &[u8],
        options: &Options,
    ) -> Result<(), EncodeError> {
        // For each slot, the code with zeros for the bits that follow, and the length of both together.
        let mut codes = [(0_u64, 0_u32); SLOTS];
        for count in 0..=16 {
            codes[(RAW + count) as usize].1 = count;
        }
        let mut tables = Vec::new();
        for table in Table::DC.into_iter().chain(Table::AC) {
            let slots = table.slot as usize..(table.slot + table.symbols) as usize;
            let Some(huffman) = HuffmanCode::shortest(&self.counts[slots.clone()]) else { continue };
            tables.push(table.id);
            huffman.put(&mut tables);
            for (symbol, code, bits) in huffman.codes() {
                let extra = Table::extra_bits(symbol);
                codes[slots.start + usize::from(symbol)] = (code << extra, bits + extra);
            }
        }
        if !tables.is_empty() {
            segments::put(file, DHT, &tables);
        }
        segments::put(file, SOS, header);
        let bits: u64 = self.counts.iter().zip(&codes).map(|(count, code)| count * u64::from(code.1)).sum();
        // Few bytes of a scan are 0xFF, which need a stuffed byte.
        file.reserve((bits / 8 + bits / 1024) as usize + 16);
        let mut writer = BitWriter::new(file);
        for tokens in self.full.iter().map(Vec::as_slice).chain([&self.last[..self.len]]) {
            options.check()?;
            for token in tokens {
                let (code, count) = codes[(token % (1 << SLOT_BITS)) as usize % SLOTS];
                writer.put(code | u64::from(token >> SLOT_BITS), count);
            }
        }
        writer.finish();
        Ok(())
    }
}

/// Returns the number of bits of a coefficient, and the bits: negative ones are in ones' complement (T.81
/// Table F.1 and F.1.2.1).
#[inline]
pub(super) fn size_and_bits(value: i32) -> (u32, u32) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    (size, (value + (value >> 31)) as u32 & ((1 << size) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_have_sizes() {
        let check = |value, expected| assert_eq!(size_and_bits(value), expected, "{value}");
        check(0, (0, 0));
        check(1, (1, 1));
        check(-1, (1, 0));
        check(5, (3, 0b101));
        check(-5, (3, 0b010));
        check(-2047, (11, 0));
    }

    #[test]
    fn a_block_has_the_symbols_of_t81() {
        let check = |values: &[(usize, i16)], difference: i32, expected: &[(u32, u32)]| {
            let mut block = [0; 64];
            let mut mask = 0;
            for &(at, value) in values {
                block[at] = value;
                mask |= 1 << at;
            }
            let mut symbols = Symbols::new();
            symbols.push_block(0, difference, &block, mask);
            let tokens: Vec<_> =
                symbols.last[..symbols.len].iter().map(|token| (token & 0xFFFF, token >> 16)).collect();
            assert_eq!(tokens, expected);
            for (slot, _) in expected {
                let count = expected.iter().filter(|other| other.0 == *slot).count() as u64;
                assert_eq!(symbols.counts[*slot as usize], count);
            }
        };
        check(&[], 0, &[(512, 0), (0, 0)]);
        check(&[(0, 9)], -3, &[(514, 0), (0, 0)]);
        check(&[(1, 2), (3, -1)], 1, &[(513, 1), (0x02, 2), (0x11, 0), (0, 0)]);
        check(&[(34, 7), (63, 1)], 0, &[(512, 0), (0xF0, 0), (0xF0, 0), (0x13, 7), (0xF0, 0), (0xC1, 1)]);
    }
}
