//! The message that a signature covers.

use super::Rejected;
use crate::percent::{RESERVED, RESERVED_IN_PATHS};
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use std::fmt::Write;

/// The first line: messages of another version, or of another protocol with the same secret, never equal these.
const VERSION: &str = "safelight-url-1";

/// A pair of a query, decoded, and as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair<'a> {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) raw: &'a str,
}

/// Decodes the pairs of a raw query. Empty ones are skipped.
///
/// # Errors
/// [`Rejected::Malformed`], if the query is not UTF-8 after decoding.
pub(super) fn pairs(query: &str) -> Result<Vec<Pair<'_>>, Rejected> {
    let pair = |raw| {
        let (key, value) = str::split_once(raw, '=').unwrap_or((raw, ""));
        Ok(Pair { key: decoded(&key.replace('+', " "))?, value: decoded(&value.replace('+', " "))?, raw })
    };
    query.split('&').filter(|raw| !raw.is_empty()).map(pair).collect()
}

/// Returns the message for a path as in a request, and the pairs without the signature.
///
/// # Errors
/// [`Rejected::Malformed`], if the path is not UTF-8 after decoding, or not absolute.
pub(super) fn message(path: &str, pairs: &[Pair<'_>]) -> Result<Vec<u8>, Rejected> {
    if !path.starts_with('/') {
        return Err(Rejected::Malformed("the path does not begin with a slash"));
    }
    let mut message = format!("{VERSION}\n{}\n", utf8_percent_encode(&decoded(path)?, RESERVED_IN_PATHS));
    let mut sorted: Vec<_> = pairs.iter().map(|Pair { key, value, .. }| (key, value)).collect();
    sorted.sort();
    for (index, (key, value)) in sorted.into_iter().enumerate() {
        let separator = if index == 0 { "" } else { "&" };
        let [key, value] = [key, value].map(|text| utf8_percent_encode(text, RESERVED));
        let _ = write!(message, "{separator}{key}={value}");
    }
    Ok(message.into_bytes())
}

fn decoded(text: &str) -> Result<String, Rejected> {
    let text = percent_decode_str(text).decode_utf8();
    Ok(text.map_err(|_| Rejected::Malformed("the URL is not UTF-8 after decoding"))?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, query: &str, expected: &str) {
        let message = message(path, &pairs(query).unwrap()).unwrap();
        assert_eq!(
            String::from_utf8(message).unwrap(),
            format!("safelight-url-1\n{expected}"),
            "{path}?{query}"
        );
    }

    #[test]
    fn order_and_encoding_make_no_difference() {
        for query in ["width=300&blur=2", "blur=2&width=300", "&%62lur=%32&&width=300&"] {
            check("/a.jpg", query, "/a.jpg\nblur=2&width=300");
        }
        for path in ["/caf%C3%A9/%61.jpg", "/caf%c3%a9/a.jpg", "/caf\u{e9}/a%2Ejpg"] {
            check(path, "", "/caf%C3%A9/a.jpg\n");
        }
        check("/a b", "x=1+2&x=%2B&y", "/a%20b\nx=%2B&x=1%202&y=");
        check("/a%25b", "x=%3D%26%0A", "/a%25b\nx=%3D%26%0A");
    }

    #[test]
    fn what_is_not_text_is_rejected() {
        assert!(message("/%FF", &[]).is_err() && message("a", &[]).is_err() && message("", &[]).is_err());
        assert!(pairs("a=%FF").is_err() && pairs("%C3=1").is_err());
    }
}
