//! Rejections as HTTP responses: problem details (RFC 9457).

use crate::{rejection::Rejection, response::Body, status};
use http::{HeaderValue, Response, header};
use safelight_edge::problem::{CONTENT_TYPE, Problem};

/// Returns the response to a rejected request. It shows the public message of the error, never its origin or
/// its cause.
pub fn response(rejection: &Rejection, request_id: &str) -> Response<Body> {
    let error = &rejection.error;
    let status = status::of(error.kind);
    let problem = Problem { status, kind: error.kind, detail: &error.message, request_id };
    let mut response = Response::new(Body::bytes(problem.to_json().into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.extend(error.retry_after.map(|secs| (header::RETRY_AFTER, HeaderValue::from(secs))));
    headers.extend(rejection.header.as_deref().cloned());
    response
}
