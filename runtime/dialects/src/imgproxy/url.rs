//! The parts of imgproxy's URLs: signature, options, source and extension.

use super::arguments::Invalid;
use crate::source::decoded;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// A path after its signature.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    /// Options, each a name and its arguments.
    pub(super) options: Vec<&'a str>,
    /// URL of the source.
    pub(super) source: String,
    /// Format of the result. Defaults to `None`: as the options say.
    pub(super) extension: Option<String>,
}

/// Returns a path as imgproxy signs and reads it: with the colons and slashes that proxies change.
pub(super) fn mended(path: &str) -> String {
    let path = path.replace("%3A", ":");
    // Some servers join the slashes of `local:///a` and `http://a`.
    let Some((options, source)) = path.split_once("/plain/") else { return path };
    let (scheme, rest) = source.split_once(":/").unwrap_or(("", ""));
    let is_scheme = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_scheme || rest.starts_with('/') {
        return path;
    }
    let slashes = if scheme.eq_ignore_ascii_case("local") { "///" } else { "//" };
    format!("{options}/plain/{scheme}:{slashes}{rest}")
}

impl<'a> Parts<'a> {
    /// Parses a path after its signature.
    ///
    /// # Errors
    /// [`Invalid`], without a source.
    pub(super) fn parse(path: &'a str) -> Result<Self, Invalid> {
        let mut rest = path;
        let mut options = Vec::new();
        loop {
            let (segment, after) = rest.split_once('/').unwrap_or((rest, ""));
            if !segment.contains(':') {
                break;
            }
            options.push(segment);
            rest = after;
        }
        let (source, extension) = if let Some(plain) = rest.strip_prefix("plain/") {
            let mut parts = plain.split('@');
            let source = parts.next().unwrap_or_default();
            let extension = parts.next();
            Invalid::unless(!source.is_empty() && parts.next().is_none())?;
            // A source that is no text is missing, and not invalid.
            (decoded(source).unwrap_or_default(), extension)
        } else {
            let (text, extension) = match rest.split_once('.') {
                Some((text, extension)) => (text, Some(extension)),
                None => (rest, None),
            };
            let bytes = from_base64(&text.replace('/', ""));
            let bytes = bytes.filter(|bytes| !bytes.is_empty()).ok_or(Invalid::Option)?;
            (String::from_utf8(bytes).unwrap_or_default(), extension)
        };
        let extension = extension.filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Self { options, source, extension })
    }
}

/// Decodes base64 with the alphabet for URLs, with or without padding.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_options_a_source_and_an_extension() {
        let check = |path: &str, expected: Result<(&[&str], &str, Option<&str>), Invalid>| {
            let found = Parts::parse(path);
            let found = found
                .as_ref()
                .map(|parts| (parts.options.as_slice(), parts.source.as_str(), parts.extension.as_deref()));
            assert_eq!(found.map_err(|error| *error), expected, "{path}");
        };
        check("w:1/plain/local:///a%20b.png", Ok((&["w:1"], "local:///a b.png", None)));
        check("w:1/h:2/plain/local:///a@jpg", Ok((&["w:1", "h:2"], "local:///a", Some("jpg"))));
        check("plain/a@", Ok((&[], "a", None)));
        check("plain/%40", Ok((&[], "@", None)));
        check("bG9jYWw6/Ly8vYQ==", Ok((&[], "local:///a", None)));
        check("w:1/bG9jYWw6/Ly8vYQ.webp", Ok((&["w:1"], "local:///a", Some("webp"))));
        for path in ["", "w:1", "w:1/", "plain/", "plain/a@b@c", "a*b", "YQ@jpg"] {
            check(path, Err(Invalid::Option));
        }
    }

    #[test]
    fn changed_paths_are_mended() {
        let check = |path: &str, expected: &str| assert_eq!(mended(path), expected);
        check("/w%3A1/plain/local:/a", "/w:1/plain/local:///a");
        check("/plain/http:/host/a", "/plain/http://host/a");
        check("/plain/s3://b/a", "/plain/s3://b/a");
        check("/w:1/YQ", "/w:1/YQ");
    }
}
