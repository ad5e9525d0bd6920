//! The Lambda runtime API, as AWS documents it for custom runtimes ("Using the Lambda runtime API").

use super::{
    Failure, Reply, StreamEnding,
    slot::{Event, Slot},
};
use crate::{
    body::{self, Body, BoxError, Chunks, full, pipe},
    server::{Server, Socket},
    sign::{ACCOUNT, REGION},
};
use http::{Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use hyper::body::Incoming;
use serde_json::json;
use std::{io, sync::Arc, time::SystemTime};

/// Size in bytes of the largest response that is sent at once.
const MAX_BUFFERED_BYTES: usize = 6 << 20;

/// Size in bytes of the largest streamed response.
const MAX_STREAMED_BYTES: usize = 200 << 20;

/// Content type of a stream that begins with a prelude.
const PRELUDE_CONTENT_TYPE: &str = "application/vnd.awslambda.http-integration-response";

/// Serves the runtime API of the sandbox of `slot`, whose failed streams end with `ending`.
pub(super) async fn api(slot: Arc<Slot>, ending: StreamEnding) -> io::Result<Server> {
    let socket = Socket::bind(0).await?;
    Ok(socket.serve(Arc::new(move |request| {
        let slot = slot.clone();
        Box::pin(async move { route(&slot, ending, request).await })
    })))
}

async fn route(slot: &Slot, ending: StreamEnding, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    match (&method, path.strip_prefix("/2018-06-01/runtime/").unwrap_or_default()) {
        (&Method::GET, "invocation/next") => event_response(slot.fetch().await),
        (&Method::POST, "init/error") => {
            slot.fail(Failure::NotStarted);
            accepted()
        }
        (&Method::POST, rest) => match rest.strip_prefix("invocation/").and_then(|rest| rest.split_once('/'))
        {
            Some((id, "response")) => respond(slot, ending, id, request).await,
            Some((id, "error")) => {
                let Some(reply) = slot.take_reply(id) else { return invalid_id() };
                // The caller may have disconnected.
                let _ = reply.send(Err(Failure::Reported));
                slot.finish(id);
                accepted()
            }
            _ => error(StatusCode::NOT_FOUND, "UnknownPath"),
        },
        _ => error(StatusCode::NOT_FOUND, "UnknownPath"),
    }
}

fn event_response(event: Event) -> Response<Body> {
    let deadline = event.deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let builder = Response::builder()
        .header(CONTENT_TYPE, "application/json")
        .header("lambda-runtime-aws-request-id", event.id)
        .header("lambda-runtime-deadline-ms", deadline.as_millis().to_string())
        .header(
            "lambda-runtime-invoked-function-arn",
            format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:safelight"),
        )
        .header("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000;Sampled=0");
    builder.body(full(event.bytes)).expect("every header is valid")
}

async fn respond(slot: &Slot, ending: StreamEnding, id: &str, request: Request<Incoming>) -> Response<Body> {
    let Some(reply) = slot.take_reply(id) else { return invalid_id() };
    let _finish = Finish { slot, id };
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let is_streamed = header("lambda-runtime-function-response-mode") == Some("streaming");
    let has_prelude = header("content-type") == Some(PRELUDE_CONTENT_TYPE);
    if is_streamed {
        let (pipe, body) = pipe();
        // The function finishes its response even if the caller has disconnected, as in the cloud.
        let _ = reply.send(Ok(Reply::Streamed { has_prelude, body }));
        if forward(request.into_body(), &pipe).await.is_ok() || ending == StreamEnding::Successful {
            pipe.finish().await;
        }
        return accepted();
    }
    let (reply_result, response) = match body::collect(request.into_body(), MAX_BUFFERED_BYTES).await {
        Ok(Some(bytes)) => (Ok(Reply::Buffered(bytes)), accepted()),
        Ok(None) => (Err(Failure::TooLarge), error(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge")),
        Err(_) => (Err(Failure::Exited), invalid_id()),
    };
    let _ = reply.send(reply_result);
    response
}

/// Frees the slot when the response ends, or when its connection breaks.
struct Finish<'a> {
    slot: &'a Slot,
    id: &'a str,
}

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.slot.finish(self.id);
    }
}

/// Forwards a streamed response. Returns an error if the function reports a failure in its trailers.
async fn forward(body: Incoming, pipe: &body::Pipe) -> Result<(), BoxError> {
    let mut chunks = Chunks::new(body);
    let mut size = 0;
    let mut is_received = true;
    while let Some(chunk) = chunks.next().await? {
        size += chunk.len();
        if MAX_STREAMED_BYTES < size {
            return Err("the response is too large".into());
        }
        is_received = is_received && pipe.send(chunk).await;
    }
    let failed = chunks.trailers.contains_key("lambda-runtime-function-error-type");
    if failed { Err("the function failed while streaming".into()) } else { Ok(()) }
}

fn accepted() -> Response<Body> {
    status(StatusCode::ACCEPTED, full("{\"status\":\"OK\"}\n"))
}

fn invalid_id() -> Response<Body> {
    error(StatusCode::BAD_REQUEST, "InvalidRequestID")
}

fn error(code: StatusCode, kind: &str) -> Response<Body> {
    status(code, full(json!({"errorType": kind, "errorMessage": kind}).to_string()))
}

fn status(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}
