//! `GetObject` of an Object Lambda access point: read by presigned URL, sent by one `WriteGetObjectResponse`.

use crate::{
    deadline::{Deadline, DeadlineBody, deadline_exceeded},
    event::{Object, Output},
    function::Function,
    presigned::Presigned,
    reply::Reply,
    s3_error::CallerError,
    writer::ObjectResponse,
};
use headers::{ContentRange, HeaderMapExt};
use http::{HeaderMap, HeaderValue, Response, header};
use safelight_core::{Error, Kind, Result};
use safelight_service::{
    door::{DoorRequest, Target, serve_request},
    handle::{Service, handle},
    log::chain,
    rejection::Rejection,
    response::Body,
    source::Source,
    status,
};
use serde_json::json;
use std::sync::Arc;

/// Bytes of a part, for `partNumber`. Responses have no parts of an upload, so any size would do; this is the one of
/// S3's own sample function.
pub(crate) const PART_BYTES: u64 = 5 << 20;

/// Maximum number of parts of an object (S3 `UploadPart`).
const MAX_PARTS: u64 = 10_000;

/// Responds to the caller that `output` leads to.
pub(crate) async fn get_object(
    function: &Function,
    output: &Output,
    object: &Object,
    id: &str,
    deadline: Deadline,
) -> Reply {
    let writer = match function.writer() {
        Ok(writer) => writer,
        // If the function cannot reach the caller, S3 responds 500.
        Err(error) => return failure(&error, id),
    };
    let id = object.id.as_deref().unwrap_or(id);
    let service = function.service(&object.payload);
    let mut request = door_request(service.as_ref().unwrap_or(&function.service), object, "GET", id);
    let (_, query) = object.target();
    let range = choose_range(query, &mut request.headers);
    let is_part = matches!(range, Ok(true));
    let response = serve_request(request, |pending| async {
        let work = async {
            let service = service?;
            let source = Presigned::new(function.client()?.clone(), &object.url, &object.headers)?;
            let source: Arc<dyn Source> = Arc::new(source);
            range?;
            handle(&service, &source, &pending.with_query()?).await
        };
        deadline.response(work).await.unwrap_or_else(|| Err(deadline_exceeded().into()))
    });

    let mut error = None;
    let render = |rejection: &Rejection, _: &str| {
        let mut caller = CallerError::from(&rejection.error);
        if is_part && rejection.error.kind == Kind::RangeNotSatisfiable {
            "InvalidPartNumber".clone_into(&mut caller.code);
        }
        let mut response = Response::new(Body::none());
        *response.status_mut() = caller.status;
        // A 304 of S3 is no error to the caller.
        error = Some(caller).filter(|caller| caller.status != status::NOT_MODIFIED);
        response
    };
    let wrap = |body| DeadlineBody::new(body, deadline, deadline_exceeded());
    let (head, body) = response.await.render_with(render, wrap).into_parts();
    let parts = head.headers.typed_get::<ContentRange>().filter(|_| is_part);
    let response = ObjectResponse {
        status: head.status,
        parts: parts.and_then(|range| range.bytes_len()).map(|length| length.div_ceil(PART_BYTES)),
        headers: head.headers,
        body: (error.is_none() && head.status != status::NOT_MODIFIED).then_some(body),
        error,
    };
    match deadline.end(Box::pin(writer.write(output, response))).await {
        Some(Ok(())) => Reply::Json(json!({ "statusCode": head.status.as_u16() })),
        Some(Err(error)) => failure(&error, id),
        None => failure(&deadline_exceeded(), id),
    }
}

/// Returns the request of an event about `object`.
pub(crate) fn door_request(service: &Service, object: &Object, method: &str, id: &str) -> DoorRequest {
    let (path, query) = object.target();
    let id = object.id.as_deref().unwrap_or(id);
    let mut request = DoorRequest::new(service, id, method, Target { path, query }, object.headers.clone());
    // Programs that download an object in parts learn its length from the first one.
    request.needs_length = object.headers.contains_key(header::RANGE);
    request
}

/// Writes the requested range, which may be in the query, or be a part, to `headers`. Returns whether it is a part.
pub(crate) fn choose_range(query: &str, headers: &mut HeaderMap) -> Result<bool> {
    let value = |name: &str| {
        let mut pairs = form_urlencoded(query);
        pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    if let Some(range) = value("Range").and_then(|range| HeaderValue::try_from(range.as_ref()).ok()) {
        headers.insert(header::RANGE, range);
    }
    let Some(number) = value("partNumber") else { return Ok(false) };
    if headers.contains_key(header::RANGE) {
        let message = "partNumber cannot be combined with Range in one request";
        return Err(Error::new(Kind::Conflict, "partNumber", message));
    }
    let Some(number) = number.parse().ok().filter(|number| (1..=MAX_PARTS).contains(number)) else {
        let message = format!("expected an integer from 1 to {MAX_PARTS}, got {number:?}");
        return Err(Error::param("partNumber", message));
    };
    let range = format!("bytes={}-{}", (number - 1) * PART_BYTES, number * PART_BYTES - 1);
    headers.insert(header::RANGE, HeaderValue::try_from(range).expect("digits are ASCII"));
    headers.remove(header::IF_RANGE);
    Ok(true)
}

fn form_urlencoded(query: &str) -> url::form_urlencoded::Parse<'_> {
    url::form_urlencoded::parse(query.as_bytes())
}

fn failure(error: &Error, id: &str) -> Reply {
    let text = chain(error);
    tracing::error!(id, error = text, "WriteGetObjectResponse");
    Reply::failure("Response", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, range: Option<&'static str>, expected: Result<(bool, &str), Kind>) {
        let mut headers = HeaderMap::new();
        headers.extend(range.map(|range| (header::RANGE, HeaderValue::from_static(range))));
        let found = choose_range(query, &mut headers).map_err(|error| error.kind);
        let range = headers.get(header::RANGE).map_or("", |range| range.to_str().unwrap());
        assert_eq!(found.map(|is_part| (is_part, range)), expected, "{query}");
    }

    #[test]
    fn a_range_is_in_a_header_or_in_the_query() {
        check("", None, Ok((false, "")));
        check("width=3", Some("bytes=0-1"), Ok((false, "bytes=0-1")));
        check("Range=bytes%3D2-3", None, Ok((false, "bytes=2-3")));
        check("x=1&range=bytes=2-3", Some("bytes=0-1"), Ok((false, "bytes=2-3")));
        check("partNumber=1", None, Ok((true, "bytes=0-5242879")));
        check("partNumber=10000", None, Ok((true, "bytes=52423557120-52428799999")));
    }

    #[test]
    fn invalid_parts_are_rejected() {
        for number in ["0", "10001", "-1", "x", "", "99999999999999999999999"] {
            check(&format!("partNumber={number}"), None, Err(Kind::InvalidParam));
        }
        check("partNumber=1", Some("bytes=0-1"), Err(Kind::Conflict));
        check("partNumber=1&Range=bytes=0-1", None, Err(Kind::Conflict));
    }
}
