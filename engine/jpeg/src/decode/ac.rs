//! AC coefficients of a block in a sequential scan (ITU-T T.81 F.2.2.2), several at a time.
//!
//! A Huffman decoder is limited by a chain of dependencies: the bits give the length of the first code, and
//! the length gives the bits of the next code. So each look-up covers as many codes as it can: two codes with
//! their values where coefficients are retained ([`Pair`]), and all codes within its bits where coefficients
//! are skipped ([`SkippedRun`]).

use super::bits::{Bits, signed};
use super::error::DecodeError;
use super::huffman::{Codes, TableSpec};
use super::retained::{RetainedCoefficients, Scratch};

/// Bits that index the table of [`Pair`]s. Two look-ups and the largest values after them use no more bits
/// than one refill loads.
const PAIR_BITS: u32 = 11;
/// Bits that index the table of [`SkippedRun`]s. Two look-ups use no more bits than one refill loads.
const RUN_BITS: u32 = 12;
/// Masks of the lowest bits, by their number.
const MASKS: [u16; 16] = {
    let mut masks = [0; 16];
    let mut size = 0;
    while size < 16 {
        masks[size] = (1 << size) - 1;
        size += 1;
    }
    masks
};
/// The advance of a code that ends a block: from any coefficient it leads past the last one.
const END: usize = 64;

/// The codes of a run of zeros and the coefficient after it (F.1.2.2).
#[derive(Clone, Debug)]
pub(super) struct AcCodes {
    codes: Codes,
    pairs: Box<[Pair; 1 << PAIR_BITS]>,
    runs: Box<[SkippedRun; 1 << RUN_BITS]>,
}

/// The codes at the start of the next bits: one, or two if the index contains the first code with its value.
/// The index must contain the first bit of the last value; the other bits of it are read from the data.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(8))]
struct Pair {
    /// Bits of all codes and values. 0 if the index does not contain the first code and the first bit of its
    /// value.
    length: u8,
    /// Bits of the value of the last code.
    size: u8,
    /// The advance of the first of two codes, or of the only one, in coefficients.
    advance: u8,
    /// The advance of the second code, 0 if there is only one.
    second_advance: u8,
    /// The value of the first of two codes.
    value: i16,
    /// The number to add to the bits of the last value: values whose first bit is 0 are negative.
    bias: i16,
}

/// All codes with their values at the start of the next bits that the index contains.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(4))]
struct SkippedRun {
    /// Bits of all codes and values. 0 if the first code is longer than the index.
    length: u8,
    /// The advance in coefficients, with [`END`] for the end of the block.
    advance: u8,
    /// The advance with 1 for the end of the block. If it leads past the last coefficient, the block ended
    /// before the last of the codes.
    reach: u8,
}

/// Returns the advance of a symbol in coefficients, and the size of its value in bits. Run 15 without a value
/// continues the block; any other run without a value ends it, as in libjpeg.
#[inline]
fn parts(symbol: u8) -> (usize, u32) {
    let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
    (if size == 0 && run != 15 { END } else { run + 1 }, size)
}

impl AcCodes {
    /// Builds the lookup tables.
    ///
    /// # Errors
    /// Those of [`Codes::new`].
    pub(super) fn new(spec: &TableSpec) -> Result<Self, DecodeError> {
        let codes = Codes::new(spec)?;
        let prefixes = codes.prefixes(RUN_BITS);
        let spare = RUN_BITS - PAIR_BITS;
        let prefix = |ahead: usize, max: u32| prefixes[ahead].filter(|(length, _)| *length <= max);
        let pair = |ahead| Pair::new(ahead, |ahead, max| prefix(ahead << spare & ((1 << RUN_BITS) - 1), max));
        Ok(Self {
            pairs: Box::new(std::array::from_fn(pair)),
            runs: Box::new(std::array::from_fn(|ahead| SkippedRun::new(ahead, prefix))),
            codes,
        })
    }

