//! Events of S3 Object Lambda, of Function URLs and of API Gateway, as far as they are used.
//!
//! They are read leniently: AWS adds fields at any time, leaves some out (a caller that is a service has
//! hardly any identity), and spells a few in more than one way.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// What the function was invoked with.
#[derive(Debug)]
pub enum Event {
    /// A caller of an Object Lambda access point wants an object.
    Get {
        /// Whom to answer.
        output: Output,
        /// The object.
        object: Object,
    },
    /// One wants only its headers.
    Head(Object),
    /// One wants a list of objects, in either version.
    List(Object),
    /// A web request, of a Function URL or of API Gateway (payload format 2.0).
    Web(Web),
}

/// Where `WriteGetObjectResponse` is to go, once.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The part of the host name that leads to the waiting caller.
    #[serde(rename = "outputRoute")]
    pub route: String,
    /// What proves that the caller waits for us.
    #[serde(rename = "outputToken")]
    pub token: String,
}

/// What an Object Lambda access point was asked for.
#[derive(Debug)]
pub struct Object {
    /// Name of the caller's request.
    pub id: Option<String>,
    /// Presigned with the caller's rights.
    pub url: String,
    /// The URL that the caller asked for, decoded: whole, or its path and query only.
    pub user_url: String,
    /// The caller's headers, without those that prove who it is.
    pub headers: HeaderMap,
    /// The access point's own settings, as the text of a JSON object; empty if there are none.
    pub payload: String,
}

/// A web request.
#[derive(Debug)]
pub struct Web {
    /// Its method.
    pub method: String,
    /// Its path, still encoded, without the stage of an API.
    pub path: String,
    /// Its query, still encoded.
    pub query: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

/// Why an event could not be understood.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It is no JSON object, or a field is of another type.
    #[error("the event cannot be read")]
    Json(#[from] serde_json::Error),
    /// The body is said to be in base64, and is not.
    #[error("the body cannot be decoded")]
    Body(#[from] base64::DecodeError),
    /// It is of a service that is not answered here.
    #[error(
        "the event is of no known kind; S3 Object Lambda, a Function URL or API Gateway (2.0) would be one"
    )]
    Unknown,
}

impl Event {
    /// Reads an event and tells its kind by what it holds.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, EventError> {
        let given: Given = serde_json::from_slice(bytes)?;
        let user = given.user_request.unwrap_or_default();
        let object = |url| Object {
            id: given.x_amz_request_id,
            url,
            user_url: user.url.unwrap_or_default(),
            headers: user.headers,
            payload: given.configuration.and_then(|configuration| configuration.payload).unwrap_or_default(),
        };
        if let Some(GetContext { url, output }) = given.get_object_context {
            return Ok(Self::Get { output, object: object(url) });
        }
        if let Some(context) = given.head_object_context {
            return Ok(Self::Head(object(context.url)));
        }
        if let Some(context) = given.list_objects_context.or(given.list_objects_v2_context) {
            return Ok(Self::List(object(context.url)));
        }
        let context = given.request_context.unwrap_or_default();
        let (Some(path), Some(http)) = (given.raw_path, context.http) else {
            return Err(EventError::Unknown);
        };
        let stage = context.stage.filter(|stage| stage != "$default").map(|stage| format!("/{stage}"));
        let below = stage.and_then(|stage| path.strip_prefix(&stage).filter(|path| path.starts_with('/')));
        Ok(Self::Web(Web {
            path: below.unwrap_or(&path).to_owned(),
            method: http.method,
            query: given.raw_query_string.unwrap_or_default(),
            headers: given.headers,
            body: if given.is_base64_encoded == Some(true) {
                BASE64_STANDARD.decode(given.body.unwrap_or_default())?
            } else {
                given.body.unwrap_or_default().into()
            },
        }))
    }
}

impl Object {
    /// The object's path as the caller wrote it, decoded, and the query that goes with it.
    ///
    /// The caller's URL came decoded, so a question mark in it may belong to the key; the presigned URL,
    /// which is still encoded, ends in the key and decides.
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
struct Given {
    x_amz_request_id: Option<String>,
    get_object_context: Option<GetContext>,
    head_object_context: Option<Context>,
    list_objects_context: Option<Context>,
    list_objects_v2_context: Option<Context>,
    configuration: Option<Configuration>,
    user_request: Option<UserRequest>,
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    #[serde(default, deserialize_with = "headers")]
    headers: HeaderMap,
    request_context: Option<RequestContext>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
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

#[derive(Default, Deserialize)]
struct RequestContext {
    http: Option<Http>,
    stage: Option<String>,
}

#[derive(Deserialize)]
struct Http {
    method: String,
}

/// Headers as an object of texts; what cannot be a header is left out.
fn headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HeaderMap, D::Error> {
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
