//! `Cache-Control` of responses that only checked viewers may have (RFC 9111 section 5.2.2).

use headers::{CacheControl, HeaderMap, HeaderMapExt};
use http::{HeaderValue, header};
use safelight_core::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use std::{collections::BTreeMap, fmt::Write, time::Duration};

/// The time for which a response may be used if nothing else is said.
const MAX_AGE: Age = Age(24 * 60 * 60);

/// Lifetimes of responses in caches. Those that a source states take precedence, unless they are overridden.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct CacheSettings {
    /// Time for which viewers and CDNs use a response: seconds, or text such as "1h". Defaults to a day.
    pub max_age: Option<Age>,
    /// Time for which CDNs use it, if another. Defaults to max-age.
    pub shared_max_age: Option<Age>,
    /// Time after that for which caches may use it while they ask again (RFC 5861). Defaults to none.
    pub stale_while_revalidate: Option<Age>,
    /// Time after that for which caches may use it if asking fails (RFC 5861). Defaults to none.
    pub stale_if_error: Option<Age>,
    /// Whether a response never changes, so that browsers do not ask when a page is loaded again (RFC 8246). Defaults to
    /// false.
    pub immutable: bool,
    /// Whether this applies to responses for which the source states a lifetime, too. Defaults to false.
    pub override_source: bool,
    /// Lifetimes of errors by their status, such as "404" or "410", or "4xx" for all that depend on the URL and the source
    /// alone. Defaults to none: errors are not stored.
    pub errors: BTreeMap<ErrorStatus, Age>,
}

/// A time in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "AgeText")]
pub struct Age(u64);

/// The forms of an age.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum AgeText {
    /// Seconds.
    Secs(u64),
    /// A duration with a unit.
    Text(String),
}

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match AgeText::deserialize(deserializer)? {
            AgeText::Secs(secs) => return Ok(Self(secs)),
            AgeText::Text(text) => text,
        };
        let age = humantime::parse_duration(&text).map(|age| Self(age.as_secs()));
        age.map_err(|_| {
            de::Error::custom(format!("invalid time {text:?}: expected seconds, or text such as \"1h\""))
        })
    }
}

/// A status, or all of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
pub enum ErrorStatus {
    /// All below.
    #[serde(rename = "4xx")]
    All,
    /// The query is invalid.
    #[serde(rename = "400")]
    Invalid,
    /// The image does not exist.
    #[serde(rename = "404")]
    Missing,
    /// The image was removed.
    #[serde(rename = "410")]
    Gone,
    /// The image, or the response, is too large.
    #[serde(rename = "413")]
    TooLarge,
    /// The source has no supported format.
    #[serde(rename = "415")]
    Unsupported,
    /// The source is damaged.
    #[serde(rename = "422")]
    Damaged,
}

impl CacheSettings {
    /// Returns the header of a response whose source states `own`.
    pub(crate) fn header(&self, own: Option<HeaderValue>) -> HeaderValue {
        if let Some(own) = own.filter(|_| !self.override_source) {
            return own;
        }
        let mut value = format!("public, max-age={}", self.max_age.unwrap_or(MAX_AGE).0);
        for (name, age) in [
            ("s-maxage", self.shared_max_age),
            ("stale-while-revalidate", self.stale_while_revalidate),
            ("stale-if-error", self.stale_if_error),
        ] {
            if let Some(Age(secs)) = age {
                write!(value, ", {name}={secs}").expect("writing to a string cannot fail");
            }
        }
        if self.immutable {
            value.push_str(", immutable");
        }
        HeaderValue::try_from(value).expect("words and digits are ASCII")
    }

    /// Returns the header of a rejection of this kind, if caches may store it.
    pub(crate) fn error_header(&self, kind: Kind) -> Option<HeaderValue> {
        let Age(secs) = ErrorStatus::find(kind, &self.errors)?;
        Some(HeaderValue::try_from(format!("public, max-age={secs}")).expect("words and digits are ASCII"))
    }
}

/// Paths of images in place of errors, by their status.
pub type Fallback = BTreeMap<ErrorStatus, String>;

impl ErrorStatus {
    /// Returns the item for errors of this kind: its own, or that for all.
    pub(crate) fn find<T>(kind: Kind, items: &BTreeMap<Self, T>) -> Option<&T> {
        let status = Self::of(kind)?;
        items.get(&status).or_else(|| items.get(&Self::All))
    }

