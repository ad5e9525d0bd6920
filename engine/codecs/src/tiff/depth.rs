//! Numbers of any depth and format, as levels of up to 16 bits.

use super::error::{damaged, unsupported};
use crate::error::CodecError;
use safelight_containers::TiffFields;
use safelight_core::SampleEncoding;

mod tag {
    pub(super) const BITS_PER_SAMPLE: u16 = 258;
    pub(super) const SAMPLE_FORMAT: u16 = 339;
    pub(super) const MIN_SAMPLE_VALUE: u16 = 340;
    pub(super) const MAX_SAMPLE_VALUE: u16 = 341;
}

/// The maximum number of samples in a pixel: separations and extra samples beyond these are not for display.
pub(super) const MAX_SAMPLES: u16 = 16;

/// The order of what a sample consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// Whether the lowest byte is first.
    pub(super) is_little_endian: bool,
    /// Whether the lowest bit of a byte is first (`FillOrder` 2, section 8).
    pub(super) is_reversed: bool,
}

/// The numbers of an image, all of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Depth {
    /// Bits of a sample, 1 to 64.
    pub(super) bits: u8,
    kind: Kind,
}

/// The kind of a number (TIFF 6.0, section 19).
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Not negative.
    Unsigned,
    /// Two's complement: the lowest number is black.
    Signed,
    /// Levels by a range of their own: the lowest number is black, the highest one white, others are clamped.
    Range(Numbers, f64, f64),
}

/// Numbers with a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbers {
    Unsigned,
    Signed,
    /// IEEE 754, or its form of 24 bits (Adobe Photoshop TIFF Technical Note 3).
    Float,
}

impl Depth {
    /// Reads the fields of an image.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] and [`CodecError::Unsupported`].
    pub(super) fn read(fields: &TiffFields) -> Result<Self, CodecError> {
        let same = |tag: u16, default: u64| {
            let Some(field) = fields.get(tag) else { return Some(default) };
            let first = field.get(0).unwrap_or(default);
            let mut others = (1..field.len().min(MAX_SAMPLES.into())).map(|index| field.get(index));
            others.all(|other| other == Some(first)).then_some(first)
        };
        let bits = same(tag::BITS_PER_SAMPLE, 1).ok_or_else(|| unsupported("samples of several depths"))?;
        let format = same(tag::SAMPLE_FORMAT, 1).ok_or_else(|| unsupported("samples of several formats"))?;
        let Ok(bits @ 1..=64) = u8::try_from(bits) else {
            return Err(unsupported("samples of more than 64 bits, or none"));
        };
        let numbers = match (format, bits) {
            (3, 16 | 24 | 32 | 64) => Numbers::Float,
            (3, _) => return Err(damaged("floating-point samples of other than 16, 24, 32 or 64 bits")),
            (2, _) => Numbers::Signed,
            // 4 is "undefined", which readers take for unsigned.
            (1 | 4, _) => Numbers::Unsigned,
            _ => return Err(unsupported("complex samples")),
        };
        let kind = match (numbers, bits) {
            (Numbers::Unsigned, ..=16) => Kind::Unsigned,
            (Numbers::Signed, ..=16) => Kind::Signed,
            _ => {
                let (min, max) = stated_range(fields).unwrap_or_else(|| numbers.range(bits));
                Kind::Range(numbers, min, max)
            }
        };
        Ok(Self { bits, kind })
    }

    /// Whether a sample is a byte, unsigned.
    pub(super) fn is_u8(self) -> bool {
        self.bits == 8 && self.kind == Kind::Unsigned
    }

    /// Whether a stored number is its level, and can be an index.
    pub(super) fn is_unsigned(self) -> bool {
        self.kind == Kind::Unsigned
    }

    /// The same numbers without signs.
    pub(super) fn unsigned(self) -> Self {
        let kind = if self.kind == Kind::Signed { Kind::Unsigned } else { self.kind };
        Self { kind, ..self }
    }

