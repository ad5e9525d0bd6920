//! Conditional requests (RFC 9110 section 13.2.2).

use headers::{ETag, HeaderMapExt, IfMatch, IfModifiedSince, IfNoneMatch, IfUnmodifiedSince, LastModified};
use http::{HeaderMap, StatusCode};
use std::time::SystemTime;

/// Evaluates the conditions of `request` against the headers of the `response`: 304, 412, or `None` if they
/// pass.
pub(crate) fn evaluate(request: &HeaderMap, response: &HeaderMap) -> Option<StatusCode> {
    let etag = response.typed_get::<ETag>();
    let modified = response.typed_get::<LastModified>().map(SystemTime::from);
    let passes = if let Some(condition) = request.typed_get::<IfMatch>() {
        etag.as_ref().is_some_and(|etag| condition.precondition_passes(etag))
    } else if let Some(condition) = request.typed_get::<IfUnmodifiedSince>() {
        modified.is_none_or(|time| condition.precondition_passes(time))
    } else {
        true
    };
    if !passes {
        return Some(StatusCode::PRECONDITION_FAILED);
    }

    let is_new = if let Some(condition) = request.typed_get::<IfNoneMatch>() {
        condition != IfNoneMatch::any() && etag.is_none_or(|etag| condition.precondition_passes(&etag))
    } else if let Some(condition) = request.typed_get::<IfModifiedSince>() {
        modified.is_none_or(|time| condition.is_modified(time))
    } else {
        true
    };
    (!is_new).then_some(StatusCode::NOT_MODIFIED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;

    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const CHANGED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    #[test]
    fn entity_tags_precede_dates_and_412_precedes_304() {
        for (conditions, expected) in [
            (&[][..], None),
            (&[("if-match", "\"a\"")], None),
            (&[("if-match", "*")], None),
            (&[("if-match", "\"b\"")], Some(412)),
            (&[("if-none-match", "\"b\", W/\"a\"")], Some(304)),
            (&[("if-none-match", "*")], Some(304)),
            (&[("if-none-match", "\"b\"")], None),
            (&[("if-modified-since", CHANGED)], Some(304)),
            (&[("if-modified-since", BEFORE)], None),
            (&[("if-unmodified-since", CHANGED)], None),
            (&[("if-unmodified-since", BEFORE)], Some(412)),
            (&[("if-match", "\"a\""), ("if-unmodified-since", BEFORE)], None),
            (&[("if-none-match", "\"b\""), ("if-modified-since", CHANGED)], None),
            (&[("if-match", "\"b\""), ("if-none-match", "\"a\"")], Some(412)),
        ] {
            let status =
                evaluate(&headers(conditions), &headers(&[("etag", "\"a\""), ("last-modified", CHANGED)]));
            assert_eq!(status.map(|status| status.as_u16()), expected, "{conditions:?}");
        }
    }

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let fields =
            fields.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        fields.collect()
    }
}
