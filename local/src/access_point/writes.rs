//! `WriteGetObjectResponse`: passes the function's response to the waiting caller.

use crate::{
    body::{Body, Chunks, Pipe, collect, empty, pipe},
    faults::Faults,
    sign::{Rejection, Service, verify},
    xml,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};
use tokio::{
    select,
    sync::{oneshot, watch},
};
use uuid::Uuid;

/// Responses that callers wait for.
#[derive(Debug)]
pub(crate) struct Writes {
    pending: Mutex<HashMap<String, PendingWrite>>,
    faults: Arc<Faults>,
}

#[derive(Debug)]
struct PendingWrite {
    route: String,
    /// `None` once it was used: a token is valid for one response.
    caller: Option<oneshot::Sender<Response<Body>>>,
    /// Dropped when no more writes are accepted.
    open: watch::Sender<()>,
}

/// Route and token for the response to one caller.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) route: String,
    pub(super) token: String,
    /// Receives the response.
    pub(super) write: oneshot::Receiver<Response<Body>>,
}

/// Statuses that can be forwarded.
const FORWARDED_STATUSES: [u16; 14] = [200, 206, 304, 400, 401, 403, 404, 405, 409, 411, 412, 416, 500, 503];

/// Headers that can be forwarded after the prefix `x-amz-fwd-header-`, besides those that begin with
/// `x-amz-`.
const FORWARDED_HEADERS: [&str; 10] = [
    "accept-ranges",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-range",
    "content-type",
    "etag",
    "expires",
    "last-modified",
];

impl Writes {
    pub(crate) fn new(faults: Arc<Faults>) -> Self {
        Self { pending: Mutex::default(), faults }
    }

    /// Issues a new route and token.
    pub(super) fn issue(&self) -> Ticket {
        let route = format!("io-local-{}", &Uuid::new_v4().simple().to_string()[..8]);
        let token = Uuid::new_v4().simple().to_string();
        let (caller, write) = oneshot::channel();
        let pending =
            PendingWrite { route: route.clone(), caller: Some(caller), open: watch::Sender::new(()) };
        self.pending().insert(token.clone(), pending);
        Ticket { route, token, write }
    }

    /// Invalidates a token: a write in progress is cut, later writes are rejected.
    pub(super) fn close(&self, token: &str) {
        self.pending().remove(token);
    }

    /// Handles a write request of the function.
    pub(crate) async fn write(&self, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        if let Err(Rejection { code, message }) =
            verify(&parts, None, Service::S3ObjectLambda, SystemTime::now())
        {
            return xml::error(StatusCode::FORBIDDEN, code, message);
        }
        let Some((caller, mut open)) = self.redeem(&parts.headers) else {
            return invalid("The route or token is invalid, or was used already.");
        };
        if let Some(status) = self.faults.take_rejected_write() {
            return xml::error(status, "InternalError", "An injected fault.");
        }
        let response = match ForwardedResponse::new(&parts.headers) {
            Ok(response) => response,
            Err(message) => return invalid(message),
        };
        if response.code.is_some() || response.status == StatusCode::NOT_MODIFIED {
            return response.send_error(caller, body).await;
        }
        let (pipe, stream) = pipe();
        // If the caller has disconnected, sending the first chunk fails.
        let _ = caller.send(super::response(response.status, response.headers, stream));
        select! {
            response = forward(body, pipe) => response,
            // The sender was dropped; it never sends a value.
            _ = open.changed() => invalid("The function has ended or timed out."),
        }
    }

    /// Takes the caller for the request's route and token.
    fn redeem(&self, headers: &HeaderMap) -> Option<(oneshot::Sender<Response<Body>>, watch::Receiver<()>)> {
        let mut pending = self.pending();
        let pending = pending.get_mut(text(headers, "x-amz-request-token")?)?;
        let is_valid = text(headers, "x-amz-request-route") == Some(&*pending.route);
        let caller = pending.caller.take_if(|_| is_valid)?;
        Some((caller, pending.open.subscribe()))
    }

