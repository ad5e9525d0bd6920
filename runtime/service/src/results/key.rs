//! Keys of results, and patterns of purges.

use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The key of a result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResultKey {
    /// The hash of all that the result depends on, besides the version of its source.
    pub(super) hash: [u8; 32],
    /// The path of the source, decoded and without a leading slash, for purges.
    pub(super) path: Arc<str>,
}

impl ResultKey {
    /// Returns the key of the result of `parts`, from the source at `path`.
    pub fn new(path: &str, parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            // With its length, so that no two lists of parts are the same bytes.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self { hash: hash.finalize().into(), path: path.trim_start_matches('/').into() }
    }

    /// Returns the hash in hexadecimal digits.
    pub(super) fn hex(&self) -> String {
        crate::hex::hex(&self.hash)
    }
}

/// The paths that a purge is about.
pub(super) struct Pattern<'a>(&'a str);

impl<'a> Pattern<'a> {
    /// A path, or with a slash at its end all paths below it. One slash alone is all paths.
    pub(super) fn new(path: &'a str) -> Self {
        Self(path.trim_start_matches('/'))
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        match self.0 {
            "" => true,
            prefix if prefix.ends_with('/') => path.starts_with(prefix),
            own => path == own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_whole_paths_or_prefixes() {
        let check = |pattern: &str, path: &str, expected| {
            assert_eq!(Pattern::new(pattern).matches(path), expected, "{pattern} {path}");
        };
        check("a/b.jpg", "a/b.jpg", true);
        check("/a/b.jpg", "a/b.jpg", true);
        check("a/b", "a/b.jpg", false);
        check("a/", "a/b/c.jpg", true);
        check("a/", "ab/c.jpg", false);
        check("/", "a", true);
    }

    #[test]
    fn keys_depend_on_each_part() {
        let key = |parts: &[&str]| ResultKey::new("/a", parts).hash;
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
        assert_ne!(key(&["a", ""]), key(&["a"]));
        assert_eq!(key(&["a", "b"]), key(&["a", "b"]));
    }
}
