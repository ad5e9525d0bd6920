//! What the service says where it does not answer.

use crate::{client, status};
use http::{HeaderMap, StatusCode, header};
use reqwest::Response;
use safelight_core::{Error, Kind};
use serde::Deserialize;

/// Most characters of the service's message that a caller sees.
const MAX_MESSAGE_CHARS: usize = 200;

/// The longest that a caller is told to wait, in seconds.
const MAX_RETRY_SECS: u64 = 120;

/// An error of the service; its text stays out of the log, for it may quote what was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("HealthImaging answered {status} {code}, request {request_id}")]
pub(crate) struct Refusal {
    status: StatusCode,
    code: String,
    /// Names the request to AWS's support.
    request_id: String,
    message: String,
    /// Seconds to wait, if the service says so.
    pub(crate) retry_after: Option<u64>,
}

impl Refusal {
    /// Reads what the service says.
    pub(super) async fn read(response: Response) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Said {
            #[serde(rename = "__type")]
            code: String,
            #[serde(alias = "Message")]
            message: String,
        }
        let status = response.status();
        let word = |name: &str| plain(text(response.headers(), name), MAX_MESSAGE_CHARS);
        let (code, request_id) = (word("x-amzn-errortype"), word("x-amzn-requestid"));
        let retry_after = text(response.headers(), header::RETRY_AFTER.as_str()).parse().ok();
        let said: Said = serde_json::from_slice(&client::refusal(response).await).unwrap_or_default();
        let code = if code.is_empty() { said.code } else { code };
        // Either may come with a namespace before it, or a URL behind it.
        let code = code.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default();
        Self {
            status,
            code: plain(code, 64),
            request_id,
            message: plain(&said.message, MAX_MESSAGE_CHARS),
            retry_after: retry_after.map(|seconds: u64| seconds.min(MAX_RETRY_SECS)),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        status::of_health_imaging(self.status, &self.code)
    }

    /// The error for the caller. What the service says is shown only where it is about the question.
    pub(super) fn into_error(self) -> Error {
        let kind = self.kind();
        let message = match kind {
            Kind::InvalidParam if !self.message.is_empty() => format!("was refused: {}", self.message),
            Kind::InvalidParam => "was refused: an id or a version is not valid".to_owned(),
            Kind::Forbidden => "may not be read".to_owned(),
            Kind::NotFound => "there is no image frame here".to_owned(),
            Kind::NotAcceptable if !self.message.is_empty() => format!("has no such form: {}", self.message),
            Kind::NotAcceptable => "has no form that the request accepts".to_owned(),
            Kind::SourceConflict => "is being changed; try again when that is done".to_owned(),
            Kind::Throttled | Kind::Busy => "is asked too often; try again later".to_owned(),
            Kind::Timeout => "took too long".to_owned(),
            _ => "could not be read".to_owned(),
        };
        Error::new(kind, "source", message).with_source(self)
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The printable ASCII of `text`, up to `limit` characters.
fn plain(text: &str, limit: usize) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(limit).collect()
}
