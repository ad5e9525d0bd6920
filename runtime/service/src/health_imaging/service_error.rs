//! Error responses of the service.

use crate::{client, status};
use http::{HeaderMap, StatusCode};
use reqwest::Response;
use safelight_core::{Error, Kind};
use serde::Deserialize;

/// Maximum characters of the service's message that a caller sees.
const MAX_MESSAGE_CHARS: usize = 200;

/// The maximum `Retry-After`, in seconds.
const MAX_RETRY_SECS: u32 = 120;

/// The `Retry-After` if the service names none, in seconds.
const DEFAULT_RETRY_SECS: u32 = 1;

/// An error response. `Display` omits its message from the log, because it may quote the request.
#[derive(Clone, Debug, thiserror::Error)]
#[error("HealthImaging responded {status} {code}, request {request_id}")]
pub(super) struct ServiceError {
    status: StatusCode,
    code: String,
    /// Identifies the request for AWS's support.
    request_id: String,
    message: String,
    /// Seconds to wait, if the service names them.
    pub(super) retry_after: Option<u32>,
}

/// The body of an error response.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    #[serde(rename = "__type")]
    code: String,
    #[serde(alias = "Message")]
    message: String,
}

impl ServiceError {
    /// Reads an error response.
    pub(super) async fn read(response: Response) -> Self {
        let status = response.status();
        let word = |name: &str| printable(text(response.headers(), name), MAX_MESSAGE_CHARS);
        let (code, request_id) = (word("x-amzn-errortype"), word("x-amzn-requestid"));
        let retry_after = client::retry_after(response.headers());
        let body: ErrorBody = serde_json::from_slice(&client::error_body(response).await).unwrap_or_default();
        let code = if code.is_empty() { body.code } else { code };
        // A namespace may precede the code, and a URL may follow it.
        let code = code.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default();
        Self {
            status,
            code: printable(code, 64),
            request_id,
            message: printable(&body.message, MAX_MESSAGE_CHARS),
            retry_after: retry_after.map(|seconds| seconds.min(MAX_RETRY_SECS)),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        status::of_health_imaging(self.status, &self.code)
    }
}

impl From<ServiceError> for Error {
    /// Converts to the error for the caller, who sees the service's message only if it is about the request.
    fn from(error: ServiceError) -> Self {
        let kind = error.kind();
        let message = match kind {
            Kind::InvalidParam if !error.message.is_empty() => {
                format!("HealthImaging rejected the request: {}", error.message)
            }
            Kind::InvalidParam => "HealthImaging rejected the request: invalid id or version".to_owned(),
            Kind::Forbidden => "HealthImaging denies access to this resource".to_owned(),
            Kind::NotFound => "no image frame at this path".to_owned(),
            Kind::NotAcceptable if !error.message.is_empty() => {
                format!("HealthImaging has no acceptable representation: {}", error.message)
            }
            Kind::NotAcceptable => "HealthImaging has no representation that the request accepts".to_owned(),
            Kind::SourceConflict => "the image set is being changed: retry when that is done".to_owned(),
            Kind::Throttled | Kind::Busy => {
                "HealthImaging receives too many requests: retry later".to_owned()
            }
            Kind::Timeout => "HealthImaging took too long to respond".to_owned(),
            _ => "the source could not be read".to_owned(),
        };
        let retry_after = match kind {
            Kind::Throttled | Kind::Busy => Some(error.retry_after.unwrap_or(DEFAULT_RETRY_SECS)),
            _ => error.retry_after,
        };
        let mut public = Self::new(kind, "healthimaging", message);
        public.retry_after = retry_after;
        public.with_source(error)
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Returns the printable ASCII characters of `text`, at most `limit`.
fn printable(text: &str, limit: usize) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(limit).collect()
}
