//! Errors of S3, and errors as S3 reports them.

use http::StatusCode;
use reqwest::Response;
use safelight_core::{Error, Kind, Upstream};
use safelight_service::{client, status};
use serde::Deserialize;

/// An error response of S3.
#[derive(Clone, Debug, thiserror::Error)]
#[error("S3 responded {status} {code}: {message}")]
pub(crate) struct S3Error {
    pub(crate) status: StatusCode,
    /// Error code, such as `NoSuchKey`.
    code: String,
    message: String,
}

/// The body of an error response.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ErrorBody {
    code: String,
    message: String,
}

impl S3Error {
    /// Returns the error of a response without a body: the code follows from the status.
    pub(crate) fn from_status(status: StatusCode) -> Self {
        let code = status::s3_code(status);
        let message = status.canonical_reason().unwrap_or("the object could not be read");
        Self { status, code: code.to_owned(), message: message.to_owned() }
    }

    /// Reads an error response.
    pub(crate) async fn read(response: Response) -> Self {
        let mut error = Self::from_status(response.status());
        let body = client::error_body(response).await;
        if let Ok(ErrorBody { code, message }) = quick_xml::de::from_str(&String::from_utf8_lossy(&body)) {
            error.code = Some(code).filter(|code| is_code(code)).unwrap_or(error.code);
            error.message = Some(message).filter(|message| !message.is_empty()).unwrap_or(error.message);
        }
        error
    }

    /// Converts to an error of `kind`, which keeps S3's status, code and message.
    pub(crate) fn into_error(self, kind: Kind) -> Error {
        let upstream =
            Upstream { status: self.status.as_u16(), code: self.code.clone(), message: self.message.clone() };
        Error::new(kind, "s3", "the object could not be read").with_upstream(upstream).with_source(self)
    }
}

/// Returns whether Object Lambda accepts this error code (`^[A-Z][a-zA-Z]+$`).
fn is_code(code: &str) -> bool {
    let mut bytes = code.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_uppercase())
        && 1 < code.len()
        && bytes.all(|byte| byte.is_ascii_alphabetic())
}

/// An error for a caller of S3.
#[derive(Clone, Debug)]
pub(crate) struct CallerError {
    /// A status that Object Lambda accepts.
    pub(crate) status: StatusCode,
    /// Error code.
    pub(crate) code: String,
    /// Message.
    pub(crate) message: String,
}

impl From<&Error> for CallerError {
    /// Converts an error: S3's own errors keep their status, code and message.
    fn from(error: &Error) -> Self {
        if let Some(Upstream { status, code, message }) = error.upstream.as_deref() {
            let status = StatusCode::from_u16(*status).unwrap_or_default();
            return Self {
                status: status::object_lambda(status),
                code: code.clone(),
                message: message.clone(),
            };
        }
        let (status, code) = status::of_s3(error.kind);
        Self { status, code: code.to_owned(), message: error.message.clone() }
    }
}
