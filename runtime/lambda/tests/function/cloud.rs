//! The parts of AWS that the function uses, on one port: the Runtime API, an S3 with objects in memory, and the
//! receiver of `WriteGetObjectResponse`. Tests choose its faults.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc::Receiver},
    time::{Duration, SystemTime},
};
use tokio::{
    net::TcpListener,
    sync::{Mutex as AsyncMutex, mpsc},
};

/// Tag and date of every object.
pub(crate) const ETAG: &str = "\"0123456789abcdef\"";
pub(crate) const CHANGED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// Reads the event of this name. `https://originals-…` in it is replaced by the S3 of the test.
pub(crate) fn event(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/function/events/{name}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A fault of S3, or of `WriteGetObjectResponse`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// No fault.
    None,
    /// S3 responds with an error.
    Error(u16, &'static str),
    /// S3 responds with an error without a body.
    BareError(u16),
    /// S3 never responds.
    Silent,
    /// S3 stops in the middle.
    Stuck,
    /// The connection to S3 breaks in the middle.
    Reset,
    /// `WriteGetObjectResponse` is rejected.
    Unwritable,
}

/// The loopback AWS.
pub(crate) struct Cloud {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    events: mpsc::UnboundedSender<(Value, Duration)>,
    outcomes: AsyncMutex<mpsc::UnboundedReceiver<Sent>>,
}

struct State {
    objects: Mutex<HashMap<String, Bytes>>,
    fault: Mutex<Fault>,
    requests: Mutex<Vec<(Method, String, HeaderMap)>>,
    written: Mutex<Vec<Sent>>,
    events: AsyncMutex<mpsc::UnboundedReceiver<(Value, Duration)>>,
    outcomes: mpsc::UnboundedSender<Sent>,
}

/// A request that the function sent.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: HeaderMap,
    /// Whether the body ended as its framing states.
    pub(crate) whole: bool,
}

impl Sent {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Returns status and headers of a streamed web response, and its body.
    pub(crate) fn web(&self) -> (Value, &[u8]) {
        let at = self.body.windows(8).position(|window| window == [0; 8]).unwrap();
        (serde_json::from_slice(&self.body[..at]).unwrap(), &self.body[at + 8..])
    }

    /// Returns status, error code and message of `WriteGetObjectResponse`.
    pub(crate) fn status_and_error(&self) -> (u16, &str, &str) {
        let status = self.header("x-amz-fwd-status").parse().unwrap();
        (status, self.header("x-amz-fwd-error-code"), self.header("x-amz-fwd-error-message"))
    }
}

impl Cloud {
    pub(crate) async fn start() -> Self {
        let (events, waiting) = mpsc::unbounded_channel();
        let (outcomes, receiver) = mpsc::unbounded_channel();
        let state = Arc::new(State {
            objects: Mutex::default(),
            fault: Mutex::new(Fault::None),
            requests: Mutex::default(),
            written: Mutex::default(),
            events: AsyncMutex::new(waiting),
            outcomes,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let state = shared.clone();
                let service = service_fn(move |request| handle(state.clone(), request));
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        let cloud = Self { address, state, events, outcomes: AsyncMutex::new(receiver) };
        cloud.put("photo.jpg", safelight_images::read("photo.jpg"));
        cloud
    }

    pub(crate) fn put(&self, key: &str, bytes: impl Into<Bytes>) {
        self.state.objects.lock().unwrap().insert(key.to_owned(), bytes.into());
    }

    pub(crate) fn break_with(&self, fault: Fault) {
        *self.state.fault.lock().unwrap() = fault;
    }

    /// Returns the requests to S3 since the last call.
    pub(crate) fn requests(&self) -> Vec<(Method, String, HeaderMap)> {
        std::mem::take(&mut self.state.requests.lock().unwrap())
    }

    /// Returns the calls of `WriteGetObjectResponse` since the last call.
    pub(crate) fn written(&self) -> Vec<Sent> {
        std::mem::take(&mut self.state.written.lock().unwrap())
    }

    /// Runs the function with these variables besides those that Lambda sets.
    pub(crate) fn run(&self, variables: &[(&str, &str)]) -> Function {
        let mut child = self.command(variables).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (log, reader) = std::sync::mpsc::channel();
        // Read always, because a full pipe would block the function.
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| log.send(line)));
        Function { child, log: reader }
    }

