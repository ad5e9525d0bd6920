//! The reply to an event, as a request to the Lambda Runtime API.
//!
//! `lambda_runtime` receives the events but does not send the replies: when one of its streams fails, it writes the
//! error trailers into the body and ends the body as if it were whole. Here they are trailers, as the Runtime API
//! specifies, and Lambda aborts the response.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body::Frame;
use lambda_runtime::{Diagnostic, Error, MetadataPrelude};
use lambda_runtime_api_client::{body::Body, build_request};
use safelight_service::log::chain;
use serde_json::{Value, json};
use std::{
    array,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tracing::warn;

/// The reply to an event.
pub(crate) enum Reply {
    /// A JSON value.
    Json(Value),
    /// The head of a web response, and its streamed body.
    Stream(MetadataPrelude, axum::body::Body),
    /// A failure.
    Failure(Diagnostic),
}

impl Reply {
    /// Returns a failure, which Lambda counts as an error of the function.
    pub(crate) fn failure(kind: &str, message: impl Into<String>) -> Self {
        Self::Failure(Diagnostic { error_type: kind.to_owned(), error_message: message.into() })
    }

    pub(crate) fn into_request(
        self,
        id: &str,
        invocation: Option<&HeaderValue>,
    ) -> Result<Request<Body>, http::Error> {
        let action = if matches!(self, Self::Failure(_)) { "error" } else { "response" };
        let path = format!("/2018-06-01/runtime/invocation/{id}/{action}");
        let mut request = build_request().method(Method::POST).uri(path);
        if let Some(invocation) = invocation {
            request = request.header(INVOCATION_ID, invocation);
        }
        match self {
            Self::Json(value) => request.body(value.to_string().into()),
            Self::Failure(Diagnostic { error_type, error_message }) => {
                let body = json!({ "errorType": error_type, "errorMessage": error_message });
                request.header(ERROR_TYPE, "Unhandled").body(body.to_string().into())
            }
            Self::Stream(prelude, body) => request
                .header(header::CONTENT_TYPE, "application/vnd.awslambda.http-integration-response")
                .header(header::TRANSFER_ENCODING, "chunked")
                .header(header::TRAILER, ERROR_TYPE)
                .header(header::TRAILER, ERROR_BODY)
                .header(RESPONSE_MODE, "streaming")
                .body(Body::new(Streamed { head: head(&prelude).into_iter(), body: Some(body) })),
        }
    }
}

pub(crate) const INVOCATION_ID: HeaderName = HeaderName::from_static("lambda-runtime-invocation-id");
const RESPONSE_MODE: HeaderName = HeaderName::from_static("lambda-runtime-function-response-mode");
const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");
const ERROR_BODY: HeaderName = HeaderName::from_static("lambda-runtime-function-error-body");

/// Returns the head of a streamed response: JSON, and the eight zero bytes that end it. `cargo lambda watch` accepts
/// them only as separate chunks.
fn head(prelude: &MetadataPrelude) -> [Bytes; 2] {
    let json = serde_json::to_vec(prelude).expect("a status and headers are always JSON");
    [json.into(), Bytes::from_static(&[0; 8])]
}

/// A streamed response: its head, its body, and trailers if the body fails.
struct Streamed {
    head: array::IntoIter<Bytes, 2>,
    /// `None` after the end.
    body: Option<axum::body::Body>,
}

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(bytes) = self.head.next() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let next = ready!(Pin::new(body).poll_frame(cx));
        if !matches!(next, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(match next {
            None => None,
            Some(Ok(frame)) => Some(Ok(frame)),
            Some(Err(error)) => {
                warn!(error = %chain(&error), "the response was aborted");
                let (kind, body) =
                    ("Runtime.StreamError", "eyJlcnJvclR5cGUiOiJSdW50aW1lLlN0cmVhbUVycm9yIn0=");
                Some(Ok(Frame::trailers(HeaderMap::from_iter([
                    (ERROR_TYPE, HeaderValue::from_static(kind)),
                    // Base64 of {"errorType":"Runtime.StreamError"}. Only the log has the cause.
                    (ERROR_BODY, HeaderValue::from_static(body)),
                ]))))
            }
        })
    }
}