    /// Whether a sample is a number of whole bytes whose differences are taken byte by byte.
    pub(super) const fn has_bytes(self) -> bool {
        matches!(self.kind, Kind::Range(Numbers::Float, ..))
    }

    /// Whether a stored number has more than 16 bits.
    pub(super) const fn is_long(self) -> bool {
        16 < self.bits
    }

    /// The highest level that [`Depth::level`] returns; the lowest is 0.
    pub(super) fn max(self) -> u16 {
        if matches!(self.kind, Kind::Range(..)) { u16::MAX } else { u16::MAX >> (16 - self.bits) }
    }

    /// The encoding of stored numbers, if levels are their differences from the lowest one.
    pub(super) fn encoding(self) -> Option<SampleEncoding> {
        let is_levels = !matches!(self.kind, Kind::Range(..));
        is_levels.then_some(SampleEncoding { bits: self.bits, is_signed: self.kind == Kind::Signed })
    }

    /// The level of the stored `number`.
    pub(super) fn level(self, number: u64) -> u16 {
        match self.kind {
            Kind::Unsigned => number as u16,
            Kind::Signed => number as u16 ^ 1 << (self.bits - 1),
            Kind::Range(numbers, min, max) => {
                let share = (numbers.read(number, self.bits) - min) / (max - min);
                // A number that is none is black.
                (share.clamp(0.0, 1.0) * f64::from(u16::MAX)).round() as u16
            }
        }
    }

    /// Reads the stored numbers of a row, which starts at a whole byte. Numbers of 16, 32 and 64 bits, and floating-point
    /// ones, have the byte order of the file, others the highest bit first.
    pub(super) fn unpack<T: Word>(self, packed: &[u8], order: Order, row: &mut [T]) {
        let bytes = usize::from(self.bits / 8);
        let numbers = row.iter_mut();
        match self.bits {
            8 => numbers.zip(packed).for_each(|(number, byte)| *number = T::narrow((*byte).into())),
            16 => {
                let read = if order.is_little_endian { u16::from_le_bytes } else { u16::from_be_bytes };
                let values = packed.as_chunks().0;
                numbers.zip(values).for_each(|(number, bytes)| *number = T::narrow(read(*bytes).into()));
            }
            24 | 32 | 64 if self.bits != 24 || self.has_bytes() => {
                let push = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
                for (number, bytes) in numbers.zip(packed.chunks_exact(bytes)) {
                    *number = T::narrow(if order.is_little_endian {
                        bytes.iter().rev().fold(0, push)
                    } else {
                        bytes.iter().fold(0, push)
                    });
                }
            }
            _ => {
                let (mut held, mut count) = (0_u128, 0);
                let mut bytes = packed.iter();
                for number in numbers {
                    while count < self.bits {
                        held = held << 8 | bytes.next().copied().map_or(0, u128::from);
                        count += 8;
                    }
                    count -= self.bits;
                    *number = T::narrow((held >> count) as u64 & self.mask());
                }
            }
        }
    }

    /// Adds to each number the same sample of the pixel to the left (TIFF 6.0, section 14).
    pub(super) fn add_left<T: Word>(self, row: &mut [T], step: usize) {
        for at in step..row.len() {
            row[at] = T::narrow(row[at].into().wrapping_add(row[at - step].into()) & self.mask());
        }
    }

    const fn mask(self) -> u64 {
        u64::MAX >> (64 - self.bits)
    }
}

impl Numbers {
    /// The numbers that are black and white where the file does not state them.
    fn range(self, bits: u8) -> (f64, f64) {
        let half = 2_f64.powi(i32::from(bits) - 1);
        match self {
            Self::Unsigned => (0.0, 2.0 * half - 1.0),
            Self::Signed => (-half, half - 1.0),
            Self::Float => (0.0, 1.0),
        }
    }

