//! `GetObject` of an Object Lambda access point: read by presigned URL, answered by `WriteGetObjectResponse`,
//! once, whatever happens.

use crate::{
    deadline::{Deadline, Until},
    event::{Object, Output},
    function::{Function, internal},
    presigned::{Presigned, Refusal},
    reply::Reply,
    writer::{Answer, METADATA},
};
use futures_util::FutureExt;
use headers::{ContentRange, HeaderMapExt};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use safelight_core::{Error, Kind, Result};
use safelight_service::{
    handle::handle,
    log::{Logged, Record, chain},
    problem,
    request::{Meter, Request, accept},
    response::Body,
    status,
};
use serde_json::json;
use std::{panic::AssertUnwindSafe, sync::Arc};

/// Bytes of one part, where `partNumber` asks for one: answers are not uploaded in parts, so any size would
/// do, and this is that of S3's own default function.
const PART_BYTES: u64 = 5 << 20;

/// Most parts of an object (S3 `UploadPart`).
const MAX_PARTS: u64 = 10_000;

/// What of the object's own headers holds for every answer about it. Not its checksums, its length or its
/// encoding, which are those of other bytes.
const KEPT: [&str; 3] = ["content-disposition", "content-language", "x-amz-version-id"];

/// Answers the caller.
pub(crate) async fn answer(
    function: &Function,
    output: &Output,
    object: &Object,
    id: &str,
    deadline: Deadline,
) -> Reply {
    let writer = match function.writer() {
        Ok(writer) => writer,
        // Whom we cannot answer S3 answers, with 500.
        Err(error) => return failed(&error, id),
    };
    let id = object.id.as_deref().unwrap_or(id);
    let mut record = record(function, object, "GET", id);
    let work = AssertUnwindSafe(respond(function, object, id, record.meter.clone())).catch_unwind();
    let made = match deadline.answer(work).await {
        Some(Ok(Ok(made))) => made,
        Some(Ok(Err(error))) => Made::refused(error, id),
        Some(Err(_)) => Made::refused(internal("failed unexpectedly"), id),
        None => Made::refused(late(), id),
    };

    let (mut head, body) = made.response.into_parts();
    let error = head.extensions.remove::<Arc<Error>>();
    let refusal = error.as_deref().map(|error| refusal(error, made.is_part));
    let status = refusal.as_ref().map_or(head.status, |(status, ..)| *status);
    record.note(status, &head.headers, error);

    // What the caller has is still good: that is no error to it.
    let refusal = refusal.filter(|_| status != status::UNCHANGED).map(|(_, code, message)| (code, message));
    let has_body = refusal.is_none() && status != status::UNCHANGED;
    let mut headers = HeaderMap::new();
    if refusal.is_none() {
        headers = made.kept;
        headers.extend(head.headers);
    }
    let parts = headers.typed_get::<ContentRange>().filter(|_| made.is_part);
    let body = if has_body { body } else { Body::none() };
    let body = Logged::new(Until::new(body, deadline, late()), record);
    let answer = Answer {
        status,
        refusal,
        parts: parts.and_then(|range| range.bytes_len()).map(|length| length.div_ceil(PART_BYTES)),
        headers,
        body: has_body.then_some(body),
    };
    match deadline.end(Box::pin(writer.write(output, answer))).await {
        Some(Ok(())) => Reply::Json(json!({ "statusCode": status.as_u16() })),
        Some(Err(error)) => failed(&error, id),
        None => failed(&late(), id),
    }
}

/// A response, and what goes with it.
struct Made {
    response: Response<Body>,
    /// What the object's own headers say of the answer too.
    kept: HeaderMap,
    /// Whether it is the answer to `partNumber`.
    is_part: bool,
}

impl Made {
    fn refused(error: Error, id: &str) -> Self {
        Self { response: problem::response(error, id), kept: HeaderMap::new(), is_part: false }
    }
}

async fn respond(function: &Function, object: &Object, id: &str, meter: Arc<Meter>) -> Result<Made> {
    let service = function.service(&object.payload)?;
    let source = Arc::new(Presigned::new(function.client()?, &object.url, &object.headers)?);
    let (_, query) = object.target();
    let mut headers = object.headers.clone();
    let is_part = choose_range(query, &mut headers)?;
    let (id, query) = (id.to_owned(), query.to_owned());
    let request = Request { id, query, headers, wants_body: true, needs_length: false, meter };
    let response = handle(&service, source.clone(), &request).await;
    Ok(Made { response, kept: kept(&source.headers()), is_part })
}

