//! Responses of the edge: problem details for HTTP (RFC 9457), in the same form as the origin's.

use http::StatusCode;
use safelight_core::{Error, Kind};
use safelight_edge::{
    authorize::{PENALTY_SECS, Refusal},
    event::{Headers, Response},
    problem::{CONTENT_TYPE, Problem},
    sign::SignError,
    signed_url::Rejected,
};

/// Returns the response to a rejected request: 401 or 403.
pub(crate) fn refused(refusal: Refusal, request_id: &str) -> Response {
    let (status, kind, detail) = match refusal.status() {
        403 => (StatusCode::FORBIDDEN, Kind::Forbidden, "the token lacks a required group, scope or right"),
        _ => (StatusCode::UNAUTHORIZED, Kind::Unauthorized, "missing or invalid token"),
    };
    let problem = Problem { status, kind, detail, request_id };
    response(&problem, Some(("www-authenticate", refusal.www_authenticate())))
}

/// Returns the response while tokens cannot be checked: 503.
pub(crate) fn unavailable(request_id: &str) -> Response {
    let problem = Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        kind: Kind::Busy,
        detail: "tokens cannot be checked at the moment: retry later",
        request_id,
    };
    response(&problem, Some(("retry-after", &PENALTY_SECS.to_string())))
}

/// Returns the response to a request with an invalid query: 400.
pub(crate) fn invalid(error: &Error, request_id: &str) -> Response {
    let problem =
        Problem { status: StatusCode::BAD_REQUEST, kind: error.kind, detail: &error.message, request_id };
    response(&problem, None)
}

/// Returns the response to a request whose signature is missing or invalid: 403.
pub(crate) fn forbidden(rejected: &Rejected, request_id: &str) -> Response {
    let detail = &rejected.to_string();
    response(&Problem { status: StatusCode::FORBIDDEN, kind: Kind::Forbidden, detail, request_id }, None)
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
    let (status, kind) = match error {
        SignError::Path | SignError::NotUtf8 { .. } | SignError::DotSegment => {
            (StatusCode::BAD_REQUEST, Kind::InvalidParam)
        }
        SignError::Method { .. } => (StatusCode::METHOD_NOT_ALLOWED, Kind::MethodNotAllowed),
        SignError::TruncatedBody => (StatusCode::PAYLOAD_TOO_LARGE, Kind::LimitExceeded),
        SignError::TooLong { .. } => (StatusCode::URI_TOO_LONG, Kind::LimitExceeded),
        _ => return None,
    };
    let allow = (kind == Kind::MethodNotAllowed).then_some(("allow", "GET, HEAD, POST"));
    Some(response(&Problem { status, kind, detail: &error.to_string(), request_id }, allow))
}

fn response(problem: &Problem<'_>, header: Option<(&str, &str)>) -> Response {
    let mut headers = Headers::default();
    headers.set("content-type", CONTENT_TYPE);
    headers.set("cache-control", "no-store");
    if let Some((name, value)) = header {
        headers.set(name, value);
    }
    Response {
        status: problem.status.as_u16(),
        status_description: Some(problem.title().to_owned()),
        headers,
        body: Some(problem.to_json()),
        body_encoding: None,
    }
}
