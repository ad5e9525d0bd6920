//! Failures as responses: problem details for HTTP (RFC 9457).

use crate::{response::Body, status};
use http::{HeaderValue, Response, header};
use safelight_core::{Error, Kind};
use serde::Serialize;
use std::sync::Arc;

/// The members of a problem; there is no page about its type, so that is `about:blank` and the title
/// that of the status (RFC 9457 4.2.1), and `kind` is what a program can tell problems apart by.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Problem<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    kind: &'static str,
    detail: &'a str,
    request_id: &'a str,
}

/// The response that tells a client of `error`: its public message, never its cause.
///
/// The error itself goes along in the extensions, for the log and for doors that put it otherwise.
///
/// # Panics
/// Never: strings and a number are always JSON.
pub fn response(error: Error, request_id: &str) -> Response<Body> {
    let status = status::of(error.kind);
    let problem = Problem {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or_default(),
        status: status.as_u16(),
        kind: name(error.kind),
        detail: &error.to_string(),
        request_id,
    };
    let body = serde_json::to_vec(&problem).expect("strings and a number are always JSON");

    let mut response = Response::new(Body::whole(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match error.kind {
        Kind::MethodNotAllowed => {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
        }
        Kind::Busy | Kind::Throttled => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => (),
    }
    response.extensions_mut().insert(Arc::new(error));
    response
}

/// What a program, a log or a metric calls failures of this kind.
pub fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::InvalidParam => "invalid-param",
        Kind::Conflict => "conflict",
        Kind::Unauthorized => "unauthorized",
        Kind::Forbidden => "forbidden",
        Kind::NotFound => "not-found",
        Kind::NotAcceptable => "not-acceptable",
        Kind::SourceConflict => "source-conflict",
        Kind::Throttled => "throttled",
        Kind::MethodNotAllowed => "method-not-allowed",
        Kind::RangeNotSatisfiable => "range-not-satisfiable",
        Kind::PreconditionFailed => "precondition-failed",
        Kind::UnsupportedFormat => "unsupported-format",
        Kind::Corrupt => "corrupt",
        Kind::LimitExceeded => "limit-exceeded",
        Kind::Upstream => "upstream",
        Kind::Timeout => "timeout",
        Kind::Busy => "busy",
        Kind::Cancelled => "cancelled",
        Kind::Internal => "internal",
    }
}
