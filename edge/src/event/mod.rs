//! What CloudFront tells a Lambda@Edge function before it asks its cache or an origin, and what the function
//! returns (AWS, "Lambda@Edge event structure" and "Generate HTTP responses in request triggers").
//!
//! Fields that are not known here are kept, and stand in what the function returns as they stood in the event.

mod check;
mod headers;
mod limits;
mod origin;

pub use check::{Violation, check_request, check_response};
pub use headers::{Header, Headers, KeyedByOther};
pub use limits::is_disallowed;
pub use origin::{CustomOrigin, Origin, Protocol, S3Origin};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{borrow::Cow, fmt};

/// An event of one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Records", into = "Records")]
pub struct Event {
    /// What it is about.
    pub config: Config,
    /// The request.
    pub request: Request,
}

/// Where an event comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// Name that viewers know the distribution by.
    pub distribution_domain_name: String,
    /// Name that AWS knows the distribution by.
    pub distribution_id: String,
    /// When the function runs.
    pub event_type: EventType,
    /// Name of the request; the origin gets it as `X-Amz-Cf-Id`.
    pub request_id: String,
}

/// When a function runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventType {
    /// Before the cache is asked.
    ViewerRequest,
    /// Before the origin is asked.
    OriginRequest,
}

/// A request. [`check_request`] says whether CloudFront takes it back from a function.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Address of the viewer. Read-only.
    pub client_ip: String,
    /// Method, in capitals. Read-only.
    pub method: String,
    /// Path, escaped or not, as the viewer sent it.
    pub uri: String,
    /// Query without its question mark; empty where there is none.
    pub querystring: String,
    /// Headers.
    pub headers: Headers,
    /// Body, where the function was given the right to see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// Where the request goes, in an origin-request event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Every other field.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Leaves out what can hold a viewer's secrets.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Request");
        debug.field("method", &self.method).field("uri", &self.uri).field("headers", &self.headers);
        debug.field("body", &self.body).finish_non_exhaustive()
    }
}

/// Body of a request.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Body {
    /// Whether only the first part of the body is here. Read-only.
    pub input_truncated: bool,
    /// What becomes of it. Defaults to read-only.
    #[serde(default)]
    pub action: Action,
    /// How `data` is written. Defaults to base64.
    #[serde(default)]
    pub encoding: Encoding,
    /// The bytes.
    #[serde(default)]
    pub data: String,
    /// Every other field.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Body {
    /// The bytes that `data` stands for; `None` where it is not what `encoding` says.
    pub fn bytes(&self) -> Option<Cow<'_, [u8]>> {
        match self.encoding {
            Encoding::Text => Some(Cow::Borrowed(self.data.as_bytes())),
            Encoding::Base64 => STANDARD.decode(&self.data).ok().map(Cow::Owned),
        }
    }
}

/// Leaves out the bytes.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Body");
        debug.field("input_truncated", &self.input_truncated).field("action", &self.action);
        debug.field("encoding", &self.encoding).finish_non_exhaustive()
    }
}

/// What becomes of a request's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The origin gets what the viewer sent.
    #[default]
    ReadOnly,
    /// The origin gets what the function returned.
    Replace,
}

/// How bytes are written in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// RFC 4648 section 4, with padding.
    #[default]
    Base64,
    /// As they are, in UTF-8.
    Text,
}

/// A response that a function makes itself. [`check_response`] says whether CloudFront takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// Status code from 200 to 599; a string in JSON.
    #[serde(with = "status")]
    pub status: u16,
    /// Words behind the status. Defaults to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_description: Option<String>,
    /// Headers. Defaults to none.
    #[serde(default)]
    pub headers: Headers,
    /// Body. Defaults to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How `body` is written. Defaults to text, other than a request's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_encoding: Option<Encoding>,
}

/// What a function returns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// Go on with this request.
    Request(Box<Request>),
    /// Answer the viewer with this.
    Response(Response),
}

impl Answer {
    /// Whether CloudFront takes it from a function that got `before` in an event of `event_type`.
    ///
    /// # Errors
    /// If not.
    pub fn check(&self, event_type: EventType, before: &Request) -> Result<(), Violation> {
        match self {
            Self::Request(after) => check_request(event_type, before, after),
            Self::Response(response) => check_response(event_type, response),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Records {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Serialize, Deserialize)]
struct Record {
    cf: CloudFront,
}

#[derive(Serialize, Deserialize)]
struct CloudFront {
    config: Config,
    request: Request,
}

impl TryFrom<Records> for Event {
    type Error = String;

    fn try_from(records: Records) -> Result<Self, String> {
        let count = records.records.len();
        let [Record { cf: CloudFront { config, request } }] = <[Record; 1]>::try_from(records.records)
            .map_err(|_| format!("an event has one record, not {count}"))?;
        Ok(Self { config, request })
    }
}

impl From<Event> for Records {
    fn from(Event { config, request }: Event) -> Self {
        Self { records: vec![Record { cf: CloudFront { config, request } }] }
    }
}

mod status {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(status: &u16, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(status)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| D::Error::custom("a status is a number from 200 to 599 in a string"))
    }
}
