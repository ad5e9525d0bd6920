//! One range of bytes of a response (RFC 9110 section 14).

use http::{HeaderMap, HeaderValue, header};
use std::ops::Range;

/// The range of a request, before the length of the response is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteRange {
    /// From the first position to the last, both included.
    Closed(u64, u64),
    /// From this position on.
    From(u64),
    /// The last bytes, this many.
    Last(u64),
}

impl ByteRange {
    /// Parses `Range`. Several ranges, other units and invalid values are ignored, as RFC 9110 14.2 allows.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let (unit, spec) = headers.get(header::RANGE)?.to_str().ok()?.split_once('=')?;
        let (first, last) = spec.trim().split_once('-')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        match (first, last) {
            (first, "") if is_number(first) => Some(Self::From(position(first))),
            ("", last) if is_number(last) => Some(Self::Last(position(last))),
            (first, last) if is_number(first) && is_number(last) => {
                let (first, last) = (position(first), position(last));
                (first <= last).then_some(Self::Closed(first, last))
            }
            _ => None,
        }
    }

    /// Returns the number of bytes of the response that must be known to exist before the range can be sent;
    /// `None` if that is all of them.
    pub(crate) fn needed(self) -> Option<u64> {
        match self {
            Self::Closed(_, last) => Some(last.saturating_add(1)),
            Self::From(_) | Self::Last(_) => None,
        }
    }

    /// Returns the half-open range within a response of `length` bytes; `None` if it is outside.
    pub(crate) fn within(self, length: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::Closed(first, last) => first..length.min(last.saturating_add(1)),
            Self::From(first) => first..length,
            Self::Last(count) => length.saturating_sub(count)..length,
        };
        (range.start < range.end).then_some(range)
    }
}

/// Returns the `Content-Range` of `part`, or without a part that of a 416. `length` is that of the whole response; an
/// unknown one is sent as `*`.
pub(crate) fn content_range(part: Option<&Range<u64>>, length: Option<u64>) -> HeaderValue {
    let length = length.map_or_else(|| "*".to_owned(), |length| length.to_string());
    let value = match part {
        Some(part) => format!("bytes {}-{}/{length}", part.start, part.end - 1),
        None => format!("bytes */{length}"),
    };
    HeaderValue::try_from(value).expect("digits and ASCII punctuation")
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Parses a position. A number above all lengths becomes the maximum.
fn position(digits: &str) -> u64 {
    digits.parse().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &'static str, expected: &str) {
        let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(value))]);
        let found = match ByteRange::from_headers(&headers).map(|range| range.within(10)) {
            Some(Some(range)) => format!("{range:?}"),
            Some(None) => "outside".to_owned(),
            None => "ignored".to_owned(),
        };
        assert_eq!(found, expected, "{value}");
    }

    #[test]
    fn ranges_of_ten_bytes() {
        check("bytes=0-0", "0..1");
        check("bytes=2-5", "2..6");
        check("Bytes=2-5", "2..6");
        check("bytes=2-99", "2..10");
        check("bytes=9-", "9..10");
        check("bytes=-3", "7..10");
        check("bytes=-99", "0..10");
        check("bytes=0-18446744073709551615", "0..10");
        check("bytes=0-99999999999999999999999", "0..10");
    }

    #[test]
    fn ranges_outside_of_the_response() {
        check("bytes=10-", "outside");
        check("bytes=10-11", "outside");
        check("bytes=-0", "outside");
        check("bytes=99999999999999999999999-", "outside");
    }

    #[test]
    fn anything_but_one_range_is_ignored() {
        for value in ["bytes=0-1,3-4", "bytes=5-2", "bytes=-", "bytes=", "bytes", "bytes=a-b", "bytes=+1-2"] {
            check(value, "ignored");
        }
        check("items=0-1", "ignored");
    }
}
