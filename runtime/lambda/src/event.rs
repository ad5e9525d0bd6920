//! Events of S3 Object Lambda, and of services that send web requests: the fields that the function uses.
//!
//! Parsing is lenient: AWS adds fields at any time, omits some (those of the identity of a caller that is a service),
//! and spells a few in several ways.

use crate::web_event::{RawWeb, Web};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// An event.
#[derive(Debug)]
pub enum Event {
    /// `GetObject` of an Object Lambda access point.
    Get {
        /// The address of the caller.
        output: Output,
        /// The object.
        object: Object,
    },
    /// `HeadObject`.
    Head(Object),
    /// `ListObjects` or `ListObjectsV2`.
    List(Object),
    /// A web request of a Function URL, of API Gateway or of a load balancer.
    Web(Web),
}

/// The address of a caller, for one `WriteGetObjectResponse`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The part of the host name that leads to the caller.
    #[serde(rename = "outputRoute")]
    pub route: String,
    /// The proof that the function may respond to the caller.
    #[serde(rename = "outputToken")]
    pub token: String,
}

/// A request to an Object Lambda access point.
#[derive(Debug)]
pub struct Object {
    /// Name of the caller's request.
    pub id: Option<String>,
    /// URL, presigned with the caller's rights.
    pub url: String,
    /// URL of the caller, decoded: whole, or only path and query.
    pub user_url: String,
    /// Headers of the caller, without those of its signature.
    pub headers: HeaderMap,
    /// Settings of the access point: the text of a JSON object, or empty.
    pub payload: String,
}

/// An event that cannot be parsed.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It is not a JSON object, or a field has another type.
    #[error("the event is not valid JSON of a known shape")]
    Json(#[from] serde_json::Error),
    /// The body is marked as base64 but is not.
    #[error("the event has a body that is not valid base64")]
    Body(#[from] base64::DecodeError),
    /// It comes from an unsupported service.
    #[error(
        "unsupported event: expected one of S3 Object Lambda, a Function URL, API Gateway or an Application Load Balancer"
    )]
    Unknown,
}

impl Event {
    /// Parses an event; its fields tell its kind.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, EventError> {
        let raw: RawEvent = serde_json::from_slice(bytes)?;
        let user = raw.user_request.unwrap_or_default();
        let object = |url| Object {
            id: raw.x_amz_request_id,
            url,
            user_url: user.url.unwrap_or_default(),
            headers: user.headers,
            payload: raw.configuration.and_then(|configuration| configuration.payload).unwrap_or_default(),
        };
        if let Some(GetContext { url, output }) = raw.get_object_context {
            return Ok(Self::Get { output, object: object(url) });
        }
        if let Some(context) = raw.head_object_context {
            return Ok(Self::Head(object(context.url)));
        }
        if let Some(context) = raw.list_objects_context.or(raw.list_objects_v2_context) {
            return Ok(Self::List(object(context.url)));
        }
        raw.web.into_web().map(Self::Web)
    }
}

impl Object {
    /// Returns the object's path as the caller wrote it, decoded, and the query of the request.
    ///
    /// The caller's URL is decoded, so a question mark in it may belong to the key. The presigned URL, which is
    /// encoded, ends with the key and decides.
    pub fn target(&self) -> (&str, &str) {
        let url = self.user_url.as_str();
        let path_at = url.find("://").map_or(0, |at| {
            let rest = &url[at + 3..];
            at + 3 + rest.find(['/', '?']).unwrap_or(rest.len())
        });
        let target = &url[path_at..];
        let key = self.url.parse::<Uri>().map(|url| url.path().to_owned()).unwrap_or_default();
        let key = percent_decode_str(&key).decode_utf8_lossy();
        let splits = || target.match_indices('?').map(|(at, _)| (&target[..at], &target[at + 1..]));
        let own = splits().find(|(path, _)| key.ends_with(path)).filter(|(path, _)| 1 < path.len());
        if own.is_none() && 1 < target.len() && key.ends_with(target) {
            return (target, "");
        }
        own.or_else(|| splits().next()).unwrap_or((target, ""))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEvent {
    x_amz_request_id: Option<String>,
    get_object_context: Option<GetContext>,
    head_object_context: Option<Context>,
    list_objects_context: Option<Context>,
    list_objects_v2_context: Option<Context>,
    configuration: Option<Configuration>,
    user_request: Option<UserRequest>,
    #[serde(flatten)]
    web: RawWeb,
}

#[derive(Deserialize)]
struct GetContext {
    #[serde(rename = "inputS3Url")]
    url: String,
    #[serde(flatten)]
    output: Output,
}

#[derive(Deserialize)]
struct Context {
    #[serde(rename = "inputS3Url")]
    url: String,
}

#[derive(Deserialize)]
struct Configuration {
    payload: Option<String>,
}

#[derive(Default, Deserialize)]
struct UserRequest {
    url: Option<String>,
    #[serde(default, deserialize_with = "headers")]
    headers: HeaderMap,
}

/// Parses headers from an object of texts, without those that are invalid.
pub(crate) fn headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HeaderMap, D::Error> {
    let fields = Option::<Map<String, Value>>::deserialize(deserializer)?.unwrap_or_default();
    let header = |(name, value): (String, Value)| {
        let text = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some((name.parse::<HeaderName>().ok()?, HeaderValue::try_from(text).ok()?))
    };
    Ok(fields.into_iter().filter_map(header).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, user_url: &str, expected: (&str, &str)) {
        let object = Object {
            id: None,
            url: url.to_owned(),
            user_url: user_url.to_owned(),
            headers: HeaderMap::new(),
            payload: String::new(),
        };
        assert_eq!(object.target(), expected, "{user_url}");
    }

    #[test]
    fn the_query_is_what_follows_the_key() {
        let signed = "https://ap-1.s3-accesspoint.eu-west-1.amazonaws.com/2026/a.jpg?X-Amz-Signature=1";
        check(
            signed,
            "https://ol-1.s3-object-lambda.eu-west-1.amazonaws.com/2026/a.jpg",
            ("/2026/a.jpg", ""),
        );
        check(signed, "https://ol.example/2026/a.jpg?width=3&x=?", ("/2026/a.jpg", "width=3&x=?"));
        check(signed, "/2026/a.jpg?width=3", ("/2026/a.jpg", "width=3"));
        check(signed, "/2026/a.jpg", ("/2026/a.jpg", ""));
        check(signed, "", ("", ""));
        check(signed, "https://ol.example?width=3", ("", "width=3"));
    }

    #[test]
    fn a_question_mark_may_belong_to_the_key() {
        let signed = "https://ap.example/what%3F%20when%3F.jpg?X-Amz-Signature=1";
        check(signed, "https://ol.example/what? when?.jpg?width=3", ("/what? when?.jpg", "width=3"));
        check(signed, "/what? when?.jpg", ("/what? when?.jpg", ""));
        check("http://127.0.0.1:1/bucket/a%3Fb.jpg", "/a?b.jpg?h=1", ("/a?b.jpg", "h=1"));
        check("no url", "/a.jpg?width=3", ("/a.jpg", "width=3"));
    }
}
