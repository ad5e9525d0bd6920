//! Validators of a response, and the conditions of a request on them (RFC 9110 section 13).

use crate::{hex::hex, source::Meta};
use headers::{
    ETag, HeaderMap, HeaderMapExt, IfMatch, IfModifiedSince, IfNoneMatch, IfRange, IfUnmodifiedSince,
    LastModified,
};
use safelight_core::{Limits, Query, Settings};
use sha2::{Digest, Sha256};
use std::time::SystemTime;

/// The validators of a response, known before the source is read.
#[derive(Clone, Debug)]
pub(crate) struct Validators {
    /// Entity tag; `None` if the source has neither a tag nor a time.
    pub(crate) etag: Option<ETag>,
    /// Time of the last change; `None` if the source has none.
    pub(crate) last_modified: Option<LastModified>,
    /// Whether the response depends on the request's `Accept`.
    pub(crate) is_negotiated: bool,
}

/// The result of the conditions of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Send the response.
    Proceed,
    /// Send 304: the client has the current version.
    NotModified,
    /// Send 412: the client expects another version.
    Failed,
}

impl Validators {
    /// Returns the validators of the response to `query` about a source with `meta`.
    ///
    /// A response depends on these two, on the version of the program, on `settings` and on the versions of the images that
    /// are used besides the source.
    pub(crate) fn new(meta: &Meta, query: &Query, sides: &str, settings: &Settings) -> Self {
        // A file may have any time; HTTP has none before 1970 and none in the future (RFC 9110 8.8.2.1).
        let known = SystemTime::UNIX_EPOCH..=SystemTime::now();
        let last_modified = meta.last_modified.filter(|time| known.contains(time));
        Self {
            etag: version(meta)
                .map(|(weak, version)| etag(weak, [&version, &query.to_string(), sides], settings)),
            last_modified: last_modified.map(LastModified::from),
            is_negotiated: query.is_negotiated,
        }
    }

    /// Evaluates the conditions of `headers` in the order of RFC 9110 13.2.2.
    pub(crate) fn evaluate(&self, headers: &HeaderMap) -> Outcome {
        let modified = self.last_modified.map(SystemTime::from);
        if let Some(condition) = headers.typed_get::<IfMatch>() {
            if !self.etag.as_ref().is_some_and(|etag| condition.precondition_passes(etag)) {
                return Outcome::Failed;
            }
        } else if let Some(condition) = headers.typed_get::<IfUnmodifiedSince>()
            && modified.is_some_and(|time| !condition.precondition_passes(time))
        {
            return Outcome::Failed;
        }

        let unchanged = if let Some(condition) = headers.typed_get::<IfNoneMatch>() {
            let any = condition == IfNoneMatch::any();
            any || self.etag.as_ref().is_some_and(|etag| !condition.precondition_passes(etag))
        } else if let Some(condition) = headers.typed_get::<IfModifiedSince>() {
            modified.is_some_and(|time| !condition.is_modified(time))
        } else {
            false
        };
        if unchanged { Outcome::NotModified } else { Outcome::Proceed }
    }

    /// Returns whether `If-Range` allows a range of this version, as it does if it is missing.
    pub(crate) fn allow_range(&self, headers: &HeaderMap) -> bool {
        match headers.typed_try_get::<IfRange>() {
            Ok(Some(condition)) => !condition.is_modified(self.etag.as_ref(), self.last_modified.as_ref()),
            Ok(None) => true,
            Err(_) => false,
        }
    }
}

/// Returns whether a request has a condition that is evaluated before the source is read.
pub(crate) fn is_conditional(headers: &HeaderMap) -> bool {
    use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
    [IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE]
        .iter()
        .any(|name| headers.contains_key(name))
}

/// Returns the source's name for its version, and whether the tag is weak.
fn version(meta: &Meta) -> Option<(bool, String)> {
    match (&meta.etag, meta.last_modified) {
        (Some(etag), _) => Some((etag.starts_with("W/"), etag.clone())),
        (None, Some(time)) => Some((false, format!("{time:?} {:?}", meta.size))),
        (None, None) => None,
    }
}

/// Returns the settings on which a response depends.
pub(crate) fn of_settings(settings: &Settings) -> String {
    // Other limits decide whether there is a response, not which one. That on work decides what an automatic quality and
    // format cost at most.
    let Settings { limits: Limits { max_work_ms, .. }, exif, keep_profile, fonts, quality_target } = settings;
    format!(
        "exif={exif:?} keep_profile={keep_profile} fonts={fonts} quality_target={quality_target} \
         max_work_ms={max_work_ms}"
    )
}

fn etag(weak: bool, [version, query, sides]: [&str; 3], settings: &Settings) -> ETag {
    /// Enough that no two responses share a tag.
    const DIGEST_BYTES: usize = 16;
    let mut hash = Sha256::new();
    for part in [env!("CARGO_PKG_VERSION"), &of_settings(settings), query, version, sides] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hex(&hash.finalize()[..DIGEST_BYTES]);
    let mark = if weak { "W/" } else { "" };
    format!("{mark}\"{digest}\"").parse().expect("quoted hexadecimal digits are an entity tag")
}
