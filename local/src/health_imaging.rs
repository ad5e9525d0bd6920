//! AWS HealthImaging over a folder: signed requests, three syntaxes of image sets, DICOMweb frames, faults.
//!
//! ```text
//! {data store}/{image set}/{frame id}.{jph,j2c,jpg,bin}   frames; the extension says what is stored
//! {data store}/{image set}/metadata[.{version}].json.gz    GetImageSetMetadata
//! {data store}/{image set}/image-set.json                  GetImageSet
//! {data store}/studies/…/frames/{number}.{…}               DICOMweb
//! ```

#![expect(clippy::result_large_err, reason = "both are answers, and go the same way")]

use crate::{
    body::{Body, collect, full},
    faults::{Faults, FrameFault, spoil},
    server::{Handler, Server, Socket},
    sign::{Refusal, Service, verify},
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

/// The largest request body.
const MAX_BODY: usize = 64 << 10;

/// What extensions of stored frames mean ("Image frame transfer syntaxes" of the developer guide).
const TYPES: [(&str, &str); 4] =
    [("jph", "image/jph"), ("j2c", "image/j2c"), ("jpg", "image/jpeg"), ("bin", "application/octet-stream")];

/// A running `HealthImaging`. It ends when it is dropped.
#[derive(Debug)]
pub struct HealthImaging {
    server: Server,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    folder: PathBuf,
    faults: Faults,
    asked: Mutex<Vec<String>>,
}

impl HealthImaging {
    /// Serves `folder` on `port`; 0 is any that is free.
    ///
    /// # Errors
    /// If the port is taken.
    pub async fn start(folder: impl Into<PathBuf>, port: u16) -> io::Result<Self> {
        let state = State { folder: folder.into(), faults: Faults::default(), asked: Mutex::default() };
        let state = Arc::new(state);
        let server = Socket::bind(port).await?.serve(handler(state.clone()));
        Ok(Self { server, state })
    }

    /// Where it is, for image sets and for DICOMweb.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Where faults are ordered.
    pub fn faults(&self) -> &Faults {
        &self.state.faults
    }

    /// What it was asked since this was asked last: method, path and body.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn handler(state: Arc<State>) -> Handler {
    Arc::new(move |request| {
        let state = state.clone();
        Box::pin(async move { state.answer(request).await.unwrap_or_else(|error| error) })
    })
}

type Answer = Result<Response<Body>, Response<Body>>;

impl State {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let (parts, body) = request.into_parts();
        let Ok(Some(body)) = collect(body, MAX_BODY).await else {
            return Err(error(StatusCode::BAD_REQUEST, "ValidationException", "The body is too long."));
        };
        let line = format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(&body));
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(line.trim_end().to_owned());
        verify(&parts, Some(&body), Service::MedicalImaging, SystemTime::now()).map_err(refused)?;
        let fault = match self.faults.take_frame() {
            Some(FrameFault::Refuse { status, code, retry_after }) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut response = error(status, code, "An injected fault of account 111122223333.");
                let wait = retry_after.map(|seconds| (header::RETRY_AFTER, seconds.into()));
                response.headers_mut().extend(wait);
                return Err(response);
            }
            Some(FrameFault::Body(fault)) => Some(fault),
            None => None,
        };
        let response = self.find(&parts, &body)?;
        Ok(match fault {
            Some(fault) => response.map(|body| spoil(body, fault)),
            None => response,
        })
    }

    fn find(&self, parts: &Parts, body: &Bytes) -> Answer {
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
                        let wrong = || {
                            error(StatusCode::BAD_REQUEST, "ValidationException", "imageFrameId is not valid")
                        };
                        stored(&folder, id.ok_or_else(wrong)?)
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
                    _ => Err(absent()),
                }
            }
            (&Method::GET, ["", "datastore", store, "studies", path @ .., number]) if is_id(store) => {
                // DICOM identifiers have nothing but digits and dots, so the folder cannot be left.
                let is_plain =
                    |part: &&str| !part.is_empty() && !part.starts_with('.') && !part.contains('%');
                if !path.iter().all(is_plain) || !is_acceptable(&parts.headers) {
                    return Err(error(
                        StatusCode::NOT_ACCEPTABLE,
                        "NotAcceptableException",
                        "Not in this syntax.",
                    ));
                }
                let folder =
                    path.iter().fold(self.folder.join(store).join("studies"), |path, part| path.join(part));
                stored(&folder, &number.replace("%2C", ","))
            }
            _ => Err(absent()),
        }
    }
}

/// The frame of the name `id`, of whatever kind.
fn stored(folder: &Path, id: &str) -> Answer {
    let found = TYPES.into_iter().find(|(extension, _)| folder.join(format!("{id}.{extension}")).is_file());
    let (extension, name) = found.ok_or_else(absent)?;
    read(&folder.join(format!("{id}.{extension}")), name)
}

fn read(path: &Path, name: &'static str) -> Answer {
    let mut response = Response::new(full(std::fs::read(path).map_err(|_| absent())?));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(name));
    Ok(response)
}

/// Whether DICOMweb could answer in what is accepted: anything but a syntax that it cannot make.
fn is_acceptable(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or("*/*");
    ["*/*", "multipart/related", "application/octet-stream", "application/dicom+json"]
        .iter()
        .any(|known| accept.contains(known))
}

fn refused(refusal: Refusal) -> Response<Body> {
    let code = match refusal.code {
        "InvalidAccessKeyId" | "InvalidToken" => "UnrecognizedClientException",
        _ => "InvalidSignatureException",
    };
    error(StatusCode::FORBIDDEN, code, refusal.message)
}

fn absent() -> Response<Body> {
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
