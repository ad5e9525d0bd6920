//! The field types of an entry, and its numbers.

use safelight_containers::ByteOrder;
use serde::{Serialize, Serializer};

/// A field type: TIFF 6.0 section 2, Adobe's TIFF Technical Note 1 (IFD), BigTIFF (64 bits), EXIF 3.0 section
/// 4.6.2 (UTF-8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Byte,
    Ascii,
    Short,
    Long,
    Rational,
    SByte,
    Undefined,
    SShort,
    SLong,
    SRational,
    Float,
    Double,
    Ifd,
    Long8,
    SLong8,
    Ifd8,
    Utf8,
}

/// One number of an entry. A number that JSON does not have, such as a quotient by zero, serialises as `null`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Unsigned(u64),
    Signed(i64),
    Float(f32),
    Double(f64),
    /// A quotient, in the notation of JavaScript: without a fraction if it is an integer.
    Ratio {
        numerator: i64,
        denominator: i64,
    },
}

impl Kind {
    /// Returns the field type with the number `number`; `None` for numbers that no standard defines.
    pub(crate) fn new(number: u16) -> Option<Self> {
        Some(match number {
            1 => Self::Byte,
            2 => Self::Ascii,
            3 => Self::Short,
            4 => Self::Long,
            5 => Self::Rational,
            6 => Self::SByte,
            7 => Self::Undefined,
            8 => Self::SShort,
            9 => Self::SLong,
            10 => Self::SRational,
            11 => Self::Float,
            12 => Self::Double,
            13 => Self::Ifd,
            16 => Self::Long8,
            17 => Self::SLong8,
            18 => Self::Ifd8,
            129 => Self::Utf8,
            _ => return None,
        })
    }

    /// The bytes of one value.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::Byte | Self::Ascii | Self::SByte | Self::Undefined | Self::Utf8 => 1,
            Self::Short | Self::SShort => 2,
            Self::Long | Self::SLong | Self::Float | Self::Ifd => 4,
            Self::Rational | Self::SRational | Self::Double | Self::Long8 | Self::SLong8 | Self::Ifd8 => 8,
        }
    }

    /// Returns whether the values are text.
    pub(crate) const fn is_text(self) -> bool {
        matches!(self, Self::Ascii | Self::Utf8)
    }

    /// Returns whether the values are numbers.
    pub(crate) const fn is_number(self) -> bool {
        !self.is_text() && !matches!(self, Self::Undefined)
    }

    /// Returns the number in `value`, which has [`Kind::bytes`] bytes. Bytes of text count as unsigned numbers.
    pub(crate) fn number(self, value: &[u8], order: ByteOrder) -> Number {
        let halves = || {
            let (one, two) = value.split_at(value.len() / 2);
            (order.uint(one), order.uint(two))
        };
        match self {
            Self::SByte | Self::SShort | Self::SLong | Self::SLong8 => Number::Signed(int(value, order)),
            Self::Float => Number::Float(f32::from_bits(order.uint(value) as u32)),
            Self::Double => Number::Double(f64::from_bits(order.uint(value))),
            Self::Rational => {
                let (numerator, denominator) = halves();
                Number::Ratio { numerator: numerator.cast_signed(), denominator: denominator.cast_signed() }
            }
            Self::SRational => {
                let (numerator, denominator) = halves();
                let signed = |half: u64| i64::from((half as u32).cast_signed());
                Number::Ratio { numerator: signed(numerator), denominator: signed(denominator) }
            }
            _ => Number::Unsigned(order.uint(value)),
        }
    }
}

/// Returns the signed number in `bytes`, one to eight, in two's complement.
fn int(bytes: &[u8], order: ByteOrder) -> i64 {
    let unused = u64::BITS.saturating_sub(8 * bytes.len() as u32).min(u64::BITS - 1);
    (order.uint(bytes) << unused).cast_signed() >> unused
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Unsigned(number) => serializer.serialize_u64(number),
            Self::Signed(number) => serializer.serialize_i64(number),
            Self::Float(number) => serializer.serialize_f32(number),
            Self::Double(number) => serializer.serialize_f64(number),
            Self::Ratio { numerator, denominator } => match numerator.checked_rem(denominator) {
                None => serializer.serialize_none(),
                Some(0) => serializer.serialize_i64(numerator / denominator),
                Some(_) => serializer.serialize_f64(numerator as f64 / denominator as f64),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_both_orders() {
        let check = |kind: Kind, big: &[u8], expected: &str| {
            let mut little = big.to_vec();
            let part = if matches!(kind, Kind::Rational | Kind::SRational) { 4 } else { kind.bytes() };
            little.chunks_mut(part).for_each(<[u8]>::reverse);
            for (order, bytes) in [(ByteOrder::Big, big), (ByteOrder::Little, &little)] {
                let found = serde_json::to_string(&kind.number(bytes, order)).unwrap_or_default();
                assert_eq!(found, expected, "{kind:?} {order:?}");
            }
        };
        check(Kind::Byte, &[200], "200");
        check(Kind::SByte, &[200], "-56");
        check(Kind::Short, &[1, 0], "256");
        check(Kind::SShort, &[0xFF, 0xFE], "-2");
        check(Kind::Long, &[0xFF; 4], "4294967295");
        check(Kind::SLong, &[0x80, 0, 0, 0], "-2147483648");
        check(Kind::Ifd, &[0, 0, 0, 26], "26");
        check(Kind::Long8, &[0xFF; 8], "18446744073709551615");
        check(Kind::SLong8, &[0xFF; 8], "-1");
        check(Kind::Float, &0.5_f32.to_be_bytes(), "0.5");
        check(Kind::Double, &0.1_f64.to_be_bytes(), "0.1");
        check(Kind::Double, &f64::NAN.to_be_bytes(), "null");
        check(Kind::Rational, &[0, 0, 0, 1, 0, 0, 0, 4], "0.25");
        check(Kind::Rational, &[0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1], "4294967295");
        check(Kind::Rational, &[0, 0, 0, 1, 0, 0, 0, 0], "null");
        check(Kind::SRational, &[0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 4], "-0.25");
        check(Kind::SRational, &[0x80, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], "2147483648");
    }
}
