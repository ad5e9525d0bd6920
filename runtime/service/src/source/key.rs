//! The name of an image within its origin.

use http::{Method, request::Parts};
use percent_encoding::percent_decode_str;
use safelight_core::{Error, Kind, Result};
use std::fmt;

/// The methods that read an image.
pub(super) const METHODS: &[Method] = &[Method::GET, Method::HEAD];

/// A path that is no key, so that no image can be there.
pub(super) const UNUSED: &str = ".safelight-source-check";

/// A relative path of plain segments: none is empty or hidden, and none leaves the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Returns the key of a request for an image.
    ///
    /// # Errors
    /// [`Kind::MethodNotAllowed`] for methods other than `GET` and `HEAD`; else as for [`Key::from_path`].
    pub fn from_request(parts: &Parts) -> Result<Self> {
        if !METHODS.contains(&parts.method) {
            let message = format!("unsupported method {}: use GET or HEAD", parts.method);
            return Err(Error::new(Kind::MethodNotAllowed, "method", message));
        }
        Self::from_path(parts.uri.path())
    }

    /// Parses the path of a URL and percent-decodes it once.
    ///
    /// # Errors
    /// [`Kind::NotFound`]: an invalid key gets the same response as a missing image.
    pub fn from_path(path: &str) -> Result<Self> {
        let absent = || Error::new(Kind::NotFound, "path", "no image at this path");
        let raw = path.strip_prefix('/').ok_or_else(absent)?;
        let mut segments = Vec::new();
        for segment in raw.split('/') {
            let segment = percent_decode_str(segment).decode_utf8().map_err(|_| absent())?;
            if !is_plain(&segment) {
                return Err(absent());
            }
            segments.push(segment);
        }
        Ok(Self(segments.join("/")))
    }

    /// Returns the decoded path, without a leading slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns whether a decoded segment may be served. The test for a leading dot covers `.` and `..` too. A slash
/// here was percent-encoded, and a backslash separates folders on some systems.
fn is_plain(segment: &str) -> bool {
    !segment.is_empty()
        && !segment.starts_with('.')
        && !segment.contains(['/', '\\'])
        && !has_control(segment)
}

fn has_control(segment: &str) -> bool {
    segment.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Option<&str>) {
        let found = Key::from_path(path);
        match expected {
            Some(key) => assert_eq!(found.unwrap().as_str(), key, "{path}"),
            None => assert_eq!(found.unwrap_err().kind, Kind::NotFound, "{path}"),
        }
    }

    #[test]
    fn a_path_is_decoded_once() {
        check("/a.jpg", Some("a.jpg"));
        check("/a/b%20c/%C3%BC.jpg", Some("a/b c/ü.jpg"));
        check("/%252e%252e/a", Some("%2e%2e/a"));
        check("/a+b.jpg", Some("a+b.jpg"));
        check("/100%.jpg", Some("100%.jpg"));
    }

    #[test]
    fn hidden_and_escaping_paths_are_not_keys() {
        for path in
            ["", "/", "*", "a.jpg", "//a", "/a//b", "/a/", "/.", "/..", "/a/../b", "/%2e%2e/a", "/.%2E/a"]
        {
            check(path, None);
        }
        for path in ["/.git/config", "/a/.hidden", "/%2Ea", "/a%2Fb", "/a%2fb", "/a\\b", "/a%5Cb", "/..%5cb"]
        {
            check(path, None);
        }
        for path in ["/a%00.jpg", "/a%0d%0ab", "/%ff.jpg", "/%C2%80", "/a%7f"] {
            check(path, None);
        }
    }
}
