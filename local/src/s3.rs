//! S3: `s3s` over a folder, with conditional requests and faults added.

use crate::{
    access_point::writes::Writes,
    body::{Body, empty},
    conditional,
    faults::{Faults, SourceFault, with_fault},
    server::Handler,
    sign::KEYS,
    xml,
};
use http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use s3s::{
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tempfile::TempDir;

/// Name of the only bucket.
pub const BUCKET: &str = "images";

/// The folder of the bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Parent folder of the bucket; `s3s` stores the metadata of objects here.
    root: TempDir,
}

impl Bucket {
    /// Returns a bucket with the files of `folder` as its objects, or an empty one.
    pub(crate) fn open(folder: Option<&Path>) -> io::Result<Self> {
        let root = TempDir::new()?;
        let bucket = root.path().join(BUCKET);
        match folder {
            Some(folder) => link(&folder.canonicalize()?, &bucket)?,
            None => std::fs::create_dir(bucket)?,
        }
        Ok(Self { root })
    }

    /// Returns its folder.
    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join(BUCKET)
    }

    fn root(&self) -> &Path {
        self.root.path()
    }
}

#[cfg(unix)]
fn link(folder: &Path, bucket: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(folder, bucket)
}

#[cfg(windows)]
fn link(folder: &Path, bucket: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_dir(folder, bucket)
}

/// Requests that the bucket received, in order: method, path and range.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<Vec<String>>);

impl RequestLog {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn record(&self, request: &Request<Incoming>) {
        let range =
            request.headers().get(header::RANGE).and_then(|range| range.to_str().ok()).unwrap_or_default();
        let line = format!("{} {} {range}", request.method(), request.uri().path());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line.trim_end().to_owned());
    }
}

/// Returns the handler of the S3 endpoint: objects, and `WriteGetObjectResponse`, which the SDK sends to the
/// same endpoint if one is configured.
pub(crate) fn handler(
    bucket: &Bucket,
    writes: Arc<Writes>,
    log: Arc<RequestLog>,
    faults: Arc<Faults>,
) -> io::Result<Handler> {
    let files = FileSystem::new(bucket.root()).map_err(|error| io::Error::other(format!("{error:?}")))?;
    let mut auth = SimpleAuth::new();
    for key in KEYS {
        auth.register(key.id.to_owned(), key.secret.into());
    }
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(auth);
    let s3 = builder.build();
    Ok(Arc::new(move |request| {
        let (s3, writes, log, faults) = (s3.clone(), writes.clone(), log.clone(), faults.clone());
        Box::pin(async move {
            if request.method() == Method::POST && request.uri().path() == "/WriteGetObjectResponse" {
                return writes.write(request).await;
            }
            log.record(&request);
            let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
            let fault = if is_read { faults.take_source() } else { None };
            respond(&s3, request, fault).await
        })
    }))
}

async fn respond(s3: &S3Service, request: Request<Incoming>, fault: Option<SourceFault>) -> Response<Body> {
    if let Some(SourceFault::Status(status)) = fault {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return xml::error(status, error_code(status), "An injected fault.");
    }
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let conditions = request.headers().clone();
    let response = match s3.call(request.map(s3s::Body::from)).await {
        Ok(response) => response.map(|body| http_body_util::BodyExt::map_err(body, Into::into)),
        Err(error) => {
            return xml::error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", &format!("{error:?}"));
        }
    };
    let response = response.map(http_body_util::BodyExt::boxed_unsync);
    let verdict = conditional::evaluate(&conditions, response.headers());
    match verdict.filter(|_| is_read && response.status().is_success()) {
        Some(StatusCode::NOT_MODIFIED) => not_modified(&response),
        Some(status) => xml::error(
            status,
            error_code(status),
            "At least one of the pre-conditions you specified did not hold",
        ),
        None => match fault {
            Some(fault) => response.map(|body| with_fault(body, fault)),
            None => response,
        },
    }
}

/// Returns a 304 with the validators of `response`.
fn not_modified(response: &Response<Body>) -> Response<Body> {
    let mut not_modified = Response::new(empty());
    *not_modified.status_mut() = StatusCode::NOT_MODIFIED;
    for name in [header::ETAG, header::LAST_MODIFIED, header::CACHE_CONTROL, header::EXPIRES] {
        let value = response.headers().get(&name).cloned();
        not_modified.headers_mut().extend(value.map(|value| (name, value)));
    }
    not_modified
}

/// Returns S3's error code for a status.
fn error_code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "InvalidRequest",
        403 => "AccessDenied",
        404 => "NoSuchKey",
        405 => "MethodNotAllowed",
        412 => "PreconditionFailed",
        416 => "InvalidRange",
        503 => "SlowDown",
        _ => "InternalError",
    }
}
