//! Prefixes of paths, and paths below them.

use crate::source::Key;
use http::{request::Parts, uri::PathAndQuery};
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use safelight_core::Result;
use safelight_edge::percent::RESERVED_IN_PATHS;
use std::collections::BTreeMap;

/// The first segments of paths, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix(Vec<String>);

impl Prefix {
    /// The prefix of all paths.
    pub(crate) const ROOT: Self = Self(Vec::new());

    /// Parses a path with or without a slash at its end; `None` if a segment is not plain text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('/').unwrap_or(text);
        if text.is_empty() {
            return Some(Self::ROOT);
        }
        let key = Key::from_path(text).ok()?;
        Some(Self(key.as_str().split('/').map(str::to_owned).collect()))
    }

    /// Returns the number of segments.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the rest of `path`, as it is encoded, from the slash after the prefix on; `None` if it is another path.
    pub(crate) fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        let mut rest = path;
        for own in &self.0 {
            let after = rest.strip_prefix('/')?;
            let end = after.find('/')?;
            if percent_decode_str(&after[..end]).decode_utf8().ok()? != *own {
                return None;
            }
            rest = &after[end..];
        }
        Some(rest)
    }
}

/// Returns `path` with the longest start of its key that `rewrites` has replaced.
///
/// # Errors
/// As for [`Key::from_path`], if there are rewrites.
pub(super) fn rewritten(path: &str, rewrites: &BTreeMap<String, String>) -> Result<String> {
    if rewrites.is_empty() {
        return Ok(path.to_owned());
    }
    let key = format!("/{}", Key::from_path(path)?);
    let matching = rewrites.iter().filter(|(start, _)| key.starts_with(start.as_str()));
    let new = match matching.max_by_key(|(start, _)| start.len()) {
        Some((start, replacement)) => format!("{replacement}{}", &key[start.len()..]),
        None => key,
    };
    Ok(utf8_percent_encode(&new, RESERVED_IN_PATHS).to_string())
}

/// Returns the head of the same request for another path; `None` if the path is invalid.
pub(crate) fn with_path(parts: &Parts, path: &str) -> Option<Parts> {
    let target = match parts.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = parts.clone();
    parts.uri = http::Uri::from(target.parse::<PathAndQuery>().ok()?);
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_whole_segments() {
        let check = |prefix: &str, path: &str, expected: Option<&str>| {
            assert_eq!(Prefix::parse(prefix).unwrap().strip(path), expected, "{prefix} {path}");
        };
        check("/", "/a/b", Some("/a/b"));
        check("", "/a", Some("/a"));
        check("/photos", "/photos/a.jpg", Some("/a.jpg"));
        check("/photos/", "/%70hotos/%61.jpg", Some("/%61.jpg"));
        check("/a/b c", "/a/b%20c/d/e", Some("/d/e"));
        check("/photos", "/photos/", Some("/"));
        for path in
            ["/photos", "/photosa/b", "/Photos/a", "//photos/a", "/photos%2Fa/b", "/a", "", "*", "/%ff/a"]
        {
            check("/photos", path, None);
        }
        for prefix in ["photos", "/../a", "//a", "/.a", "/a\0"] {
            assert_eq!(Prefix::parse(prefix), None, "{prefix}");
        }
    }

    #[test]
    fn the_longest_start_is_rewritten() {
        let rewrites = [("/old/", "/archive/"), ("/old/2020/", "/2020 b/"), ("/x", "/y")];
        let rewrites = rewrites.map(|(from, to)| (from.to_owned(), to.to_owned())).into();
        let check = |path: &str, expected: &str| assert_eq!(rewritten(path, &rewrites).unwrap(), expected);
        check("/old/a.jpg", "/archive/a.jpg");
        check("/%6fld/2020/%C3%A9.jpg", "/2020%20b/%C3%A9.jpg");
        check("/xa.jpg", "/ya.jpg");
        check("/new/a.jpg", "/new/a.jpg");
        assert!(rewritten("/old/../a", &rewrites).is_err());
        assert_eq!(rewritten("/old//..", &BTreeMap::new()).unwrap(), "/old//..");
    }
}