    /// Reads the AC coefficients of a block, and writes the `retained` ones to `out`, whose coefficients are
    /// zero before. Returns the last coefficient in zigzag order that may be nonzero.
    #[inline]
    pub(super) fn read(
        &self,
        bits: &mut Bits<'_>,
        retained: &RetainedCoefficients,
        out: &mut Scratch,
    ) -> usize {
        if retained.last == 0 {
            self.skip(bits, 0);
            return 0;
        }
        let mut at = 0;
        let last = 'block: loop {
            bits.refill();
            for _ in 0..2 {
                let pair = self.pairs[bits.peek(PAIR_BITS)];
                if pair.length == 0 {
                    let (after, symbol) = self.codes.read_long(*bits);
                    *bits = after;
                    let (advance, size) = parts(symbol);
                    let value = bits.take_signed(size);
                    let before = at;
                    at += advance;
                    out.set(retained, at, value as i16);
                    bits.refill();
                    if retained.last <= at {
                        break 'block if 64 <= at { before } else { at };
                    }
                    continue;
                }
                let start = *bits;
                bits.skip(pair.length.into());
                let first = at + usize::from(pair.advance);
                let second = first + usize::from(pair.second_advance);
                let value =
                    start.ahead().rotate_left(pair.length.into()) as u16 & MASKS[usize::from(pair.size & 15)];
                out.set(retained, first, pair.value);
                out.set(retained, second, value.cast_signed().wrapping_add(pair.bias));
                if retained.last <= second {
                    let before = std::mem::replace(&mut at, second);
                    if 63 <= first && first != second {
                        // The block ended with the first of the two.
                        *bits = self.skip_one(start, before).0;
                    }
                    break 'block if 64 <= first {
                        before
                    } else if 64 <= second {
                        first
                    } else {
                        second
                    };
                }
                at = second;
            }
        };
        if at < 63 {
            self.skip(bits, at);
            return retained.last;
        }
        last
    }

    /// Skips the coefficients after the one at `at`.
    #[inline]
    fn skip(&self, bits: &mut Bits<'_>, mut at: usize) {
        loop {
            bits.refill();
            for _ in 0..2 {
                let run = self.runs[bits.peek(RUN_BITS)];
                let next = at + usize::from(run.advance);
                if run.length == 0 || 63 < at + usize::from(run.reach) {
                    let (after, next) = self.skip_one(*bits, at);
                    *bits = after;
                    at = next;
                } else {
                    bits.skip(run.length.into());
                    at = next;
                }
                if 63 <= at {
                    return;
                }
            }
        }
    }

    /// Skips one code with its value, and returns the coefficient that it leads to. At least 40 bits are
    /// ready after it.
    #[cold]
    #[inline(never)]
    fn skip_one<'a>(&self, mut bits: Bits<'a>, at: usize) -> (Bits<'a>, usize) {
        let (advance, size) = parts(self.codes.read(&mut bits));
        bits.skip(size);
        bits.refill();
        (bits, at + advance)
    }
}

impl Pair {
    /// Builds the entry of index `ahead`. `prefix` returns the length and symbol of the code at the start of
    /// some bits, if it is not longer than a maximum.
    fn new(ahead: usize, prefix: impl Fn(usize, u32) -> Option<(u32, u8)>) -> Self {
        let Some((length, symbol)) = prefix(ahead, PAIR_BITS) else { return Self::default() };
        let of = |code_bits: u32, symbol: u8| {
            let (advance, size) = parts(symbol);
            // The first bit of the value, if the index contains it.
            let sign = (code_bits < PAIR_BITS).then(|| ahead >> (PAIR_BITS - 1 - code_bits) & 1);
            let bias = match sign {
                _ if size == 0 => 0,
                Some(0) => 1 - (1i32 << size),
                Some(_) => 0,
                None => return None,
            };
            Some((advance as u8, size, bias as i16))
        };
        let Some((advance, size, bias)) = of(length, symbol) else { return Self::default() };
        let first = length + size;
        let left = PAIR_BITS.saturating_sub(first);
        let second = prefix(ahead << first.min(PAIR_BITS), left).filter(|_| usize::from(advance) != END);
        let second = second.and_then(|(length, symbol)| Some((first + length, of(first + length, symbol)?)));
        if let Some((before, (second_advance, second_size, second_bias))) = second {
            let value = signed((ahead as u64) << (64 - PAIR_BITS) << length, size);
            let length = (before + second_size) as u8;
            let (value, size) = (value as i16, second_size as u8);
            return Self { length, size, advance, second_advance, value, bias: second_bias };
        }
        Self { length: first as u8, size: size as u8, advance, second_advance: 0, value: 0, bias }
    }
}