    fn pending(&self) -> MutexGuard<'_, HashMap<String, PendingWrite>> {
        // Entries are inserted and removed as a whole, so a panic elsewhere leaves none half changed.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forwards the function's body to the caller.
async fn forward(body: Incoming, pipe: Pipe) -> Response<Body> {
    let mut chunks = Chunks::new(body);
    loop {
        match chunks.next().await {
            Ok(Some(chunk)) => {
                if !pipe.send(chunk).await {
                    let message = "The client closed the connection.";
                    return xml::error(StatusCode::BAD_REQUEST, "ConnectionClosedByRequester", message);
                }
            }
            Ok(None) => {
                pipe.finish().await;
                return Response::new(empty());
            }
            Err(_) => return invalid("The body is incomplete."),
        }
    }
}

fn invalid(message: &str) -> Response<Body> {
    xml::error(StatusCode::BAD_REQUEST, "ValidationError", message)
}

/// The caller's response, without the body.
struct ForwardedResponse {
    status: StatusCode,
    headers: HeaderMap,
    /// Code and message of an error response that has no body of its own.
    code: Option<(String, String)>,
}

impl ForwardedResponse {
    fn new(headers: &HeaderMap) -> Result<Self, &'static str> {
        let status = match text(headers, "x-amz-fwd-status") {
            Some(status) => status
                .parse()
                .ok()
                .filter(|status| FORWARDED_STATUSES.contains(status))
                .ok_or("The status is invalid.")?,
            None => 200,
        };
        let status = StatusCode::from_u16(status).map_err(|_| "The status is invalid.")?;
        let code = text(headers, "x-amz-fwd-error-code");
        let message = text(headers, "x-amz-fwd-error-message");
        if (code.is_some() || message.is_some()) && (status.is_success() || has_body(headers)) {
            return Err("An error code or message cannot be sent with a success or with a body.");
        }
        if code.is_some_and(|code| !is_code(code)) {
            return Err("The error code is invalid.");
        }
        let is_bare = is_error(status) && !has_body(headers);
        let code = is_bare.then(|| {
            let text = |text: Option<&str>, default: &str| text.unwrap_or(default).to_owned();
            (text(code, "UnknownError"), text(message, ""))
        });
        Ok(Self { status, headers: forwarded(headers)?, code })
    }

    /// Sends a response without a body from the function.
    async fn send_error(self, caller: oneshot::Sender<Response<Body>>, body: Incoming) -> Response<Body> {
        if collect(body, 0).await.is_ok_and(|body| body.is_none()) {
            return invalid("This response cannot have a body.");
        }
        let response = match self.code {
            Some((code, message)) => {
                let mut response = xml::error(self.status, &code, &message);
                let headers = self.headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
                let is_of_body =
                    |name: &HeaderName| [header::CONTENT_TYPE, header::CONTENT_LENGTH].contains(name);
                response.headers_mut().extend(headers.filter(|(name, _)| !is_of_body(name)));
                response
            }
            None => super::response(self.status, self.headers, empty()),
        };
        // A disconnected caller needs no response.
        let _ = caller.send(response);
        Response::new(empty())
    }
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// Returns the headers of the caller's response.
fn forwarded(headers: &HeaderMap) -> Result<HeaderMap, &'static str> {
    let mut forwarded = HeaderMap::new();
    for (name, value) in headers {
        if let Some(inner) = name.as_str().strip_prefix("x-amz-fwd-header-") {
            if !FORWARDED_HEADERS.contains(&inner) && !inner.starts_with("x-amz-") {
                return Err("This header cannot be forwarded.");
            }
            let inner = HeaderName::try_from(inner).map_err(|_| "A header name is invalid.")?;
            forwarded.insert(inner, value.clone());
        } else if name.as_str().starts_with("x-amz-meta-") {
            forwarded.insert(name, value.clone());
        }
    }
    if has_body(headers)
        && let Some(length) = headers.get(header::CONTENT_LENGTH)
    {
        forwarded.insert(header::CONTENT_LENGTH, length.clone());
    }
    let id = HeaderValue::try_from(Uuid::new_v4().to_string()).expect("a UUID is a valid value");
    forwarded.insert("x-amz-request-id", id);
    Ok(forwarded)
}

/// Returns whether the request has a body.
fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || text(headers, "content-length").is_some_and(|length| length != "0")
}

/// Returns whether `code` matches `^[A-Z][a-zA-Z]+$`.
fn is_code(code: &str) -> bool {
    code.len() > 1
        && code.starts_with(|first: char| first.is_ascii_uppercase())
        && code.chars().all(|c| c.is_ascii_alphabetic())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
