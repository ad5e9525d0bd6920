//! AC coefficients of a block in a sequential scan (ITU-T T.81 F.2.2.2), several at a time.
//!
//! What bounds a Huffman decoder is the chain from the bits to the length of the code they begin with to the
//! bits behind it. So a look-up goes as far as it can: where the coefficient counts it gives two codes with
//! their values ([`Pair`]), and where coefficients are passed over, as many as there are ([`Run`]).

use super::bits::{Bits, signed};
use super::error::DecodeError;
use super::huffman::{Codes, Listed};
use super::kept::{Kept, Scratch};

/// Bits that are looked up for a [`Pair`]. With the largest value behind them, two look-ups take no more than
/// one refill brings.
const PAIR_BITS: u32 = 11;
/// Bits that are looked up for a [`Run`]; the same holds.
const RUN_BITS: u32 = 12;
/// The lowest bits of a number, as many as the index says.
const MASKS: [u16; 16] = {
    let mut masks = [0; 16];
    let mut size = 0;
    while size < 16 {
        masks[size] = (1 << size) - 1;
        size += 1;
    }
    masks
};
/// What the end of a block counts as: from anywhere it leads behind the last coefficient.
const END: usize = 64;

/// Codes of runs of zeros and the coefficient behind (F.1.2.2).
#[derive(Clone, Debug)]
pub(super) struct AcCodes {
    codes: Codes,
    pairs: Box<[Pair; 1 << PAIR_BITS]>,
    runs: Box<[Run; 1 << RUN_BITS]>,
}

/// What the next bits begin with: one code, or two if the first and its value lie within the bits looked at.
/// Of the value of the last, only the first bit must lie there; the others are read from the bits themselves.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(8))]
struct Pair {
    /// Of all codes and values, in bits. 0 says that what was looked at holds no code and the first bit of its
    /// value.
    length: u8,
    /// Bits of the value of the last code.
    size: u8,
    /// How many coefficients further the first of two is, or the only one.
    advance: u8,
    /// How many further the second is, 0 if there is one.
    second_advance: u8,
    /// Of the first of two.
    value: i16,
    /// What the bits of the last value are to be added to: values that begin with a 0 are negative.
    bias: i16,
}

/// What the next bits begin with, as long as codes lie within the bits looked at.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(4))]
struct Run {
    /// Of all codes and values, in bits. 0 says that the first code is longer than what was looked at.
    length: u8,
    /// How many coefficients further, with [`END`] for the end of the block.
    advance: u8,
    /// The same with 1 for the end of the block. Where that leads behind the last coefficient, the block
    /// ended before the last of the codes.
    reach: u8,
}

/// How many coefficients further a symbol leads, and the size of its value. Only run 15 without a value goes
/// on; any other run without one ends the block, as in libjpeg.
#[inline]
fn parts(symbol: u8) -> (usize, u32) {
    let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
    (if size == 0 && run != 15 { END } else { run + 1 }, size)
}

impl AcCodes {
    /// # Errors
    /// Those of [`Codes::new`].
    pub(super) fn new(listed: &Listed) -> Result<Self, DecodeError> {
        let codes = Codes::new(listed)?;
        let prefixes = codes.prefixes(RUN_BITS);
        let spare = RUN_BITS - PAIR_BITS;
        let prefix = |ahead: usize, most: u32| prefixes[ahead].filter(|(length, _)| *length <= most);
        let pair =
            |ahead| Pair::new(ahead, |ahead, most| prefix(ahead << spare & ((1 << RUN_BITS) - 1), most));
        Ok(Self {
            pairs: Box::new(std::array::from_fn(pair)),
            runs: Box::new(std::array::from_fn(|ahead| Run::new(ahead, prefix))),
            codes,
        })
    }

    /// Reads the AC coefficients of a block, and writes those of `kept` to `out`, whose others are zero and
    /// stay so. Gives the last in zigzag order that may be other than zero.
    #[inline]
    pub(super) fn read(&self, bits: &mut Bits<'_>, kept: &Kept, out: &mut Scratch) -> usize {
        if kept.last == 0 {
            self.skip(bits, 0);
            return 0;
        }
        let mut at = 0;
        let last = 'block: loop {
            bits.refill();
            for _ in 0..2 {
                let pair = self.pairs[bits.peek(PAIR_BITS)];
                if pair.length == 0 {
                    let (behind, symbol) = self.codes.read_long(*bits);
                    *bits = behind;
                    let (advance, size) = parts(symbol);
                    let value = bits.take_signed(size);
                    let before = at;
                    at += advance;
                    out.set(kept, at, value as i16);
                    bits.refill();
                    if kept.last <= at {
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
                out.set(kept, first, pair.value);
                out.set(kept, second, value.cast_signed().wrapping_add(pair.bias));
                if kept.last <= second {
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
            return kept.last;
        }
        last
    }

    /// Passes over the coefficients behind the one at `at`.
    #[inline]
    fn skip(&self, bits: &mut Bits<'_>, mut at: usize) {
        loop {
            bits.refill();
            for _ in 0..2 {
                let run = self.runs[bits.peek(RUN_BITS)];
                let next = at + usize::from(run.advance);
                if run.length == 0 || 63 < at + usize::from(run.reach) {
                    let (behind, next) = self.skip_one(*bits, at);
                    *bits = behind;
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

    /// Passes over one code, and says where it leads. At least 40 bits are ready behind it.
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
    /// What `ahead` begins with; `prefix` gives the length and symbol of the code that bits begin with, if it
    /// is not longer than a number of them.
    fn new(ahead: usize, prefix: impl Fn(usize, u32) -> Option<(u32, u8)>) -> Self {
        let Some((length, symbol)) = prefix(ahead, PAIR_BITS) else { return Self::default() };
        let of = |code_bits: u32, symbol: u8| {
            let (advance, size) = parts(symbol);
            // The first bit of the value, where it is looked at.
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

impl Run {
    /// See [`Pair::new`].
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

    /// One code at a time, as the text of F.2.2.2 has it.
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

    /// Codes of 1 to 16 bits for symbols with runs and sizes of every kind.
    fn uneven() -> Listed {
        let symbols =
            [0x01, 0x11, 0xF0, 0x00, 0x2F, 0x3A, 0xF1, 0x90, 0x0B, 0x71, 0x05, 0x01, 0xEF, 0x02, 0x00];
        Listed::new([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1], &symbols)
    }

    #[test]
    fn several_at_a_time_are_one_after_the_other() {
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        for listed in [standard_ac(0), standard_ac(1), uneven()] {
            let (codes, ac) = (Codes::new(&listed).unwrap(), AcCodes::new(&listed).unwrap());
            for round in 0..4000 {
                // Codes of few bits and of many.
                let mask = [0xFF, 0x55, 0x24, 0x00][round % 4];
                let data: Vec<u8> =
                    (0..40).map(|at| random() & if at < round % 40 { mask } else { 0xFF }).collect();
                let n = round % 8 + 1;
                let (mut ours, mut theirs) = (Bits::new(&data, 0), Bits::new(&data, 0));
                for _ in 0..3 {
                    let mut scratch = Scratch::new();
                    let last = ac.read(&mut ours, &Kept::new(n), &mut scratch);
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
