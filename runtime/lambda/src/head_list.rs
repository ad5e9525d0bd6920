//! `HeadObject`, `ListObjects` and `ListObjectsV2` of an Object Lambda access point.

use crate::{
    deadline::{Deadline, deadline_exceeded},
    event::Object,
    function::Function,
    object::{PART_BYTES, choose_range, door_request},
    presigned::{describe, parse_url, repeated_headers, signed_headers},
    reply::Reply,
    s3_error::{CallerError, S3Error},
};
use headers::{HeaderMapExt, Range};
use http::{HeaderMap, Method, StatusCode, header};
use reqwest::Response;
use safelight_core::{Error, Kind, Result};
use safelight_service::{
    client::{collect, unreadable},
    door::{DoorResponse, Pending, serve_request},
    handle::{Service, preview},
    meter::Meter,
    rejection::Rejection,
    response::Body,
    status,
};
use serde_json::{Map, Value, json};
use std::ops::Bound;

/// Maximum bytes of a list: a thousand of the longest keys, and less than a function may return.
const MAX_LIST_BYTES: usize = 5 << 20;

/// Responds to `HeadObject`.
pub(crate) async fn head_object(function: &Function, object: &Object, id: &str, deadline: Deadline) -> Reply {
    let service = function.service(&object.payload);
    let mut request = door_request(service.as_ref().unwrap_or(&function.service), object, "HEAD", id);
    request.wants_body = false;
    let (_, query) = object.target();
    let is_part = choose_range(query, &mut request.headers);
    let range: Option<Range> = request.headers.typed_get();
    let response = serve_request(request, |pending| async {
        let work = async {
            let is_part = is_part?;
            let (preview, size) = head(function, &service?, object, pending).await?;
            Ok(described(&preview, size, range, is_part)?)
        };
        deadline.response(work).await.unwrap_or_else(|| Err(deadline_exceeded().into()))
    });
    into_reply(response.await)
}

/// Responds to `ListObjects` and `ListObjectsV2` with the response of S3.
pub(crate) async fn list_objects(
    function: &Function,
    object: &Object,
    id: &str,
    deadline: Deadline,
) -> Reply {
    let mut request = door_request(&function.service, object, "LIST", id);
    request.wants_body = false;
    let response = serve_request(request, |pending| async {
        let work = async { list(function, object, &pending.without_query().meter).await };
        deadline.response(work).await.unwrap_or_else(|| Err(deadline_exceeded().into()))
    });
    into_reply(response.await)
}

/// Reads the object's headers, and returns the head of the response and the length of the object.
///
/// The URL is signed for `HEAD`, so the object cannot be read: the head lacks content type and length.
async fn head(
    function: &Function,
    service: &Service,
    object: &Object,
    pending: Pending,
) -> Result<(http::Response<Body>, Option<u64>), Rejection> {
    let response = fetch(function, object, Method::HEAD).await?;
    let headers = repeated_headers(response.headers());
    let meta = describe(&response);
    Ok((preview(service, &meta, headers, &pending.with_query()?).await?, meta.size))
}

/// Returns the result for a head. S3 requires a length, and the only known one is that of the object, which for a
/// stripped image is an upper bound; ranges and parts are those of that length.
///
/// # Errors
/// [`Kind::RangeNotSatisfiable`].
fn described(
    head: &http::Response<Body>,
    size: Option<u64>,
    range: Option<Range>,
    is_part: bool,
) -> Result<(StatusCode, Value)> {
    let mut headers = s3_names(head.headers());
    let mut status = head.status();
    if let Some(size) = size.filter(|_| status == status::WHOLE) {
        let part = range.map(|range| single(&range, size)).transpose()?.flatten();
        headers["Content-Length"] = part.as_ref().map_or(size, |part| part.end - part.start).into();
        if let Some(part) = part {
            status = status::PART;
            headers["Content-Range"] = format!("bytes {}-{}/{size}", part.start, part.end - 1).into();
        }
        if is_part {
            headers["x-amz-mp-parts-count"] = size.div_ceil(PART_BYTES).into();
        }
    }
    Ok((status, json!({ "headers": headers })))
}

/// Returns the part of an object that a range selects; `None` for several ranges, which are ignored.
fn single(range: &Range, size: u64) -> Result<Option<std::ops::Range<u64>>> {
    let mut parts = range.satisfiable_ranges(size).map(|(start, end)| {
        let start = if let Bound::Included(start) = start { start } else { 0 };
        let end = if let Bound::Included(end) = end { end.saturating_add(1) } else { size };
        start..end.min(size)
    });
    let outside = || {
        let message = format!("the requested range is outside the object of {size} bytes");
        Error::new(Kind::RangeNotSatisfiable, "range", message)
    };
    let part = parts.next().filter(|part| part.start < part.end).ok_or_else(outside)?;
    Ok(parts.next().is_none().then_some(part))
}

async fn list(function: &Function, object: &Object, meter: &Meter) -> Result<(StatusCode, Value), Rejection> {
    let response = fetch(function, object, Method::GET).await?;
    let too_long = || {
        let message = format!("the list is longer than {MAX_LIST_BYTES} bytes: request fewer keys");
        Error::new(Kind::LimitExceeded, "list", message)
    };
    let xml = collect(response, MAX_LIST_BYTES).await.map_err(unreadable)?.ok_or_else(too_long)?;
    meter.add_read(xml.len());
    let xml = String::from_utf8(xml.into())
        .map_err(|error| Error::new(Kind::Upstream, "list", "the list is not UTF-8").with_source(error))?;
    Ok((status::WHOLE, json!({ "listResultXml": xml })))
}

/// Returns S3's response to the URL of the event, if it is a success.
async fn fetch(function: &Function, object: &Object, method: Method) -> Result<Response> {
    let url = parse_url(&object.url)?;
    let headers = signed_headers(&url, &object.headers);
    let request = function.client()?.request(method, url).headers(headers);
    let response = request.send().await.map_err(unreadable)?;
    if response.status().is_success() {
        return Ok(response);
    }
    let error = S3Error::read(response).await;
    let kind = status::of_s3_status(error.status);
    Err(error.into_error(kind))
}

/// Returns the result of the function, and completes the log line.
fn into_reply(response: DoorResponse<(StatusCode, Value)>) -> Reply {
    let DoorResponse { result, mut record } = response;
    let (status, mut value, error) = match result {
        Ok((status, value)) => (status, value, None),
        Err(Rejection { error, .. }) => {
            let CallerError { status, code, message } = CallerError::from(&error);
            (status, json!({ "errorCode": code, "errorMessage": message }), Some(error))
        }
    };
    record.note(status, &HeaderMap::new(), error);
    value["statusCode"] = status.as_u16().into();
    Reply::Json(value)
}

/// Returns headers by the names that S3 expects in the result of a function.
fn s3_names(headers: &HeaderMap) -> Value {
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