    pub(crate) fn command(&self, variables: &[(&str, &str)]) -> Command {
        let address = self.address.to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_bootstrap"));
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", &address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "pictures")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "AKEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_SESSION_TOKEN", "session")
            .env("AWS_ENDPOINT_URL", format!("http://{address}"))
            .env("AWS_ALLOW_HTTP", "true")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped());
        command
    }

    /// Sends an event to the function, and returns its request to the Runtime API.
    pub(crate) async fn invoke(&self, event: &Value) -> Sent {
        self.invoke_within(event, Duration::from_mins(1)).await
    }

    /// The same, with this time for the response.
    pub(crate) async fn invoke_within(&self, event: &Value, time: Duration) -> Sent {
        let s3 = format!("http://{}/ap", self.address);
        let url = "https://originals-111122223333.s3-accesspoint.eu-west-1.amazonaws.com";
        let event = serde_json::from_str(&event.to_string().replace(url, &s3)).unwrap();
        self.events.send((event, time)).unwrap();
        self.outcomes.lock().await.recv().await.unwrap()
    }

    /// Returns the one call of `WriteGetObjectResponse` for `event`.
    pub(crate) async fn get(&self, event: &Value) -> Sent {
        let sent = self.invoke(event).await;
        let mut written = self.written();
        assert_eq!(written.len(), 1, "{event} had this many responses; the function replied {sent:?}");
        written.remove(0)
    }
}

/// The running function, which ends when this value is dropped.
pub(crate) struct Function {
    child: Child,
    log: Receiver<String>,
}

impl Function {
    /// Returns the next log line with the field `name`.
    pub(crate) fn line_with(&self, name: &str) -> Value {
        loop {
            let line = self.log.recv().expect("a line before the end of the log");
            let line: Value =
                serde_json::from_str(&line).unwrap_or_else(|_| panic!("not a log line: {line:?}"));
            if line.get(name).is_some() {
                return line;
            }
        }
    }

    /// Returns a value of /proc/…/status, in KiB.
    pub(crate) fn memory_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // The program may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

async fn handle(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Body>, std::io::Error> {
    let path = request.uri().path().to_owned();
    if path == "/2018-06-01/runtime/invocation/next" {
        return Ok(next(&state).await);
    }
    if path.starts_with("/2018-06-01/runtime/invocation/") {
        let sent = take(request).await;
        state.outcomes.send(sent).unwrap();
        return Ok(respond(202, &[], Bytes::new()));
    }
    if path == "/WriteGetObjectResponse" {
        let is_refused = *state.fault.lock().unwrap() == Fault::Unwritable;
        let sent = take(request).await;
        state.written.lock().unwrap().push(sent);
        return Ok(if is_refused { error(400, "ValidationError") } else { respond(200, &[], Bytes::new()) });
    }
    let target = request.uri().to_string();
    state.requests.lock().unwrap().push((request.method().clone(), target, request.headers().clone()));
    Ok(object(&state, &request).await)
}

async fn next(state: &State) -> Response<Body> {
    let Some((event, time)) = state.events.lock().await.recv().await else {
        return std::future::pending().await;
    };
    let kill = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + time;
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", kill.as_millis().to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-west-1:111122223333:function:p".to_owned(),
        ),
        ("lambda-runtime-invocation-id", "invocation".to_owned()),
    ];
    respond(200, &headers, event.to_string().into())
}