    fn of(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::InvalidParam | Kind::Conflict => ErrorStatus::Invalid,
            Kind::NotFound => ErrorStatus::Missing,
            Kind::Gone => ErrorStatus::Gone,
            Kind::LimitExceeded => ErrorStatus::TooLarge,
            Kind::UnsupportedFormat => ErrorStatus::Unsupported,
            Kind::Corrupt => ErrorStatus::Damaged,
            // They depend on the viewer, on time or on the state of the server.
            Kind::Cancelled
            | Kind::Internal
            | Kind::Unsupported
            | Kind::Unauthorized
            | Kind::Forbidden
            | Kind::NotAcceptable
            | Kind::SourceConflict
            | Kind::Throttled
            | Kind::MethodNotAllowed
            | Kind::RangeNotSatisfiable
            | Kind::PreconditionFailed
            | Kind::Upstream
            | Kind::Timeout
            | Kind::Busy => return None,
        })
    }
}

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

/// The longest time for which a cache may use a response that may be incomplete.
const MAX_UNFINISHED_SECS: u64 = 60;

/// Limits the time for which caches use a response that may be incomplete to a minute, without any use after that.
pub(crate) fn limit_unfinished(headers: &mut HeaderMap) {
    let own = own(headers);
    if own.no_store() || own.no_cache() {
        return;
    }
    let secs = |age: Duration| age.as_secs().min(MAX_UNFINISHED_SECS);
    let scope = if own.private() { "private" } else { "public" };
    let age = own.max_age().map_or(MAX_UNFINISHED_SECS, secs);
    let shared = own.s_max_age().map(|age| format!(", s-maxage={}", secs(age))).unwrap_or_default();
    insert(headers, &own, format!("{scope}, max-age={age}{shared}"));
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

    fn settings(text: &str) -> CacheSettings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn lifetimes_are_those_of_the_source_or_of_the_operator() {
        let check = |text: &str, own: Option<&'static str>, expected: &str| {
            let header = settings(text).header(own.map(HeaderValue::from_static));
            assert_eq!(header, expected, "{text}");
        };
        check("", None, "public, max-age=86400");
        check("", Some("no-store"), "no-store");
        check("max-age = '1h'", Some("no-store"), "no-store");
        check("max-age = '1h'\noverride-source = true", Some("no-store"), "public, max-age=3600");
        check(
            "max-age = 60\nshared-max-age = '7days'\nstale-while-revalidate = '1m'\nstale-if-error = 5\nimmutable = true",
            None,
            "public, max-age=60, s-maxage=604800, stale-while-revalidate=60, stale-if-error=5, immutable",
        );
        for text in ["max-age = 'soon'", "max-age = -1", "max_age = 1", "errors.500 = 1", "errors.404 = 'x'"]
        {
            assert!(toml::from_str::<CacheSettings>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn errors_of_the_url_and_the_source_may_be_stored() {
        let some = settings("errors = { 404 = 60, 4xx = '10s' }");
        let check = |kind, expected: Option<&str>| {
            let header = some.error_header(kind);
            assert_eq!(header.as_ref().map(|value| value.to_str().unwrap()), expected, "{kind:?}");
        };
        check(Kind::NotFound, Some("public, max-age=60"));
        check(Kind::Gone, Some("public, max-age=10"));
        check(Kind::InvalidParam, Some("public, max-age=10"));
        for kind in
            [Kind::Unauthorized, Kind::Forbidden, Kind::Busy, Kind::Upstream, Kind::RangeNotSatisfiable]
        {
            check(kind, None);
        }
        assert_eq!(settings("").error_header(Kind::NotFound), None);
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
    fn a_response_that_may_be_incomplete_expires_within_a_minute() {
        let check = |own, expected: &str| assert_eq!(changed(own, limit_unfinished), expected, "{own}");
        check("", "public, max-age=60");
        check("public, max-age=31536000, immutable", "public, max-age=60");
        check("max-age=7, s-maxage=900, stale-if-error=86400", "public, max-age=7, s-maxage=60");
        check(
            "private, max-age=900, stale-while-revalidate=9, no-transform",
            "private, max-age=60, no-transform",
        );
        check("no-store", "no-store");
        check("no-cache", "no-cache");
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