/// Writes the range that the caller wants into `headers`: it may be in the query, and it may be a part.
/// Says whether it is.
fn choose_range(query: &str, headers: &mut HeaderMap) -> Result<bool> {
    let value = |name: &str| {
        let mut pairs = form_urlencoded(query);
        pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    if let Some(range) = value("Range").and_then(|range| HeaderValue::try_from(range.as_ref()).ok()) {
        headers.insert(header::RANGE, range);
    }
    let Some(number) = value("partNumber") else { return Ok(false) };
    let invalid = |kind, message| Err(Error::new(kind, "partNumber", message));
    if headers.contains_key(header::RANGE) {
        return invalid(Kind::Conflict, "cannot be combined with Range in one request".to_owned());
    }
    let Some(number) = number.parse().ok().filter(|number| (1..=MAX_PARTS).contains(number)) else {
        return invalid(Kind::InvalidParam, format!("{number:?} is no number from 1 to {MAX_PARTS}"));
    };
    let range = format!("bytes={}-{}", (number - 1) * PART_BYTES, number * PART_BYTES - 1);
    headers.insert(header::RANGE, HeaderValue::try_from(range).expect("digits are ASCII"));
    headers.remove(header::IF_RANGE);
    Ok(true)
}

fn form_urlencoded(query: &str) -> url::form_urlencoded::Parse<'_> {
    url::form_urlencoded::parse(query.as_bytes())
}

/// What of the source's headers is said of the answer too.
pub(crate) fn kept(headers: &HeaderMap) -> HeaderMap {
    let holds = |name: &str| name.starts_with(METADATA) || KEPT.contains(&name);
    let kept = headers.iter().filter(|(name, _)| holds(name.as_str()));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Status, code and message of a failure: S3's own where it was S3 that refused.
pub(crate) fn refusal(error: &Error, is_part: bool) -> (StatusCode, String, String) {
    let cause = std::error::Error::source(error);
    if let Some(refusal) = cause.and_then(|cause| cause.downcast_ref::<Refusal>()) {
        return (status::passed(refusal.status), refusal.code.clone(), refusal.message.clone());
    }
    let (status, code) = status::of_s3(error.kind);
    let code = if is_part && error.kind == Kind::RangeNotSatisfiable { "InvalidPartNumber" } else { code };
    (status, code.to_owned(), error.to_string())
}

/// What the log will say of the request.
pub(crate) fn record(function: &Function, object: &Object, method: &str, id: &str) -> Record {
    let (path, query) = object.target();
    let query = function.service.registry.query(query, &accept(&object.headers));
    Record::new(id.to_owned(), method.to_owned(), path.to_owned(), query)
}

pub(crate) fn late() -> Error {
    Error::new(Kind::Timeout, "function", "the answer took longer than the function may")
}

fn failed(error: &Error, id: &str) -> Reply {
    let text = chain(error);
    tracing::error!(id, error = text, "answer");
    Reply::failure("Answer", text)
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
    fn a_range_is_asked_for_in_three_ways() {
        check("", None, Ok((false, "")));
        check("width=3", Some("bytes=0-1"), Ok((false, "bytes=0-1")));
        check("Range=bytes%3D2-3", None, Ok((false, "bytes=2-3")));
        check("x=1&range=bytes=2-3", Some("bytes=0-1"), Ok((false, "bytes=2-3")));
        check("partNumber=1", None, Ok((true, "bytes=0-5242879")));
        check("partNumber=10000", None, Ok((true, "bytes=52423557120-52428799999")));
    }

    #[test]
    fn parts_that_there_cannot_be_are_refused() {
        for number in ["0", "10001", "-1", "x", "", "99999999999999999999999"] {
            check(&format!("partNumber={number}"), None, Err(Kind::InvalidParam));
        }
        check("partNumber=1", Some("bytes=0-1"), Err(Kind::Conflict));
        check("partNumber=1&Range=bytes=0-1", None, Err(Kind::Conflict));
    }
}