/// Reads a request to its end, or until it breaks off.
async fn take(request: Request<Incoming>) -> Sent {
    let (parts, mut incoming) = request.into_parts();
    let mut sent = Sent {
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body: Vec::new(),
        trailers: HeaderMap::new(),
        whole: true,
    };
    while let Some(frame) = incoming.frame().await {
        let Ok(frame) = frame else {
            sent.whole = false;
            break;
        };
        match frame.into_data() {
            Ok(bytes) => sent.body.extend_from_slice(&bytes),
            Err(frame) => sent.trailers = frame.into_trailers().unwrap(),
        }
    }
    sent
}

/// Returns the response of S3, which requires every signed header, and honours ranges and dates.
async fn object(state: &State, request: &Request<Incoming>) -> Response<Body> {
    let fault = *state.fault.lock().unwrap();
    match fault {
        Fault::Error(status, code) => return error(status, code),
        Fault::BareError(status) => return respond(status, &[], Bytes::new()),
        Fault::Silent => return std::future::pending().await,
        _ => (),
    }
    let query = request.uri().query().unwrap_or_default();
    let signed =
        query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-SignedHeaders=")).unwrap_or("host");
    if signed.split("%3B").any(|name| !request.headers().contains_key(name)) {
        return error(403, "SignatureDoesNotMatch");
    }
    let path = request.uri().path();
    if matches!(path, "/ap" | "/ap/") {
        return respond(200, &[], "<ListBucketResult><Name>originals</Name></ListBucketResult>".into());
    }
    let key = path.trim_start_matches("/ap/").trim_start_matches("/photos/").to_owned();
    let Some(bytes) = state.objects.lock().unwrap().get(&key).cloned() else {
        return error(404, "NoSuchKey");
    };
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let mut headers = vec![
        ("etag", ETAG.to_owned()),
        ("last-modified", CHANGED.to_owned()),
        ("accept-ranges", "bytes".to_owned()),
        ("content-type", "image/jpeg".to_owned()),
        ("content-disposition", "inline".to_owned()),
        ("x-amz-meta-author", "An  Author".to_owned()),
        ("x-amz-version-id", "v1".to_owned()),
        ("x-amz-checksum-crc32", "AAAAAA==".to_owned()),
    ];
    if header("if-modified-since").is_some_and(|date| date == CHANGED) {
        return respond(304, &headers, Bytes::new());
    }
    let from = header("range").map(|range| range["bytes=".len()..].trim_end_matches('-').parse().unwrap());
    let status = if from.is_some() { 206 } else { 200 };
    let from: usize = from.unwrap_or_default();
    if status == 206 {
        headers.push(("content-range", format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len())));
    }
    let rest = bytes.slice(from..);
    headers.push(("content-length", rest.len().to_string()));
    if request.method() == Method::HEAD {
        return respond(status, &headers, Bytes::new());
    }
    let is_cut = matches!(fault, Fault::Stuck | Fault::Reset);
    let rest = if is_cut { rest.slice(..rest.len() / 2) } else { rest };
    let chunks =
        (0..rest.len()).step_by(64 << 10).map(move |at| rest.slice(at..rest.len().min(at + (64 << 10))));
    let end = stream::once(async move {
        if fault == Fault::Stuck {
            std::future::pending::<()>().await;
        }
        Err(std::io::Error::other("reset"))
    });
    let body = stream::iter(chunks.map(Ok)).chain(end.take(usize::from(is_cut)));
    let mut response = respond(status, &headers, Bytes::new());
    *response.body_mut() = StreamBody::new(body.map(|chunk| chunk.map(Frame::data))).boxed_unsync();
    response
}

fn error(status: u16, code: &str) -> Response<Body> {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>S3 says {code}</Message>\
         <RequestId>1</RequestId></Error>"
    );
    respond(status, &[], xml.into())
}

fn respond(status: u16, headers: &[(&'static str, String)], body: Bytes) -> Response<Body> {
    let mut response = Response::new(Full::new(body).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}
