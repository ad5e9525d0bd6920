//! AWS HealthImaging over a folder: signed requests, three syntaxes of image sets, DICOMweb frames, faults.
//!
//! ```text
//! {data store}/{image set}/{frame id}.{jph,j2c,jpg,bin}   frames; the extension is the stored type
//! {data store}/{image set}/metadata[.{version}].json.gz    GetImageSetMetadata
//! {data store}/{image set}/image-set.json                  GetImageSet
//! {data store}/studies/…/frames/{number}.{…}               DICOMweb
//! ```

#![expect(clippy::result_large_err, reason = "both are responses, and are handled alike")]

use crate::{
    body::{Body, collect, full},
    faults::{Faults, FrameFault, with_fault},
    server::{Handler, Server, Socket},
    sign::{Rejection, Service, verify},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use hyper::body::Incoming;
use serde_json::{Value, json};
use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

/// Size in bytes of the largest request body.
const MAX_BODY_BYTES: usize = 64 << 10;

/// MIME types of stored frames by extension ("Image frame transfer syntaxes" of the developer guide).
const TYPES: [(&str, &str); 4] =
    [("jph", "image/jph"), ("j2c", "image/j2c"), ("jpg", "image/jpeg"), ("bin", "application/octet-stream")];

/// A running `HealthImaging`. Dropping the value stops it.
#[derive(Debug)]
pub struct HealthImaging {
    server: Server,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    folder: PathBuf,
    faults: Faults,
    requests: Mutex<Vec<String>>,
}

impl HealthImaging {
    /// Serves `folder` on `port`; 0 selects a free one.
    ///
    /// # Errors
    /// If the port is in use.
    pub async fn start(folder: impl Into<PathBuf>, port: u16) -> io::Result<Self> {
        let state = State { folder: folder.into(), faults: Faults::default(), requests: Mutex::default() };
        let state = Arc::new(state);
        let server = Socket::bind(port).await?.serve(handler(state.clone()));
        Ok(Self { server, state })
    }

    /// Address of the service, for image sets and for DICOMweb.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Faults to inject.
    pub fn faults(&self) -> &Faults {
        &self.state.faults
    }

    /// Returns the requests that the service received since the last call: method, path and body.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn handler(state: Arc<State>) -> Handler {
    Arc::new(move |request| {
        let state = state.clone();
        Box::pin(async move { state.respond(request).await.unwrap_or_else(|error| error) })
    })
}

type ResponseResult = Result<Response<Body>, Response<Body>>;

impl State {
    async fn respond(&self, request: Request<Incoming>) -> ResponseResult {
        let (parts, body) = request.into_parts();
        let Ok(Some(body)) = collect(body, MAX_BODY_BYTES).await else {
            return Err(error(StatusCode::BAD_REQUEST, "ValidationException", "The body is too large."));
        };
        let line = format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(&body));
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(line.trim_end().to_owned());
        verify(&parts, Some(&body), Service::MedicalImaging, SystemTime::now()).map_err(signature_error)?;
        let fault = match self.faults.take_frame() {
            Some(FrameFault::Error { status, code, retry_after }) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut response = error(status, code, "An injected fault of account 111122223333.");
                let wait = retry_after.map(|seconds| (header::RETRY_AFTER, seconds.into()));
                response.headers_mut().extend(wait);
                return Err(response);
            }
            Some(FrameFault::Body(fault)) => Some(fault),
            None => None,
        };
        let response = self.route(&parts, &body)?;
        Ok(match fault {
            Some(fault) => response.map(|body| with_fault(body, fault)),
            None => response,
        })
    }

    fn route(&self, parts: &Parts, body: &Bytes) -> ResponseResult {
        let segments: Vec<_> = parts.uri.path().split('/').collect();
        match (&parts.method, &segments[..]) {
            (&Method::POST, ["", "datastore", store, "imageSet", set, action])
                if is_id(store) && is_id(set) =>
            {
                let folder = self.folder.join(store).join(set);
                match *action {
                    "getImageFrame" => {
                        let body: Value = serde_json::from_slice(body).unwrap_or_default();
                        let id = body["imageFrameId"].as_str().filter(|id| is_id(id));
                        let invalid = || {
                            error(StatusCode::BAD_REQUEST, "ValidationException", "imageFrameId is not valid")
                        };
                        read_frame(&folder, id.ok_or_else(invalid)?)
                    }
                    "getImageSetMetadata" => {
                        let version = parts.uri.query().and_then(|query| query.strip_prefix("version="));
                        let name = version.map_or_else(
                            || "metadata.json.gz".to_owned(),
                            |version| format!("metadata.{version}.json.gz"),
                        );
                        let mut response = read(&folder.join(name), "application/json")?;
                        response
                            .headers_mut()
                            .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                        Ok(response)
                    }
                    "getImageSet" => read(&folder.join("image-set.json"), "application/json"),
                    _ => Err(not_found()),
                }
            }
            (&Method::GET, ["", "datastore", store, "studies", path @ .., number]) if is_id(store) => {
                // DICOM identifiers contain only digits and dots, so a path cannot leave the folder.
                let is_plain =
                    |part: &&str| !part.is_empty() && !part.starts_with('.') && !part.contains('%');
                if !path.iter().all(is_plain) || !is_acceptable(&parts.headers) {
                    return Err(error(
                        StatusCode::NOT_ACCEPTABLE,
                        "NotAcceptableException",
                        "The transfer syntax is not supported.",
                    ));
                }
                let folder =
                    path.iter().fold(self.folder.join(store).join("studies"), |path, part| path.join(part));
                read_frame(&folder, &number.replace("%2C", ","))
            }
            _ => Err(not_found()),
        }
    }
}

/// Returns the frame `id` of any type.
fn read_frame(folder: &Path, id: &str) -> ResponseResult {
    let found = TYPES.into_iter().find(|(extension, _)| folder.join(format!("{id}.{extension}")).is_file());
    let (extension, name) = found.ok_or_else(not_found)?;
    read(&folder.join(format!("{id}.{extension}")), name)
}

fn read(path: &Path, name: &'static str) -> ResponseResult {
    let mut response = Response::new(full(std::fs::read(path).map_err(|_| not_found())?));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(name));
    Ok(response)
}

/// Returns whether DICOMweb can respond in an accepted type.
fn is_acceptable(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or("*/*");
    ["*/*", "multipart/related", "application/octet-stream", "application/dicom+json"]
        .iter()
        .any(|known| accept.contains(known))
}

fn signature_error(rejection: Rejection) -> Response<Body> {
    let code = match rejection.code {
        "InvalidAccessKeyId" | "InvalidToken" => "UnrecognizedClientException",
        _ => "InvalidSignatureException",
    };
    error(StatusCode::FORBIDDEN, code, rejection.message)
}

fn not_found() -> Response<Body> {
    error(StatusCode::NOT_FOUND, "ResourceNotFoundException", "The resource does not exist.")
}

fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let mut response = Response::new(full(json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-amzn-errortype", HeaderValue::try_from(code).expect("a code is ASCII"));
    headers.insert("x-amzn-requestid", HeaderValue::from_static("local-request"));
    response
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z'))
}
