//! Sources in other services' URLs, and paths on this site.

use crate::refusal::Refusal;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use safelight_core::Kind;
use std::collections::BTreeMap;

/// All but what RFC 3986 allows in a path without a meaning of its own.
const RESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Starts of URLs, and the paths of this site that have the same images.
pub type Sources = BTreeMap<String, String>;

/// Returns the path of a key, encoded.
pub(crate) fn path_of(key: &str) -> String {
    format!("/{}", utf8_percent_encode(key, RESERVED))
}

/// Returns text, percent-decoded once.
///
/// # Errors
/// [`Kind::NotFound`], if it is not UTF-8 then.
pub(crate) fn decoded(text: &str) -> Result<String, Refusal> {
    Ok(percent_decode_str(text).decode_utf8().map_err(|_| missing())?.into_owned())
}

/// Returns the path on this site of the image at `url`: the longest start in `sources` is replaced. A URL that none
/// begins has no image.
///
/// # Errors
/// [`Kind::NotFound`].
pub(crate) fn resolve(url: &str, sources: &Sources) -> Result<String, Refusal> {
    // The query and the fragment name no other image.
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = url.split_once("://").ok_or_else(missing)?;
    let url = format!("{}://{rest}", scheme.to_ascii_lowercase());
    let matching = sources.iter().filter(|(start, _)| url.starts_with(start.as_str()));
    let (start, path) = matching.max_by_key(|(start, _)| start.len()).ok_or_else(missing)?;
    Ok(format!("{path}{}", path_of(&decoded(&url[start.len()..])?).trim_start_matches('/')))
}

/// Returns a key without empty segments and dots.
///
/// # Errors
/// [`Kind::NotFound`], for a key outside of the folder of images, or of nothing.
pub(crate) fn normalized(key: &str) -> Result<String, Refusal> {
    let mut segments = Vec::new();
    for segment in key.split('/') {
        match segment {
            "" | "." => (),
            ".." => drop(segments.pop().ok_or_else(missing)?),
            segment => segments.push(segment),
        }
    }
    if segments.is_empty() { Err(missing()) } else { Ok(segments.join("/")) }
}

/// The rejection of a URL whose source is not on this site.
pub(crate) fn missing() -> Refusal {
    Refusal::new(Kind::NotFound, "no image at this path")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_configured_sources_have_paths() {
        let sources = [("local:///", "/"), ("s3://photos/", "/p/"), ("s3://photos/old/", "/archive/")];
        let sources = sources.map(|(url, path)| (url.to_owned(), path.to_owned())).into();
        let check = |url: &str, expected: Option<&str>| {
            assert_eq!(resolve(url, &sources).ok().as_deref(), expected, "{url}");
        };
        check("local:///a/b c.jpg", Some("/a/b%20c.jpg"));
        check("LOCAL:///a%20b.jpg?x=1#y", Some("/a%20b.jpg"));
        check("s3://photos/a.jpg", Some("/p/a.jpg"));
        check("s3://photos/old/a.jpg", Some("/archive/a.jpg"));
        for url in ["local://host/a.jpg", "s3://photosa/b", "a.jpg", "http://127.0.0.1/", "", "local:///%ff"]
        {
            check(url, None);
        }
        // The site rejects the segment.
        check("local:///../a", Some("/../a"));
    }
}
