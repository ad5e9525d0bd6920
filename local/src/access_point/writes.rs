//! `WriteGetObjectResponse`: where the function's answer meets the caller who waits for it.

use crate::{
    body::{Body, Chunks, Pipe, collect, empty, pipe},
    faults::Faults,
    sign::{Refusal, Service, verify},
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

/// Answers that are waited for.
#[derive(Debug)]
pub(crate) struct Writes {
    waiting: Mutex<HashMap<String, Waiting>>,
    faults: Arc<Faults>,
}

#[derive(Debug)]
struct Waiting {
    route: String,
    /// Until it is used: a token is good for one answer.
    caller: Option<oneshot::Sender<Response<Body>>>,
    /// Dropped when no more may be written.
    open: watch::Sender<()>,
}

/// The right to answer one caller.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) route: String,
    pub(super) token: String,
    /// The answer, when it comes.
    pub(super) write: oneshot::Receiver<Response<Body>>,
}

/// Statuses that may be forwarded.
const STATUSES: [u16; 14] = [200, 206, 304, 400, 401, 403, 404, 405, 409, 411, 412, 416, 500, 503];

/// Headers that may be forwarded, behind `x-amz-fwd-header-`; those that begin with `x-amz-` may all.
const FORWARDED: [&str; 10] = [
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
        Self { waiting: Mutex::default(), faults }
    }

    /// A new route and token.
    pub(super) fn issue(&self) -> Ticket {
        let route = format!("io-local-{}", &Uuid::new_v4().simple().to_string()[..8]);
        let token = Uuid::new_v4().simple().to_string();
        let (caller, write) = oneshot::channel();
        let waiting = Waiting { route: route.clone(), caller: Some(caller), open: watch::Sender::new(()) };
        self.waiting().insert(token.clone(), waiting);
        Ticket { route, token, write }
    }

    /// Ends the life of a token: what is being written is cut, what comes later is refused.
    pub(super) fn close(&self, token: &str) {
        self.waiting().remove(token);
    }

    /// Answers the function's request.
    pub(crate) async fn write(&self, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        if let Err(Refusal { code, message }) =
            verify(&parts, None, Service::S3ObjectLambda, SystemTime::now())
        {
            return xml::error(StatusCode::FORBIDDEN, code, message);
        }
        let Some((caller, mut open)) = self.redeem(&parts.headers) else {
            return invalid("The route or the token is not valid, or was used.");
        };
        if let Some(status) = self.faults.take_refused_write() {
            return xml::error(status, "InternalError", "An injected fault.");
        }
        let answer = match Answer::new(&parts.headers) {
            Ok(answer) => answer,
            Err(message) => return invalid(message),
        };
        if answer.code.is_some() || answer.status == StatusCode::NOT_MODIFIED {
            return answer.send_error(caller, body).await;
        }
        let (pipe, stream) = pipe();
        // A caller who is gone shows when the first chunk is sent.
        let _ = caller.send(super::response(answer.status, answer.headers, stream));
        select! {
            response = forward(body, pipe) => response,
            // The sender is gone, and never sent anything.
            _ = open.changed() => invalid("The function has ended, or its time is over."),
        }
    }

    /// Takes the caller of the request's route and token.
    fn redeem(&self, headers: &HeaderMap) -> Option<(oneshot::Sender<Response<Body>>, watch::Receiver<()>)> {
        let mut waiting = self.waiting();
        let waiting = waiting.get_mut(text(headers, "x-amz-request-token")?)?;
        let is_right = text(headers, "x-amz-request-route") == Some(&*waiting.route);
        let caller = waiting.caller.take_if(|_| is_right)?;
        Some((caller, waiting.open.subscribe()))
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, Waiting>> {
        // Entries come and go whole: a panic elsewhere leaves none of them half changed.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Moves the function's body on to the caller.
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

/// What the caller is to get, but for the body.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    /// Code and message of an error, where the answer is one without a body of its own.
    code: Option<(String, String)>,
}

impl Answer {
    fn new(headers: &HeaderMap) -> Result<Self, &'static str> {
        let status = match text(headers, "x-amz-fwd-status") {
            Some(status) => status
                .parse()
                .ok()
                .filter(|status| STATUSES.contains(status))
                .ok_or("The status is not valid.")?,
            None => 200,
        };
        let status = StatusCode::from_u16(status).map_err(|_| "The status is not valid.")?;
        let code = text(headers, "x-amz-fwd-error-code");
        let message = text(headers, "x-amz-fwd-error-message");
        if (code.is_some() || message.is_some()) && (status.is_success() || has_body(headers)) {
            return Err("An error code or message cannot be sent with a success or with a body.");
        }
        if code.is_some_and(|code| !is_code(code)) {
            return Err("The error code is not valid.");
        }
        let is_bare = is_error(status) && !has_body(headers);
        let code = is_bare.then(|| {
            let text = |text: Option<&str>, default: &str| text.unwrap_or(default).to_owned();
            (text(code, "UnknownError"), text(message, ""))
        });
        Ok(Self { status, headers: forwarded(headers)?, code })
    }

    /// Sends an answer that has no body of the function's.
    async fn send_error(self, caller: oneshot::Sender<Response<Body>>, body: Incoming) -> Response<Body> {
        if collect(body, 0).await.is_ok_and(|body| body.is_none()) {
            return invalid("This answer cannot have a body.");
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
        // A caller who is gone does not miss it.
        let _ = caller.send(response);
        Response::new(empty())
    }
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// The headers that the caller gets.
fn forwarded(headers: &HeaderMap) -> Result<HeaderMap, &'static str> {
    let mut forwarded = HeaderMap::new();
    for (name, value) in headers {
        if let Some(inner) = name.as_str().strip_prefix("x-amz-fwd-header-") {
            if !FORWARDED.contains(&inner) && !inner.starts_with("x-amz-") {
                return Err("This header cannot be forwarded.");
            }
            let inner = HeaderName::try_from(inner).map_err(|_| "A header's name is not valid.")?;
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

/// Whether the request announces a body.
fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || text(headers, "content-length").is_some_and(|length| length != "0")
}

/// `^[A-Z][a-zA-Z]+$`
fn is_code(code: &str) -> bool {
    code.len() > 1
        && code.starts_with(|first: char| first.is_ascii_uppercase())
        && code.chars().all(|c| c.is_ascii_alphabetic())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
