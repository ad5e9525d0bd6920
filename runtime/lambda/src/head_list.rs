//! What callers of an access point ask without wanting an object: its headers, and lists.

use crate::{
    deadline::Deadline,
    event::Object,
    function::{Function, internal},
    object::{kept, late, record, refusal},
    presigned::{Refusal, describe, parse, signed},
    reply::Reply,
};
use http::{HeaderMap, Method, StatusCode, header};
use reqwest::Response;
use safelight_core::{Error, Kind, Result};
use safelight_service::{
    client::{collect, unreadable},
    handle::preview,
    log::Record,
    request::Request,
    status,
};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Most bytes of a list: a thousand of the longest keys, and less than a function may return.
const MAX_LIST_BYTES: usize = 5 << 20;

/// Answers `HeadObject`.
pub(crate) async fn head(function: &Function, object: &Object, id: &str, deadline: Deadline) -> Reply {
    let id = object.id.as_deref().unwrap_or(id);
    let record = record(function, object, "HEAD", id);
    let found = deadline.answer(look(function, object, id, &record)).await.unwrap_or_else(|| Err(late()));
    said(record, found.map(|(status, headers)| (status, json!({ "headers": headers }))))
}

/// Answers `ListObjects` and `ListObjectsV2` with what S3 says.
pub(crate) async fn list(function: &Function, object: &Object, id: &str, deadline: Deadline) -> Reply {
    let id = object.id.as_deref().unwrap_or(id);
    let record = record(function, object, "LIST", id);
    let found = deadline.answer(pass(function, object, &record)).await.unwrap_or_else(|| Err(late()));
    said(record, found.map(|xml| (status::WHOLE, json!({ "listResultXml": xml }))))
}

/// Asks S3 for the object's headers, and says which of them the answer's head would have.
///
/// The URL is signed for `HEAD`, so the object cannot be read; what only reading tells is left out.
async fn look(
    function: &Function,
    object: &Object,
    id: &str,
    record: &Record,
) -> Result<(StatusCode, Value)> {
    let service = function.service(&object.payload)?;
    let response = ask(function, object, Method::HEAD).await?;
    let meta = describe(&response);
    let (_, query) = object.target();
    let request = Request {
        id: id.to_owned(),
        query: query.to_owned(),
        headers: object.headers.clone(),
        wants_body: false,
        needs_length: false,
        meter: record.meter.clone(),
    };
    let mut answer = preview(&service, &meta, &request);
    if let Some(error) = answer.extensions_mut().remove::<Arc<Error>>() {
        return Err(Arc::into_inner(error).unwrap_or_else(|| internal("failed unexpectedly")));
    }
    let mut headers = kept(response.headers());
    headers.extend(std::mem::take(answer.headers_mut()));
    Ok((answer.status(), named(&headers)))
}

async fn pass(function: &Function, object: &Object, record: &Record) -> Result<String> {
    let response = ask(function, object, Method::GET).await?;
    let too_long = || Error::new(Kind::LimitExceeded, "list", "is too long; ask for fewer keys");
    let xml = collect(response, MAX_LIST_BYTES).await.map_err(unreadable)?.ok_or_else(too_long)?;
    record.meter.add_read(xml.len());
    String::from_utf8(xml.into())
        .map_err(|error| Error::new(Kind::Upstream, "list", "is no text").with_source(error))
}

/// S3's answer about what the event names, if it is no refusal.
async fn ask(function: &Function, object: &Object, method: Method) -> Result<Response> {
    let url = parse(&object.url)?;
    let headers = signed(&url, &object.headers);
    let request = function.client()?.request(method, url).headers(headers);
    let response = request.send().await.map_err(unreadable)?;
    if response.status().is_success() {
        return Ok(response);
    }
    let refusal = Refusal::read(response).await;
    let kind = status::kind_of(refusal.status);
    Err(refusal.into_error(kind))
}

/// The function's result, and the end of its record.
fn said(mut record: Record, found: Result<(StatusCode, Value)>) -> Reply {
    record.complete = true;
    let (status, mut value, error) = match found {
        Ok((status, value)) => (status, value, None),
        Err(error) => {
            let (status, code, message) = refusal(&error, false);
            (status, json!({ "errorCode": code, "errorMessage": message }), Some(Arc::new(error)))
        }
    };
    record.note(status, &HeaderMap::new(), error);
    value["statusCode"] = status.as_u16().into();
    Reply::Json(value)
}

/// Headers by the names that S3 knows in a function's result.
fn named(headers: &HeaderMap) -> Value {
    let names = [
        (header::ACCEPT_RANGES, "Accept-Ranges"),
        (header::CACHE_CONTROL, "Cache-Control"),
        (header::CONTENT_DISPOSITION, "Content-Disposition"),
        (header::CONTENT_LANGUAGE, "Content-Language"),
        (header::ETAG, "ETag"),
        (header::LAST_MODIFIED, "Last-Modified"),
    ];
    let name = |name: &header::HeaderName| {
        let known = names.iter().find(|(known, _)| known == name).map(|(_, name)| (*name).to_owned());
        known.or_else(|| Some(name.as_str().to_owned()).filter(|name| name.starts_with("x-amz-")))
    };
    let pairs = headers.iter().filter_map(|(key, value)| Some((name(key)?, value.to_str().ok()?.into())));
    Value::Object(pairs.collect::<Map<_, _>>())
}
