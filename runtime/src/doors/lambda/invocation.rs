//! Sends the function's answers to the Lambda Runtime API.
//!
//! `lambda_runtime` asks for events, but does not send the answers: where a stream of its own fails, it
//! writes the trailers that would tell so into the body as if they were a part of it, and ends the body as
//! if it were whole. Here they are trailers, as the Runtime API wants them, and Lambda cuts the answer.

use super::Function;
use crate::log::chain;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body::Frame;
use hyper_util::client::legacy::connect::HttpConnector;
use lambda_runtime::{
    Diagnostic, Error, LambdaInvocation, MetadataPrelude,
    tower::{Layer, Service},
};
use lambda_runtime_api_client::{PooledClient, body::Body, build_request};
use serde_json::{Value, json};
use std::{
    array,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tracing::{error, warn};

/// What a function says to an event.
pub(super) enum Reply {
    /// A value, for a caller that reads JSON.
    Json(Value),
    /// The head of a web response, and its body as it is made.
    Stream(MetadataPrelude, axum::body::Body),
    /// That it failed.
    Failure(Diagnostic),
}

impl Reply {
    /// A failure that Lambda shows among the function's errors.
    pub(super) fn failure(kind: &str, message: impl Into<String>) -> Self {
        Self::Failure(Diagnostic { error_type: kind.to_owned(), error_message: message.into() })
    }

    fn into_request(self, id: &str, invocation: Option<&HeaderValue>) -> Result<Request<Body>, http::Error> {
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

const INVOCATION_ID: HeaderName = HeaderName::from_static("lambda-runtime-invocation-id");
const RESPONSE_MODE: HeaderName = HeaderName::from_static("lambda-runtime-function-response-mode");
const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");
const ERROR_BODY: HeaderName = HeaderName::from_static("lambda-runtime-function-error-body");

/// The head of a streamed response: JSON, and eight zeros that end it. `cargo lambda watch` takes them only as
/// chunks of their own.
fn head(prelude: &MetadataPrelude) -> [Bytes; 2] {
    let json = serde_json::to_vec(prelude).expect("a status and headers are always JSON");
    [json.into(), Bytes::from_static(&[0; 8])]
}

/// A streamed response: its head, its body, and trailers if that fails.
struct Streamed {
    head: array::IntoIter<Bytes, 2>,
    /// `None` behind the end.
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
                warn!(error = %chain(&error), "the answer is cut");
                let (kind, body) =
                    ("Runtime.StreamError", "eyJlcnJvclR5cGUiOiJSdW50aW1lLlN0cmVhbUVycm9yIn0=");
                Some(Ok(Frame::trailers(HeaderMap::from_iter([
                    (ERROR_TYPE, HeaderValue::from_static(kind)),
                    // Base64 of {"errorType":"Runtime.StreamError"}: causes are for the log.
                    (ERROR_BODY, HeaderValue::from_static(body)),
                ]))))
            }
        })
    }
}

/// Puts the function in the place of whatever `lambda_runtime` would have answered.
pub(super) struct Answering {
    function: Arc<Function>,
    api: Arc<PooledClient>,
}

impl Answering {
    /// The function, with a connection of its own to the Runtime API of the environment.
    pub(super) fn new(function: Arc<Function>) -> Self {
        let mut connector = HttpConnector::new();
        // An answer is written in several pieces: waiting to fill a packet with each would take longer than
        // most answers.
        connector.set_nodelay(true);
        Self { function, api: Arc::new(PooledClient::builder().with_connector(connector).build()) }
    }
}

impl<S> Layer<S> for Answering {
    type Service = Self;

    fn layer(&self, _: S) -> Self {
        Self { function: self.function.clone(), api: self.api.clone() }
    }
}

impl Service<LambdaInvocation> for Answering {
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let (function, api) = (self.function.clone(), self.api.clone());
        Box::pin(async move {
            let LambdaInvocation { parts, body, context } = invocation;
            let work = AssertUnwindSafe(function.answer(&body, &context));
            let reply = futures_util::FutureExt::catch_unwind(work).await;
            // The panic itself is in the log.
            let reply = reply.unwrap_or_else(|_| Reply::failure("Panic", "the function failed unexpectedly"));
            let request = reply.into_request(&context.request_id, parts.headers.get(INVOCATION_ID))?;
            // An answer that Lambda does not take is lost; the next event may fare better, and if the Runtime
            // API is gone, asking it for that event ends the process.
            match api.call(request).await {
                Ok(response) if response.status().is_success() => (),
                Ok(response) => {
                    error!(status = response.status().as_u16(), "the Runtime API refused the answer");
                }
                Err(error) => error!(error = %chain(&*error), "the Runtime API did not take the answer"),
            }
            Ok(())
        })
    }
}
