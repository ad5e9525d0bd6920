//! An EXIF value as JSON, in the shape of `exif-reader`.

use crate::directory::{Entry, kind};
use base64::{display::Base64Display, engine::general_purpose::STANDARD};
use exif::{Context, Exif, Tag, Value};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// The value of one entry: a number, an array of numbers, text, a date or UNDEFINED bytes.
///
/// A value that cannot be read serialises as `null`.
pub(crate) struct EntryValue<'a> {
    pub(crate) exif: &'a Exif,
    pub(crate) entry: &'a Entry,
}

const COPYRIGHT: Tag = Tag(Context::Tiff, 0x8298);

/// `DateTime`, `DateTimeOriginal` and `DateTimeDigitized`. TIFF/EP has `DateTimeOriginal` in the first
/// directory, too.
const DATES: [Tag; 4] = [
    Tag(Context::Tiff, 0x0132),
    Tag(Context::Tiff, 0x9003),
    Tag(Context::Exif, 0x9003),
    Tag(Context::Exif, 0x9004),
];

impl Serialize for EntryValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { exif, entry } = *self;
        let Some(bytes) = entry.value.clone().and_then(|value| exif.buf().get(value)) else {
            return serializer.serialize_none();
        };
        match entry.kind {
            kind::ASCII if DATES.contains(&entry.tag) => date(bytes).serialize(serializer),
            _ if DATES.contains(&entry.tag) => serializer.serialize_none(),
            kind::ASCII if entry.tag == COPYRIGHT => serializer.serialize_str(&copyright(bytes)),
            kind::ASCII => serializer.serialize_str(&text(bytes)),
            kind::UNDEFINED => serializer.collect_str(&Base64Display::new(bytes, &STANDARD)),
            _ => match (entry.pointer, exif.get_field(entry.tag, entry.ifd)) {
                (Some(pointer), _) => serializer.serialize_u32(pointer),
                (None, Some(field)) => numbers(&field.value, serializer),
                (None, None) => serializer.serialize_none(),
            },
        }
    }
}

/// Returns the maximum bytes of JSON of the value of `entry`.
pub(crate) fn max_json_bytes(entry: &Entry) -> u64 {
    let count = u64::from(entry.count);
    let list = |digits: u64| 2 + count * (digits + 1);
    match entry.kind {
        // Every byte may be a control character, which JSON escapes as \u0000.
        kind::ASCII => 2 + 6 * count,
        kind::UNDEFINED => 2 + 4 * count.div_ceil(3),
        kind::BYTE | 6 => list(4),
        kind::SHORT | 8 => list(6),
        kind::LONG | 9 => list(11),
        // A DOUBLE or a quotient has at most 24 characters.
        5 | 10..=12 => list(24),
        _ => 0,
    }
}

/// Serialises one number as a number, and any other count as an array.
fn numbers<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    fn list<S: Serializer, T, N: Serialize>(
        values: &[T],
        number: impl Fn(&T) -> N,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match values {
            [value] => number(value).serialize(serializer),
            values => serializer.collect_seq(values.iter().map(number)),
        }
    }
    match value {
        Value::Byte(values) => list(values, |value| *value, serializer),
        Value::Short(values) => list(values, |value| *value, serializer),
        Value::Long(values) => list(values, |value| *value, serializer),
        Value::SByte(values) => list(values, |value| *value, serializer),
        Value::SShort(values) => list(values, |value| *value, serializer),
        Value::SLong(values) => list(values, |value| *value, serializer),
        Value::Float(values) => list(values, |value| *value, serializer),
        Value::Double(values) => list(values, |value| *value, serializer),
        Value::Rational(values) => list(values, |value| Ratio::new(value.num, value.denom), serializer),
        Value::SRational(values) => list(values, |value| Ratio::new(value.num, value.denom), serializer),
        // Text and UNDEFINED bytes come from the block, not from the decoder.
        Value::Ascii(_) | Value::Undefined(..) | Value::Unknown(..) => serializer.serialize_none(),
    }
}

/// A quotient in the notation of JavaScript: without a fraction if it is an integer, and `null` if the
/// denominator is zero.
struct Ratio {
    numerator: i64,
    denominator: i64,
}

impl Ratio {
    fn new(numerator: impl Into<i64>, denominator: impl Into<i64>) -> Self {
        Self { numerator: numerator.into(), denominator: denominator.into() }
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.numerator.checked_rem(self.denominator) {
            None => serializer.serialize_none(),
            Some(0) => serializer.serialize_i64(self.numerator / self.denominator),
            Some(_) => serializer.serialize_f64(self.numerator as f64 / self.denominator as f64),
        }
    }
}

/// Decodes text up to the first NUL as UTF-8 if it is valid, else as Latin-1. EXIF allows only ASCII, and
/// does not name the encoding of other text.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// Decodes the photographer's copyright, and the editor's on a second line (EXIF 2.32 section 4.6.4 D).
fn copyright(bytes: &[u8]) -> String {
    let mut notices = bytes.split(|byte| *byte == 0).map(text);
    let photographer = notices.next().unwrap_or_default();
    match notices.next() {
        Some(editor) if !editor.is_empty() => format!("{}\n{editor}", photographer.trim_end()),
        _ => photographer.into_owned(),
    }
}

/// Converts a local time such as `2008:11:01 21:15:07` to ISO 8601 in the notation of JavaScript, as if it
/// were UTC. Returns `None` if it is not a valid date and time.
fn date(bytes: &[u8]) -> Option<String> {
    const PATTERN: &[u8; 19] = b"0000:00:00 00:00:00";
    let text = text(bytes);
    let text = text.trim_end();
    let matches = |(byte, pattern): (u8, &u8)| {
        if *pattern == b'0' { byte.is_ascii_digit() } else { byte == *pattern }
    };
    if text.len() != PATTERN.len() || !text.bytes().zip(PATTERN).all(matches) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
    let (hour, minute, second) = (part(11..13)?, part(14..16)?, part(17..19)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    let is_valid = (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60;
    is_valid.then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z"))
}