impl SkippedRun {
    /// Builds the entry of index `ahead`, as [`Pair::new`] does.
    fn new(ahead: usize, prefix: impl Fn(usize, u32) -> Option<(u32, u8)>) -> Self {
        let mut run = Self::default();
        let mut used = 0;
        while used < RUN_BITS {
            let rest = ahead << used & ((1 << RUN_BITS) - 1);
            let Some((length, symbol)) = prefix(rest, RUN_BITS - used) else { break };
            let (advance, size) = parts(symbol);
            used += length + size;
            let is_end = advance == END;
            run.length = used as u8;
            run.advance += advance as u8;
            run.reach += if is_end { 1 } else { advance as u8 };
            if is_end || 63 < run.reach {
                break;
            }
        }
        run
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::tables::standard_ac;
    use crate::zigzag::NATURAL_ORDER;

    /// Reads one code at a time, as in the text of F.2.2.2.
    fn one_by_one(codes: &Codes, bits: &mut Bits<'_>, n: usize) -> [i16; 64] {
        let mut block = [0; 64];
        let mut k = 1;
        while k < 64 {
            let symbol = codes.read(bits);
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            k += run;
            if size == 0 && run != 15 {
                break;
            }
            let value = bits.take_signed(size) as i16;
            if let Some(place) = NATURAL_ORDER.get(k).map(|it| usize::from(*it)) {
                block[place] = if place / 8 < n && place % 8 < n { value } else { 0 };
            }
            k += 1;
        }
        block
    }

    /// A table with codes of 1 to 16 bits, for symbols with runs and sizes of every kind.
    fn uneven() -> TableSpec {
        let symbols =
            [0x01, 0x11, 0xF0, 0x00, 0x2F, 0x3A, 0xF1, 0x90, 0x0B, 0x71, 0x05, 0x01, 0xEF, 0x02, 0x00];
        TableSpec::new([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1], &symbols)
    }

    #[test]
    fn tables_decode_as_one_code_at_a_time() {
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        for spec in [standard_ac(0), standard_ac(1), uneven()] {
            let (codes, ac) = (Codes::new(&spec).unwrap(), AcCodes::new(&spec).unwrap());
            for round in 0..4000 {
                // Short codes and long codes.
                let mask = [0xFF, 0x55, 0x24, 0x00][round % 4];
                let data: Vec<u8> =
                    (0..40).map(|at| random() & if at < round % 40 { mask } else { 0xFF }).collect();
                let n = round % 8 + 1;
                let (mut ours, mut theirs) = (Bits::new(&data, 0), Bits::new(&data, 0));
                for _ in 0..3 {
                    let mut scratch = Scratch::new();
                    let last = ac.read(&mut ours, &RetainedCoefficients::new(n), &mut scratch);
                    let expected = one_by_one(&codes, &mut theirs, n);
                    assert_eq!(*scratch.block(), expected, "{n} {data:?}");
                    assert_eq!(ours.position(), theirs.position(), "{n} {data:?}");
                    let end =
                        (0..64).rposition(|k| expected[usize::from(NATURAL_ORDER[k])] != 0).unwrap_or(0);
                    assert!(end <= last && last < 64, "{end} {last}");
                    ours.refill();
                }
            }
        }
    }
}
