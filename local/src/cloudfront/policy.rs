//! Configuration of a distribution.

use super::{EdgeFunction, Origin};
use bytes::Bytes;
use headers::{CacheControl, Expires, HeaderMapExt};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// A list of behaviours; the first one that matches a path applies.
#[derive(Clone, Debug)]
pub struct Distribution {
    /// In order of precedence.
    pub behaviors: Vec<Behavior>,
    /// For all other paths; its pattern is ignored.
    pub default: Behavior,
}

impl Distribution {
    pub(super) fn behavior(&self, path: &str) -> &Behavior {
        let matching = self.behaviors.iter().find(|behavior| matches(&behavior.path_pattern, path));
        matching.unwrap_or(&self.default)
    }
}

/// Settings for the requests of some paths.
#[derive(Clone, Debug)]
pub struct Behavior {
    /// `*` matches any characters, `?` matches one. Defaults to `*`.
    pub path_pattern: String,
    /// The origin of these paths.
    pub origin: Origin,
    /// Allowed methods. Defaults to `GET` and `HEAD`.
    pub methods: Vec<Method>,
    /// Defaults to [`CachePolicy::default`].
    pub cache: CachePolicy,
    /// Defaults to [`OriginRequestPolicy::default`].
    pub origin_request: OriginRequestPolicy,
    /// Runs for every request. Defaults to none.
    pub viewer_request: Option<Arc<dyn EdgeFunction>>,
    /// Runs for requests that the cache cannot serve. Defaults to none.
    pub origin_request_function: Option<Arc<dyn EdgeFunction>>,
}

/// The parts of a request in the cache key, and the lifetime of cached responses.
#[derive(Clone, Debug)]
pub struct CachePolicy {
    /// Minimum lifetime, which overrides the origin. Defaults to nothing.
    pub min_ttl: Duration,
    /// Lifetime of responses for which the origin states none. Defaults to a day.
    pub default_ttl: Duration,
    /// Maximum lifetime, which overrides the origin. Defaults to a year.
    pub max_ttl: Duration,
    /// Lifetime of cached errors. Defaults to 10 seconds.
    pub error_ttl: Duration,
    /// Query parameters in the cache key; the origin gets them too. Defaults to those of the transforms.
    pub queries: BTreeSet<String>,
    /// Headers in the cache key; the origin gets them too. Defaults to none.
    pub headers: Vec<HeaderName>,
}

/// The parts of a request that the origin gets besides those in the cache key.
#[derive(Clone, Debug, Default)]
pub struct OriginRequestPolicy {
    /// Query parameters. Defaults to none.
    pub queries: BTreeSet<String>,
    /// Headers of the viewer. Defaults to none.
    pub headers: Vec<HeaderName>,
}

/// The registry's description of every parameter.
const PARAMS: &str = include_str!("../../../transforms/registry/params.json");

/// Headers of the viewer that the origin always gets.
const ALWAYS_FORWARDED: [HeaderName; 7] = [
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::RANGE,
];

impl Behavior {
    /// Returns a behaviour for all paths, with this `origin`.
    pub fn new(origin: Origin) -> Self {
        Self {
            path_pattern: "*".to_owned(),
            origin,
            methods: vec![Method::GET, Method::HEAD],
            cache: CachePolicy::default(),
            origin_request: OriginRequestPolicy::default(),
            viewer_request: None,
            origin_request_function: None,
        }
    }

    /// Returns the origin request for the viewer's `request`.
    pub(super) fn origin_request(&self, request: &Request<Bytes>) -> Request<Bytes> {
        let query = self.cache.query(request, Some(&self.origin_request.queries));
        let separator = if query.is_empty() { "" } else { "?" };
        let mut origin_request = Request::new(request.body().clone());
        *origin_request.method_mut() = request.method().clone();
        *origin_request.uri_mut() = format!("{}{separator}{query}", request.uri().path())
            .parse()
            .expect("a valid path with some pairs of a valid query is valid");

        let signed_body = [HeaderName::from_static("x-amz-content-sha256")];
        let names = ALWAYS_FORWARDED.iter().chain(&self.cache.headers).chain(&self.origin_request.headers);
        for name in names.chain(signed_body.iter().filter(|_| !request.body().is_empty())) {
            let values = request.headers().get_all(name).iter().cloned();
            // A name in both policies is copied once.
            origin_request.headers_mut().remove(name);
            origin_request.headers_mut().extend(values.map(|value| (name.clone(), value)));
        }
        let fixed = [
            (header::USER_AGENT, "Amazon CloudFront"),
            (header::VIA, "1.1 local (CloudFront)"),
            (HeaderName::from_static("x-forwarded-for"), "127.0.0.1"),
        ];
        for (name, value) in fixed {
            origin_request.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
        }
        origin_request
    }
}