    fn read(self, number: u64, bits: u8) -> f64 {
        match (self, bits) {
            (Self::Unsigned, _) => number as f64,
            (Self::Signed, _) => ((number << (64 - bits)).cast_signed() >> (64 - bits)) as f64,
            (Self::Float, 16) => small_float(number, 5, 10),
            (Self::Float, 24) => small_float(number, 7, 16),
            (Self::Float, 32) => f32::from_bits(number as u32).into(),
            (Self::Float, _) => f64::from_bits(number),
        }
    }
}

/// A number of 1 sign bit, `exponent_bits` and `fraction_bits`, in the manner of IEEE 754.
fn small_float(number: u64, exponent_bits: u32, fraction_bits: u32) -> f64 {
    let fraction = number & ((1 << fraction_bits) - 1);
    let max = (1 << exponent_bits) - 1;
    let exponent = number >> fraction_bits & max;
    // The same number with the exponent and the fraction of 64 bits: 11 and 52.
    let bias = (max >> 1) as i32;
    let value = if exponent == 0 {
        fraction as f64 * 2_f64.powi(1 - bias - fraction_bits.cast_signed())
    } else {
        let exponent = if exponent == max { 0x7FF } else { exponent + 1023 - bias as u64 };
        f64::from_bits(exponent << 52 | fraction << (52 - fraction_bits))
    };
    let is_negative = number >> (exponent_bits + fraction_bits) & 1 == 1;
    if is_negative { -value } else { value }
}

/// The least and the greatest number of all samples that the file states (section 19).
fn stated_range(fields: &TiffFields) -> Option<(f64, f64)> {
    let numbers = |tag| fields.numbers(tag, MAX_SAMPLES.into());
    let min = numbers(tag::MIN_SAMPLE_VALUE)?.into_iter().fold(f64::INFINITY, f64::min);
    let max = numbers(tag::MAX_SAMPLE_VALUE)?.into_iter().fold(f64::NEG_INFINITY, f64::max);
    (min < max && (max - min).is_finite()).then_some((min, max))
}

/// An integer that holds stored numbers.
pub(super) trait Word: Copy + Into<u64> {
    /// The number, whose further bits are 0.
    fn narrow(number: u64) -> Self;
}

impl Word for u16 {
    fn narrow(number: u64) -> Self {
        number as Self
    }
}

impl Word for u64 {
    fn narrow(number: u64) -> Self {
        number
    }
}

