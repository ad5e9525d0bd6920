//! S3: `s3s` over a folder, with the conditions that it lacks, and with faults.

use crate::{
    access_point::writes::Writes,
    body::{Body, empty},
    conditional,
    faults::{Faults, SourceFault, spoil},
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

/// Where the bucket's objects lie.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// What S3 keeps of objects besides their bytes lies here, beside the bucket.
    root: TempDir,
}

impl Bucket {
    /// The bucket whose objects are the files of `folder`, or an empty one.
    pub(crate) fn open(folder: Option<&Path>) -> io::Result<Self> {
        let root = TempDir::new()?;
        let bucket = root.path().join(BUCKET);
        match folder {
            Some(folder) => link(&folder.canonicalize()?, &bucket)?,
            None => std::fs::create_dir(bucket)?,
        }
        Ok(Self { root })
    }

    /// Its folder.
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

/// Requests that the bucket was asked, in order: method, path and range.
#[derive(Debug, Default)]
pub(crate) struct Asked(Mutex<Vec<String>>);

impl Asked {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, request: &Request<Incoming>) {
        let range =
            request.headers().get(header::RANGE).and_then(|range| range.to_str().ok()).unwrap_or_default();
        let line = format!("{} {} {range}", request.method(), request.uri().path());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line.trim_end().to_owned());
    }
}

/// What the endpoint of S3 answers with: objects, and `WriteGetObjectResponse`, which the SDK sends to the
/// same endpoint where one is given.
pub(crate) fn handler(
    bucket: &Bucket,
    writes: Arc<Writes>,
    asked: Arc<Asked>,
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
        let (s3, writes, asked, faults) = (s3.clone(), writes.clone(), asked.clone(), faults.clone());
        Box::pin(async move {
            if request.method() == Method::POST && request.uri().path() == "/WriteGetObjectResponse" {
                return writes.write(request).await;
            }
            asked.note(&request);
            let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
            let fault = if is_read { faults.take_source() } else { None };
            answer(&s3, request, fault).await
        })
    }))
}

async fn answer(s3: &S3Service, request: Request<Incoming>, fault: Option<SourceFault>) -> Response<Body> {
    if let Some(SourceFault::Status(status)) = fault {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return xml::error(status, code(status), "An injected fault.");
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
    let verdict = conditional::weigh(&conditions, response.headers());
    match verdict.filter(|_| is_read && response.status().is_success()) {
        Some(StatusCode::NOT_MODIFIED) => unchanged(&response),
        Some(status) => {
            xml::error(status, code(status), "At least one of the pre-conditions you specified did not hold")
        }
        None => match fault {
            Some(fault) => response.map(|body| spoil(body, fault)),
            None => response,
        },
    }
}

/// Word that what `response` holds is what the client has.
fn unchanged(response: &Response<Body>) -> Response<Body> {
    let mut unchanged = Response::new(empty());
    *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
    for name in [header::ETAG, header::LAST_MODIFIED, header::CACHE_CONTROL, header::EXPIRES] {
        let value = response.headers().get(&name).cloned();
        unchanged.headers_mut().extend(value.map(|value| (name, value)));
    }
    unchanged
}

/// S3's error code for a status.
fn code(status: StatusCode) -> &'static str {
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
