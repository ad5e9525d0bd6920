//! A request for one image, in the form that all doors share.

use crate::meter::Meter;
use http::HeaderMap;
use safelight_core::Query;
use std::sync::Arc;
use uuid::Uuid;

/// The parts of a request on which its response depends.
#[derive(Debug)]
pub struct Request {
    /// The parsed query.
    pub query: Query,
    /// The name under which a browser saves the response. Defaults to `None`: it shows it.
    pub download: Option<String>,
    /// Headers, of which conditions and the range are used.
    pub headers: HeaderMap,
    /// Whether the response has a body. `HEAD` has none, and ignores ranges.
    pub wants_body: bool,
    /// Whether the length of the response must be known before its first byte. HTTP/1.0 needs that, because its
    /// clients take the end of the connection for the end of the response (RFC 9112 6.3).
    pub needs_length: bool,
    /// Counts the cost of the response.
    pub meter: Arc<Meter>,
    /// What names the source, so that results are shared. Defaults to `None`: they are not.
    pub identity: Option<Identity>,
}

/// The names of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// As in [`crate::source::Resource::name`].
    pub name: Arc<str>,
    /// The path of the request, by which its results are purged; decoded.
    pub path: String,
}

/// Returns the `Accept` header, all its lines joined to one.
pub fn accept(headers: &HeaderMap) -> String {
    let lines = headers.get_all(http::header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    lines.collect::<Vec<_>>().join(",")
}

/// Returns the caller's `X-Request-Id` if a log can show it, else a new one.
pub fn request_id(headers: &HeaderMap) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:=+/@".contains(&byte);
    let is_valid = |id: &&str| (1..=128).contains(&id.len()) && id.bytes().all(is_plain);
    let id = headers.get("x-request-id").and_then(|id| id.to_str().ok()).filter(is_valid);
    id.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}
