//! Responses of the edge: problem details for HTTP (RFC 9457), in the same form as the origin's.

use safelight_edge::{
    authorize::{PENALTY_SECS, Refusal},
    event::{Headers, Response},
    sign::SignError,
};
use serde_json::json;

/// A problem: the status, its title, a `kind` for programs and a `detail` for people.
struct Problem<'a> {
    status: u16,
    title: &'static str,
    kind: &'static str,
    detail: &'a str,
}

/// Returns the response to a rejected request: 401 or 403.
pub(crate) fn refused(refusal: Refusal, request_id: &str) -> Response {
    let problem = match refusal.status() {
        403 => Problem {
            status: 403,
            title: "Forbidden",
            kind: "forbidden",
            detail: "the token lacks a required group or scope",
        },
        _ => Problem {
            status: 401,
            title: "Unauthorized",
            kind: "unauthorized",
            detail: "missing or invalid token",
        },
    };
    problem.response(request_id, Some(("www-authenticate", refusal.www_authenticate())))
}

/// Returns the response while tokens cannot be checked: 503.
pub(crate) fn unavailable(request_id: &str) -> Response {
    let problem = Problem {
        status: 503,
        title: "Service Unavailable",
        kind: "upstream",
        detail: "tokens cannot be checked at the moment: retry later",
    };
    problem.response(request_id, Some(("retry-after", &PENALTY_SECS.to_string())))
}

/// Returns the response to a CORS preflight: an empty 204. CloudFront's response headers policy adds the headers.
pub(crate) fn preflight() -> Response {
    Response {
        status: 204,
        status_description: None,
        headers: Headers::default(),
        body: None,
        body_encoding: None,
    }
}

/// Returns the response to a request that cannot be signed; `None` if the viewer is not the cause.
pub(crate) fn unsigned(error: &SignError, request_id: &str) -> Option<Response> {
    let (status, title, kind) = match error {
        SignError::Path | SignError::NotUtf8 { .. } | SignError::DotSegment => {
            (400, "Bad Request", "invalid-param")
        }
        SignError::Method { .. } => (405, "Method Not Allowed", "method-not-allowed"),
        SignError::TruncatedBody => (413, "Content Too Large", "limit-exceeded"),
        SignError::TooLong { .. } => (414, "URI Too Long", "limit-exceeded"),
        _ => return None,
    };
    let allow = (status == 405).then_some(("allow", "GET, HEAD, POST"));
    Some(Problem { status, title, kind, detail: &error.to_string() }.response(request_id, allow))
}

impl Problem<'_> {
    fn response(&self, request_id: &str, header: Option<(&str, &str)>) -> Response {
        let Self { status, title, kind, detail } = self;
        let body = json!({
            "type": "about:blank",
            "title": title,
            "status": status,
            "kind": kind,
            "detail": detail,
            "requestId": request_id,
        });
        let mut headers = Headers::default();
        headers.set("content-type", "application/problem+json");
        headers.set("cache-control", "no-store");
        if let Some((name, value)) = header {
            headers.set(name, value);
        }
        Response {
            status: *status,
            status_description: Some((*title).to_owned()),
            headers,
            body: Some(body.to_string()),
            body_encoding: None,
        }
    }
}
