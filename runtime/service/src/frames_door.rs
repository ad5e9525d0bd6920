//! Image frames behind the HTTP door.

use crate::{
    handle::{Service, handle},
    health_imaging::{Frames, MAX_BODY_BYTES, Question, Refusal},
    problem,
    request::{Meter, Request},
    response::Body,
};
use http::{HeaderValue, Method, Response, Version, header, request::Parts};
use safelight_core::{Error, Kind, Result};
use std::{error::Error as _, sync::Arc};
use tokio::time::timeout;

/// Answers a request for a frame, or for what is known of one.
pub(crate) async fn answer(
    service: &Service,
    frames: &Arc<Frames>,
    (parts, body): (&Parts, axum::body::Body),
    (id, meter): (&str, &Arc<Meter>),
) -> Response<Body> {
    let mut response = match prepare(service, frames, parts, body, id, meter).await {
        Ok((source, request)) => handle(service, source, &request).await,
        Err(error) => problem::response(error, id),
    };
    let headers = response.headers_mut();
    if headers.contains_key(header::ALLOW) {
        headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST, OPTIONS"));
    }
    let error = response.extensions().get::<Arc<Error>>();
    let wait = error.and_then(|error| error.source()?.downcast_ref::<Refusal>()?.retry_after);
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

async fn prepare(
    service: &Service,
    frames: &Arc<Frames>,
    parts: &Parts,
    body: axum::body::Body,
    id: &str,
    meter: &Arc<Meter>,
) -> Result<(Arc<dyn crate::source::Source>, Request)> {
    let is_post = parts.method == Method::POST;
    let read = async {
        axum::body::to_bytes(body, MAX_BODY_BYTES).await.map_err(|error| {
            let message = format!("must come whole, and have {MAX_BODY_BYTES} bytes at most");
            Error::new(Kind::LimitExceeded, "body", message).with_source(error)
        })
    };
    let late = |_| Error::new(Kind::InvalidParam, "body", "did not come in time");
    let body = timeout(service.source_timeout, read).await.map_err(late)??;
    let question = Question::from_http(parts, if is_post { &body } else { &[] })?;

    let mut headers = parts.headers.clone();
    if is_post {
        // Conditions and ranges are of what a GET would answer (RFC 9110 13.2.1, 14.2).
        for name in [
            header::IF_MATCH,
            header::IF_MODIFIED_SINCE,
            header::IF_NONE_MATCH,
            header::IF_RANGE,
            header::IF_UNMODIFIED_SINCE,
            header::RANGE,
        ] {
            headers.remove(name);
        }
    }
    let query = parts.uri.query().filter(|_| question.subject().is_picture());
    let wants_body = parts.method != Method::HEAD;
    let request = Request {
        id: id.to_owned(),
        // Transforms are for pictures; to all else their keys mean as little as any other.
        query: query.unwrap_or_default().to_owned(),
        headers,
        wants_body,
        needs_length: wants_body && parts.version < Version::HTTP_11,
        meter: meter.clone(),
    };
    Ok((frames.source(question)?, request))
}
