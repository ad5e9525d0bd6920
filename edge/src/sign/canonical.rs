//! The canonical spelling of paths and queries.

use super::{Escapes, Service, SignError};
use crate::percent::{RESERVED, RESERVED_IN_PATHS};
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use std::fmt::Write;

/// Escapes `path` canonically: every character outside the unreserved set, and no other.
///
/// For a service that escapes once, an escaped slash becomes a slash, because its keys have no segments. For
/// other services it is part of a segment and stays escaped.
///
/// # Errors
/// [`SignError::Path`] if `path` does not begin with a slash, [`SignError::NotUtf8`] if it is not UTF-8 after
/// unescaping.
pub(super) fn path(path: &str, service: Service) -> Result<String, SignError> {
    if !path.starts_with('/') {
        return Err(SignError::Path);
    }
    let set = match service.escapes {
        Escapes::Once => RESERVED_IN_PATHS,
        Escapes::Twice => RESERVED,
    };
    let mut written = String::with_capacity(path.len());
    for (index, segment) in path.split('/').enumerate() {
        let segment = percent_decode_str(segment).decode_utf8();
        let segment = segment.map_err(|_| SignError::NotUtf8 { part: "path" })?;
        let slash = if index == 0 { "" } else { "/" };
        let _ = write!(written, "{slash}{}", utf8_percent_encode(&segment, set));
    }
    Ok(written)
}

/// Escapes `query` canonically: every character outside the unreserved set, and no other; a plus is a space.
/// Parameters keep their order. Empty parameters and those for whose name `keep` returns false are removed.
///
/// # Errors
/// [`SignError::NotUtf8`] if `query` is not UTF-8 after unescaping.
pub(super) fn query(query: &str, keep: impl Fn(&str) -> bool) -> Result<String, SignError> {
    let mut written = String::with_capacity(query.len());
    for parameter in query.split('&') {
        let (key, value) = match parameter.split_once('=') {
            Some((key, value)) => (decoded(key)?, Some(decoded(value)?)),
            None => (decoded(parameter)?, None),
        };
        if parameter.is_empty() || !keep(&key) {
            continue;
        }
        let separator = if written.is_empty() { "" } else { "&" };
        let _ = write!(written, "{separator}{}", utf8_percent_encode(&key, RESERVED));
        if let Some(value) = value {
            let _ = write!(written, "={}", utf8_percent_encode(&value, RESERVED));
        }
    }
    Ok(written)
}

/// Returns whether the canonical `path` has a segment `.` or `..`, which some services would resolve.
pub(super) fn has_dot_segment(path: &str) -> bool {
    path.split('/').any(|segment| matches!(segment, "." | ".."))
}

fn decoded(text: &str) -> Result<String, SignError> {
    let text = text.replace('+', " ");
    let text = percent_decode_str(&text).decode_utf8().map_err(|_| SignError::NotUtf8 { part: "query" })?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_canonical_spelling() {
        let check = |from: &str, once: &str, twice: &str| {
            assert_eq!(path(from, Service::S3).unwrap(), once, "{from}");
            assert_eq!(path(from, Service::LAMBDA).unwrap(), twice, "{from}");
            // The canonical form does not change.
            assert_eq!(path(once, Service::S3).unwrap(), once);
            assert_eq!(path(twice, Service::LAMBDA).unwrap(), twice);
        };
        let same = |from: &str, to: &str| check(from, to, to);
        same("/", "/");
        same("/a b+c", "/a%20b%2Bc");
        same("/a%20b%2bc", "/a%20b%2Bc");
        same("//a//", "//a//");
        same("/%7Ea%2Db", "/~a-b");
        same("/ä[1]", "/%C3%A4%5B1%5D");
        same("/100%", "/100%25");
        same("/%zz%4", "/%25zz%254");
        same("/%2525", "/%2525");
        same("/a=b,c;d:e@f!g*h(i)'$&", "/a%3Db%2Cc%3Bd%3Ae%40f%21g%2Ah%28i%29%27%24%26");
        same("/a\u{0}\r\n?#", "/a%00%0D%0A%3F%23");
        same("/%2e%2E/./..", "/.././..");
        check("/a%2fb", "/a/b", "/a%2Fb");
    }

    #[test]
    fn queries_have_one_canonical_spelling() {
        let check = |from: &str, to: &str| {
            assert_eq!(query(from, |_| true).unwrap(), to, "{from}");
            assert_eq!(query(to, |_| true).unwrap(), to);
        };
        check("", "");
        check("b=2&a=1&a=0&a=1", "b=2&a=1&a=0&a=1");
        check("a&b=&c=%3D=", "a&b=&c=%3D%3D");
        check("&&a&=1&&=", "a&=1&=");
        check("a=1+2%2B3 4", "a=1%202%2B3%204");
        check("a[]=%5b&%C3%A4=ä", "a%5B%5D=%5B&%C3%A4=%C3%A4");
        check("a=100%&b=%zz", "a=100%25&b=%25zz");
        check("a=/?:@!*'()~-._", "a=%2F%3F%3A%40%21%2A%27%28%29~-._");
        check("a=\r\n#", "a=%0D%0A%23");
    }

    #[test]
    fn invalid_utf8_is_rejected() {
        for text in ["/%ff", "/a%C3", "/%C3/%A4", "/%ED%A0%80"] {
            assert!(matches!(path(text, Service::S3), Err(SignError::NotUtf8 { part: "path" })), "{text}");
            let text = &text[1..];
            let result = query(text, |_| true);
            assert!(matches!(result, Err(SignError::NotUtf8 { part: "query" })), "{text}");
        }
        assert!(matches!(path("a", Service::S3), Err(SignError::Path)));
        assert!(matches!(path("", Service::S3), Err(SignError::Path)));
    }

    #[test]
    fn names_are_unescaped_before_they_are_filtered() {
        let filtered = query("a=1&%58-Amz-Date=1&X-Amz%2DDate&b=2", |key| key != "X-Amz-Date");
        assert_eq!(filtered.unwrap(), "a=1&b=2");
    }
}
