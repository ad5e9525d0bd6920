//! Web requests in events: of Function URLs and HTTP APIs (payload format 2.0), of REST APIs (format 1.0), and of
//! Application Load Balancers.

use crate::event::{EventError, headers};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::form_urlencoded;

/// A web request.
#[derive(Debug)]
pub struct Web {
    /// Method.
    pub method: String,
    /// Path, percent-encoded, without the stage of an API.
    pub path: String,
    /// Query, percent-encoded.
    pub query: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
    /// The service that sent it, which decides the form of the response.
    pub sender: Sender,
}

/// A service that sends web requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A Function URL, whose responses are streamed.
    FunctionUrl,
    /// An HTTP API of API Gateway.
    HttpApi,
    /// A REST API of API Gateway.
    RestApi,
    /// An Application Load Balancer.
    LoadBalancer {
        /// Whether header fields are lists of values, as the load balancer then expects of responses.
        multi_value: bool,
    },
}

/// The fields of the events.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawWeb {
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    path: Option<String>,
    http_method: Option<String>,
    query_string_parameters: Option<Map<String, Value>>,
    multi_value_query_string_parameters: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "headers")]
    headers: HeaderMap,
    #[serde(default, deserialize_with = "multi_value_headers")]
    multi_value_headers: Option<HeaderMap>,
    request_context: Option<Context>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    http: Option<Http>,
    stage: Option<String>,
    api_id: Option<String>,
    domain_name: Option<String>,
    domain_prefix: Option<String>,
    /// Only of a load balancer.
    elb: Option<Value>,
}

#[derive(Deserialize)]
struct Http {
    method: String,
}

impl RawWeb {
    /// Returns the request.
    ///
    /// # Errors
    /// [`EventError::Unknown`] for another event, and [`EventError::Body`].
    pub(crate) fn into_web(self) -> Result<Web, EventError> {
        let context = self.request_context.ok_or(EventError::Unknown)?;
        let body = match self.body.unwrap_or_default() {
            body if self.is_base64_encoded == Some(true) => BASE64_STANDARD.decode(body)?,
            body => body.into(),
        };
        if let (Some(path), Some(http)) = (&self.raw_path, &context.http) {
            let stage = context.stage.as_ref().filter(|stage| *stage != "$default");
            let below = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage.as_str()));
            let path = below.filter(|path| path.starts_with('/')).unwrap_or(path);
            return Ok(Web {
                path: escaped(path),
                method: http.method.clone(),
                query: escaped(&self.raw_query_string.unwrap_or_default()),
                headers: self.headers,
                body,
                sender: if context.is_http_api() { Sender::HttpApi } else { Sender::FunctionUrl },
            });
        }
        let (Some(path), Some(method)) = (self.path, self.http_method) else {
            return Err(EventError::Unknown);
        };
        let is_load_balancer = context.elb.is_some();
        let pairs = self.multi_value_query_string_parameters.or(self.query_string_parameters);
        Ok(Web {
            path: escaped(&path),
            method,
            // A load balancer leaves the query as the client encoded it.
            query: joined(&pairs.unwrap_or_default(), is_load_balancer),
            body,
            sender: if is_load_balancer {
                Sender::LoadBalancer { multi_value: self.multi_value_headers.is_some() }
            } else {
                Sender::RestApi
            },
            headers: self.multi_value_headers.unwrap_or(self.headers),
        })
    }
}

impl Context {
    /// Returns whether the event is of an HTTP API: its default host has `execute-api`, and of a custom one, the first
    /// label is not the id of the API. Function URLs, which have the same format, have no custom host.
    fn is_http_api(&self) -> bool {
        let is_custom =
            || self.domain_prefix.is_some() && self.api_id.is_some() && self.domain_prefix != self.api_id;
        let name = self.domain_name.as_deref().unwrap_or_default();
        name.contains(".execute-api.") || !name.contains(".lambda-url.") && is_custom()
    }
}

/// What neither a path nor a query may contain as it is (RFC 3986 3.3). Some APIs send paths decoded.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// Returns the query with these pairs, whose values may be lists.
fn joined(pairs: &Map<String, Value>, is_encoded: bool) -> String {
    let values = |value: &Value| match value {
        Value::Array(values) => values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect(),
        Value::String(value) => vec![value.clone()],
        _ => Vec::new(),
    };
    let pairs =
        pairs.iter().flat_map(|(key, value)| values(value).into_iter().map(move |value| (key, value)));
    if is_encoded {
        return escaped(&pairs.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&"));
    }
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Parses headers from an object of lists, without those that are invalid.
fn multi_value_headers<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<HeaderMap>, D::Error> {
    let Some(fields) = Option::<Map<String, Value>>::deserialize(deserializer)? else { return Ok(None) };
    let mut headers = HeaderMap::new();
    for (name, values) in fields {
        let Ok(name) = name.parse::<HeaderName>() else { continue };
        for value in values.as_array().into_iter().flatten().filter_map(Value::as_str) {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.append(&name, value);
            }
        }
    }
    Ok(Some(headers))
}