/// Reverses the differences of the bytes of a row of floating-point samples, `step` in a pixel, and puts the bytes of
/// each sample together, highest first (Adobe Photoshop TIFF Technical Note 3). `row` and `joined` have the same length.
pub(super) fn join_bytes(row: &mut [u8], step: usize, bits: u8, joined: &mut [u8]) {
    for at in step..row.len() {
        row[at] = row[at].wrapping_add(row[at - step]);
    }
    let bytes = usize::from(bits / 8);
    let count = row.len() / bytes;
    for (sample, joined) in joined.chunks_exact_mut(bytes).enumerate() {
        for (place, byte) in joined.iter_mut().enumerate() {
            *byte = row[place * count + sample];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BIG: Order = Order { is_little_endian: false, is_reversed: false };
    const LITTLE: Order = Order { is_little_endian: true, ..BIG };

    #[test]
    fn numbers_of_any_depth_are_unpacked() {
        let check = |bits, order, packed: &[u8], expected: &[u64]| {
            let mut row = vec![0_u64; expected.len()];
            Depth { bits, kind: Kind::Unsigned }.unpack(packed, order, &mut row);
            assert_eq!(row, expected, "{bits} bits");
        };
        check(1, LITTLE, &[0b1010_0000, 0b1000_0000], &[1, 0, 1, 0, 0, 0, 0, 0, 1]);
        check(2, LITTLE, &[0b1101_1000], &[3, 1, 2, 0]);
        check(4, BIG, &[0x1F, 0xA0], &[1, 15, 10]);
        check(8, BIG, &[1, 255], &[1, 255]);
        check(12, LITTLE, &[0x12, 0x3A, 0xBC], &[0x123, 0xABC]);
        check(16, LITTLE, &[1, 2], &[0x0201]);
        check(16, BIG, &[1, 2], &[0x0102]);
        check(20, LITTLE, &[0x12, 0x34, 0x56, 0x78, 0x9A], &[0x12345, 0x6789A]);
        check(24, LITTLE, &[1, 2, 3], &[0x01_02_03]);
        check(32, LITTLE, &[1, 2, 3, 4], &[0x04_03_02_01]);
        check(24, BIG, &[1, 2, 3], &[0x01_02_03]);
        check(63, BIG, &[0xFF; 8], &[u64::MAX >> 1]);
        check(64, LITTLE, &[1, 0, 0, 0, 0, 0, 0, 0x80], &[1 << 63 | 1]);
    }

    #[test]
    fn stored_numbers_become_levels() {
        let check = |bits, kind, number: u64, expected: u16| {
            let level = Depth { bits, kind }.level(number);
            assert_eq!(level, expected, "{number:#x} of {bits} bits, {kind:?}");
        };
        let range = |numbers: Numbers, bits| {
            let (min, max) = numbers.range(bits);
            Kind::Range(numbers, min, max)
        };
        check(12, Kind::Unsigned, 0xABC, 0xABC);
        check(8, Kind::Signed, 0x80, 0);
        check(8, Kind::Signed, 0xFF, 127);
        check(16, Kind::Signed, 0x7FFF, u16::MAX);
        check(32, range(Numbers::Unsigned, 32), 0x8000_8000, 0x8000);
        check(64, range(Numbers::Unsigned, 64), u64::MAX, u16::MAX);
        check(32, range(Numbers::Signed, 32), 0x8000_0000, 0);
        check(32, range(Numbers::Signed, 32), 0x7FFF_FFFF, u16::MAX);
        check(24, range(Numbers::Signed, 24), 0xFF_FFFF, 0x7FFF);
        for (bits, [half, two, minus_one, nothing, least]) in [
            (16, [0x3800, 0x4000, 0xBC00, 0x7C01, 1]),
            (24, [0x3E_0000, 0x40_0000, 0xBF_0000, 0x7F_0001, 1]),
            (32, [0.5_f32, 2.0, -1.0, f32::NAN, 1e-40].map(|value| value.to_bits().into())),
            (64, [0.5_f64, 2.0, -1.0, f64::NAN, 1e-310].map(f64::to_bits)),
        ] {
            let kind = range(Numbers::Float, bits);
            check(bits, kind, half, 0x8000);
            check(bits, kind, two, u16::MAX);
            check(bits, kind, minus_one, 0);
            check(bits, kind, nothing, 0);
            check(bits, kind, least, 0);
        }
        check(16, Kind::Range(Numbers::Float, -1.0, 3.0), 0x3C00, 0x8000);
        assert!((small_float(0x3555, 5, 10) - 0.333_251_953_125).abs() < 1e-12);
        assert!((small_float(0x0001, 5, 10) - 2_f64.powi(-24)).abs() < 1e-12);
    }

    #[test]
    fn differences_are_added_up() {
        let mut row = [250_u16, 1, 10, 2, 0xFF, 0xFE];
        Depth { bits: 8, kind: Kind::Unsigned }.add_left(&mut row, 2);
        assert_eq!(row, [250, 1, 4, 3, 3, 1]);
        let mut row = [u64::MAX, 2];
        Depth { bits: 64, kind: Kind::Unsigned }.add_left(&mut row, 1);
        assert_eq!(row, [u64::MAX, 1]);
    }

    #[test]
    fn bytes_of_samples_are_joined() {
        // Two samples of 16 bits: 0x0102 and 0x0304 as the high bytes, then the low ones, then their differences.
        let (mut row, mut joined) = ([1, 2, 255, 2], [0; 4]);
        join_bytes(&mut row, 1, 16, &mut joined);
        assert_eq!(joined, [1, 2, 3, 4]);
    }
}
