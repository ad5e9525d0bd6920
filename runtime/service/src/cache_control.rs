//! `Cache-Control` of responses that only checked viewers may have (RFC 9111 section 5.2.2).

use headers::{CacheControl, HeaderMap, HeaderMapExt};
use http::{HeaderValue, header};
use std::time::Duration;

/// The time for which a checking CDN stores a response whose source does not state one.
const CDN_MAX_AGE: Duration = Duration::from_hours(24);

/// Tells all caches to ask again before each use, and shared ones not to store the response: this program checked the
/// viewer, and will check the next one. A viewer whose token has expired thus no longer sees what the browser stored.
pub(crate) fn for_checked_viewer(headers: &mut HeaderMap) {
    let own = own(headers);
    if !own.no_store() {
        insert(headers, &own, "private, no-cache".to_owned());
    }
}

/// Tells viewers to ask again before each use, and a CDN that checks them to store the response as long as its own
/// header allows. A header that forbids shared caches to store it stays.
///
/// `no-cache` would forbid CloudFront to store the response; `max-age=0, must-revalidate` means the same to viewers.
pub(crate) fn for_checking_cdn(headers: &mut HeaderMap) {
    let own = own(headers);
    if own.no_store() || own.no_cache() || own.private() {
        return;
    }
    let secs = own.s_max_age().or(own.max_age()).unwrap_or(CDN_MAX_AGE).as_secs();
    insert(headers, &own, format!("max-age=0, must-revalidate, s-maxage={secs}"));
}

/// Limits the time for which caches use the response without asking again to `secs` seconds.
pub(crate) fn limit_age(headers: &mut HeaderMap, secs: u64) {
    let own = own(headers);
    let max = Duration::from_secs(secs);
    let (age, shared) = (own.max_age(), own.s_max_age());
    if own.no_store() || age.is_some_and(|age| age <= max) && shared.is_none_or(|age| age <= max) {
        return;
    }
    let mut limited = own.with_max_age(age.unwrap_or(max).min(max));
    if let Some(shared) = shared {
        limited = limited.with_s_max_age(shared.min(max));
    }
    headers.typed_insert(limited);
}

fn own(headers: &HeaderMap) -> CacheControl {
    headers.typed_get().unwrap_or_else(CacheControl::new)
}

/// Writes the header `value`, with what `own` says about changes on the way.
fn insert(headers: &mut HeaderMap, own: &CacheControl, mut value: String) {
    if own.no_transform() {
        value.push_str(", no-transform");
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::try_from(value).expect("words and digits are ASCII"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(own: &'static str, change: fn(&mut HeaderMap)) -> String {
        let mut headers = HeaderMap::new();
        if !own.is_empty() {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(own));
        }
        change(&mut headers);
        headers[header::CACHE_CONTROL].to_str().unwrap_or_default().to_owned()
    }

    #[test]
    fn checked_viewers_ask_again() {
        let check = |own, expected: &str| assert_eq!(changed(own, for_checked_viewer), expected, "{own}");
        check("", "private, no-cache");
        check("public, max-age=31536000, immutable", "private, no-cache");
        check("max-age=7, s-maxage=9, no-transform", "private, no-cache, no-transform");
        check("no-store", "no-store");
    }

    #[test]
    fn the_age_is_limited() {
        let check = |own, expected: &str| {
            assert_eq!(changed(own, |headers| limit_age(headers, 60)), expected, "{own}");
        };
        check("", "max-age=60");
        check("public, max-age=86400", "public, max-age=60");
        check("max-age=7", "max-age=7");
        check("max-age=7, s-maxage=90", "max-age=7, s-maxage=60");
        check("no-store", "no-store");
    }

    #[test]
    fn a_checking_cdn_stores_what_viewers_ask_for_again() {
        let check = |own, expected: &str| assert_eq!(changed(own, for_checking_cdn), expected, "{own}");
        check("", "max-age=0, must-revalidate, s-maxage=86400");
        check("public, max-age=31536000, immutable", "max-age=0, must-revalidate, s-maxage=31536000");
        check("max-age=7, s-maxage=9", "max-age=0, must-revalidate, s-maxage=9");
        check("max-age=7, no-transform", "max-age=0, must-revalidate, s-maxage=7, no-transform");
        for own in ["no-store", "private", "no-cache"] {
            check(own, own);
        }
    }
}
