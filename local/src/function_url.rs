//! The Function URL: IAM authorization, events of payload format 2.0, streamed responses.

use crate::{
    body::{Body, BoxError, Cut, collect, full, streamed},
    runtime_api::{Failure, Function, Reply},
    server::Handler,
    sign::{ACCOUNT, Key, Service, verify},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header, request::Parts};
use http_body_util::BodyDataStream;
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, sync::Arc, time::SystemTime};
use uuid::Uuid;

/// Size in bytes of the largest request body.
const MAX_BODY_BYTES: usize = 6 << 20;

/// Size in bytes of the largest prelude.
const MAX_PRELUDE_BYTES: usize = 1 << 20;

/// Separator between a prelude and the body.
const SEPARATOR: [u8; 8] = [0; 8];

/// Returns the handler of the Function URL of `function`.
pub(crate) fn handler(function: Arc<Function>) -> Handler {
    Arc::new(move |request| {
        let function = function.clone();
        Box::pin(async move { respond(&function, request).await })
    })
}

async fn respond(function: &Function, request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(Some(body)) = collect(body, MAX_BODY_BYTES).await else {
        return message(StatusCode::PAYLOAD_TOO_LARGE, "Request must be smaller than 6291456 bytes");
    };
    let Ok(key) = verify(&parts, Some(&body), Service::Lambda, SystemTime::now()) else {
        return message(StatusCode::FORBIDDEN, "Forbidden");
    };
    let event = event(&parts, &body, &key).to_string();
    let response = match function.invoke(event.into()).await {
        Ok(Reply::Streamed { has_prelude: true, body }) => with_prelude(body).await,
        Ok(Reply::Streamed { has_prelude: false, body }) => Ok(plain(body)),
        Ok(Reply::Buffered(bytes)) => buffered(bytes),
        Err(Failure::TooLarge) => Ok(message(StatusCode::PAYLOAD_TOO_LARGE, "The response is too large")),
        Err(_) => Err(Cut.into()),
    };
    // The function's log has the cause.
    response.unwrap_or_else(|_| message(StatusCode::BAD_GATEWAY, "Internal Server Error"))
}

fn message(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(full(json!({"Message": text}).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Returns the event for a request ("Invoking Lambda function URLs" of the Lambda developer guide).
fn event(parts: &Parts, body: &Bytes, key: &Key) -> Value {
    let text =
        |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default();
    let mut parameters = BTreeMap::<_, String>::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let values = parameters.entry(name).or_default();
        let separator = if values.is_empty() { "" } else { "," };
        values.extend([separator, &*value]);
    }
    let mut headers = Map::new();
    for name in parts.headers.keys() {
        let values =
            parts.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        headers.insert(name.to_string(), values.collect::<Vec<_>>().join(",").into());
    }
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": parts.uri.path(),
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "authorizer": {"iam": {"accessKey": key.id, "accountId": ACCOUNT, "userId": key.id}},
            "domainName": text(header::HOST),
            "domainPrefix": "local",
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": text(header::USER_AGENT),
            },
            "requestId": Uuid::new_v4().to_string(),
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": now.as_millis() as u64,
        },
        "isBase64Encoded": !body.is_empty(),
    });
    if !parameters.is_empty() {
        event["queryStringParameters"] = json!(parameters);
    }
    if !body.is_empty() {
        event["body"] = BASE64_STANDARD.encode(body).into();
    }
    event
}

/// Status and headers from a prelude, or a whole response that is sent at once.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Head {
    status_code: u16,
    headers: BTreeMap<String, String>,
    cookies: Vec<String>,
    body: String,
    is_base64_encoded: bool,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            status_code: 200,
            headers: BTreeMap::new(),
            cookies: Vec::new(),
            body: String::new(),
            is_base64_encoded: false,
        }
    }
}

impl Head {
    fn response(&self, body: Body) -> Result<Response<Body>, BoxError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.insert(HeaderName::try_from(name)?, value.parse()?);
        }
        for cookie in &self.cookies {
            headers.append(header::SET_COOKIE, cookie.parse()?);
        }
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status_code)?;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

async fn with_prelude(body: Body) -> Result<Response<Body>, BoxError> {
    let mut chunks = BodyDataStream::new(body);
    let mut prelude = BytesMut::new();
    let end = loop {
        if let Some(end) = prelude.windows(SEPARATOR.len()).position(|bytes| bytes == SEPARATOR) {
            break end;
        }
        if MAX_PRELUDE_BYTES < prelude.len() {
            return Err("the prelude is too long".into());
        }
        prelude.extend_from_slice(&chunks.try_next().await?.ok_or("the response ends within its prelude")?);
    };
    let rest = prelude.split_off(end + SEPARATOR.len()).freeze();
    prelude.truncate(end);
    let head: Head = serde_json::from_slice(&prelude)?;
    head.response(streamed(stream::iter([Ok(rest)]).chain(chunks)))
}

fn plain(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let kind = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Converts a response that was sent at once. JSON without a status code is the body itself.
fn buffered(bytes: Bytes) -> Result<Response<Body>, BoxError> {
    let value: Value = serde_json::from_slice(&bytes)?;
    if value.get("statusCode").is_none() {
        let mut response = Response::new(full(bytes));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return Ok(response);
    }
    let head: Head = serde_json::from_value(value)?;
    let body = if head.is_base64_encoded {
        BASE64_STANDARD.decode(&head.body)?.into()
    } else {
        Bytes::from(head.body.clone())
    };
    head.response(full(body))
}