impl Default for CachePolicy {
    fn default() -> Self {
        Self {
            min_ttl: Duration::ZERO,
            default_ttl: Duration::from_hours(24),
            max_ttl: Duration::from_hours(365 * 24),
            error_ttl: Duration::from_secs(10),
            queries: transform_queries(),
            headers: Vec::new(),
        }
    }
}

/// Returns the keys and aliases of every parameter that a transform declares.
fn transform_queries() -> BTreeSet<String> {
    let params: Vec<Value> = serde_json::from_str(PARAMS).expect("a test of the registry checks it");
    let names = params.iter().flat_map(|param| {
        let aliases = param["aliases"].as_array().into_iter().flatten();
        aliases.chain([&param["key"]]).filter_map(|name| name.as_str().map(ToOwned::to_owned))
    });
    names.collect()
}

impl CachePolicy {
    /// Returns the listed pairs of the query, or those in `more`, as they are in the request.
    pub(super) fn query(&self, request: &Request<Bytes>, more: Option<&BTreeSet<String>>) -> String {
        let is_listed = |pair: &&str| {
            let name = pair.split('=').next().unwrap_or_default();
            self.queries.contains(name) || more.is_some_and(|more| more.contains(name))
        };
        let query = request.uri().query().unwrap_or_default();
        query.split('&').filter(is_listed).collect::<Vec<_>>().join("&")
    }

    /// Returns the lifetime of a response ("How long content stays in the cache" of the CloudFront guide).
    pub(super) fn ttl(&self, status: StatusCode, headers: &HeaderMap) -> Duration {
        let control = headers.typed_get::<CacheControl>();
        let stated = control.as_ref().and_then(|control| control.s_max_age().or(control.max_age()));
        match status.as_u16() {
            200 => (),
            404 | 414 | 500..=504 => {
                return stated.map_or(self.error_ttl, |stated| stated.max(self.error_ttl));
            }
            400 | 403 | 405 | 412 | 415 if stated.is_some() => {
                return self.error_ttl.max(stated.unwrap_or_default());
            }
            _ => return Duration::ZERO,
        }
        if control.is_some_and(|control| control.no_store() || control.no_cache() || control.private()) {
            return self.min_ttl;
        }
        let expires = || {
            let at = SystemTime::from(headers.typed_get::<Expires>()?);
            Some(at.duration_since(SystemTime::now()).unwrap_or_default())
        };
        let ttl = stated.or_else(expires).unwrap_or(self.default_ttl);
        ttl.max(self.min_ttl).min(self.max_ttl.max(self.min_ttl))
    }
}

/// Returns whether `path` matches `pattern`.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path) =
        (pattern.trim_start_matches('/').as_bytes(), path.trim_start_matches('/').as_bytes());
    let (mut at, mut seen) = (0, 0);
    // Position to resume at when the last star must match one character more.
    let mut star = None;
    while seen < path.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(&letter) if letter == b'?' || letter == path[seen] => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                (at, seen) = (star_at + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    #[test]
    fn patterns_match_as_documented() {
        for (pattern, path, expected) in [
            ("*", "/", true),
            ("/frames/*", "/frames/a/b", true),
            ("frames/*", "/frames/", true),
            ("/frames/*", "/frame/a", false),
            ("*.jpg", "/a/b.jpg", true),
            ("*.jpg", "/a/b.jpg.png", false),
            ("/a?c", "/abc", true),
            ("/a?c", "/ac", false),
            ("/*/x/*", "/a/x/x/b", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn the_origin_sets_the_ttl_within_the_policys_limits() {
        let policy = CachePolicy {
            min_ttl: Duration::from_secs(5),
            default_ttl: Duration::from_secs(50),
            max_ttl: Duration::from_secs(100),
            ..CachePolicy::default()
        };
        for (status, control, expected) in [
            (200, None, 50),
            (200, Some("max-age=60"), 60),
            (200, Some("max-age=1"), 5),
            (200, Some("max-age=1000"), 100),
            (200, Some("max-age=60, s-maxage=70"), 70),
            (200, Some("no-store"), 5),
            (200, Some("private, max-age=60"), 5),
            (206, None, 0),
            (304, Some("max-age=60"), 0),
            (403, None, 0),
            (403, Some("max-age=60"), 60),
            (404, None, 10),
            (503, None, 10),
            (501, Some("max-age=1"), 10),
        ] {
            let mut headers = HeaderMap::new();
            headers.extend(control.map(|text| (header::CACHE_CONTROL, HeaderValue::from_static(text))));
            let ttl = policy.ttl(StatusCode::from_u16(status).unwrap(), &headers);
            assert_eq!(ttl.as_secs(), expected, "{status} {control:?}");
        }
    }

    #[test]
    fn the_allow_list_has_the_parameters_of_the_transforms() {
        let queries = transform_queries();
        for name in ["showExif", "width", "w", "format"] {
            assert!(queries.contains(name), "{name}");
        }
        assert!(!queries.contains("utm_source"));
    }
}
