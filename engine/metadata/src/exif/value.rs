//! An EXIF value as JSON, in the shape of `exif-reader`.

use super::{
    directory::{Entry, Group},
    kind::Kind,
};
use base64::{display::Base64Display, engine::general_purpose::STANDARD};
use safelight_containers::ByteOrder;
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// The value of one entry: a number, an array of numbers, text, a date or UNDEFINED bytes.
///
/// A value that cannot be read serialises as `null`.
pub(crate) struct EntryValue<'a> {
    /// The block.
    pub(crate) tiff: &'a [u8],
    pub(crate) order: ByteOrder,
    pub(crate) entry: &'a Entry,
}

const COPYRIGHT: u16 = 0x8298;

/// `DateTime`, `DateTimeOriginal` and `DateTimeDigitized`. TIFF/EP has `DateTimeOriginal` in the first
/// directory, too.
const DATES: [(Group, u16); 6] = [
    (Group::Image, 0x0132),
    (Group::Image, 0x9003),
    (Group::Thumbnail, 0x0132),
    (Group::Thumbnail, 0x9003),
    (Group::Photo, 0x9003),
    (Group::Photo, 0x9004),
];

impl Serialize for EntryValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { tiff, order, entry } = *self;
        let bytes = entry.value.clone().and_then(|value| tiff.get(value));
        let (Some(kind), Some(bytes)) = (entry.kind, bytes) else {
            return serializer.serialize_none();
        };
        match kind {
            Kind::Undefined => serializer.collect_str(&Base64Display::new(bytes, &STANDARD)),
            _ if !kind.is_text() => {
                let mut numbers = bytes.chunks_exact(kind.bytes()).map(|bytes| kind.number(bytes, order));
                match (numbers.next(), numbers.len()) {
                    (Some(number), 0) => number.serialize(serializer),
                    (first, _) => serializer.collect_seq(first.into_iter().chain(numbers)),
                }
            }
            _ if DATES.contains(&(entry.group, entry.tag)) => match date(bytes) {
                Some(date) => serializer.serialize_str(&date),
                None => serializer.serialize_str(&text(bytes)),
            },
            _ if entry.tag == COPYRIGHT && entry.group <= Group::Thumbnail => {
                serializer.serialize_str(&copyright(bytes))
            }
            _ => serializer.serialize_str(&text(bytes)),
        }
    }
}

/// Returns the maximum bytes of JSON of the value of `entry`, which has `bytes` bytes in the block.
pub(crate) fn max_json_bytes(kind: Kind, bytes: usize) -> u64 {
    let count = (bytes / kind.bytes()) as u64;
    let list = |digits: u64| 2 + count * (digits + 1);
    match kind {
        // Every byte may be a control character, which JSON escapes as \u0000.
        Kind::Ascii | Kind::Utf8 => 2 + 6 * count,
        Kind::Undefined => 2 + 4 * count.div_ceil(3),
        Kind::Byte | Kind::SByte => list(4),
        Kind::Short | Kind::SShort => list(6),
        Kind::Long | Kind::SLong | Kind::Ifd => list(11),
        Kind::Long8 | Kind::SLong8 | Kind::Ifd8 => list(20),
        // A DOUBLE or a quotient has at most 24 characters.
        Kind::Rational | Kind::SRational | Kind::Float | Kind::Double => list(24),
    }
}

/// Decodes text up to the first NUL as UTF-8 if it is valid, else as Latin-1. Before version 3.0, EXIF allows only
/// ASCII, and does not name the encoding of other text.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
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
/// were UTC. Returns `None` if it is not a valid date and time in this form.
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
