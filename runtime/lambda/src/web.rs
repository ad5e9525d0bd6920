//! Function URLs and API Gateway: their events are requests of the HTTP door, its responses are streamed.

use crate::{
    deadline::{Deadline, Until},
    event::Web,
    function::{Function, internal, kept},
    object::late,
    reply::Reply,
    settings::Settings,
};
use axum::Router;
use http::{HeaderName, HeaderValue, Request, header};
use lambda_runtime::{MetadataPrelude, tower::ServiceExt};
use safelight_core::{Error, Kind, Result};
use safelight_service::{
    health_imaging::Frames,
    http::{Served, Site, router},
    problem,
    source::{Origin, origin},
};
use std::sync::Arc;

/// Answers a web request with a picture of the configured bucket, or with an image frame.
pub(crate) async fn answer(function: &Function, web: Web, id: &str, deadline: Deadline) -> Reply {
    let problem = |error| problem::response(error, id).map(axum::body::Body::new);
    let response = match prepare(function, web, id) {
        Err(error) => problem(error),
        Ok((router, request)) => match deadline.answer(router.oneshot(request)).await {
            None => problem(late()),
            Some(Ok(response)) => response
                .map(|body| axum::body::Body::new(Until::new(body, deadline, axum::Error::new(late())))),
        },
    };
    let (parts, body) = response.into_parts();
    let mut headers = parts.headers;
    // Lambda frames the stream itself, and would only rename what is said of its length.
    headers.remove(header::CONTENT_LENGTH);
    Reply::Stream(MetadataPrelude { status_code: parts.status, headers, cookies: Vec::new() }, body)
}

fn prepare(function: &Function, web: Web, id: &str) -> Result<(Router, Request<axum::body::Body>)> {
    let router = kept(&function.router, || {
        let service = function.service.clone();
        let origin = match &function.settings.healthimaging_region {
            Some(region) => Served::Frames(frames(&function.settings, region)?),
            None => Served::Pictures(bucket(&function.settings)?),
        };
        Ok(router(Site { service, origin, guard: function.settings.guard.authorize.clone() }))
    })?;
    let query = if web.query.is_empty() { String::new() } else { format!("?{}", web.query) };
    let absent = |error| Error::new(Kind::NotFound, "path", "there is no picture here").with_source(error);
    let mut request = Request::builder()
        .method(web.method.as_str())
        .uri(format!("{}{query}", web.path))
        .body(web.body.into())
        .map_err(absent)?;
    *request.headers_mut() = web.headers;
    let name = HeaderName::from_static("x-request-id");
    if !request.headers().contains_key(&name) {
        request.headers_mut().extend(HeaderValue::from_str(id).map(|id| (name, id)));
    }
    Ok((router, request))
}

/// The bucket that the settings name, read with the function's own rights: those of its environment, since
/// a function has no metadata service to ask.
fn bucket(settings: &Settings) -> Result<Arc<dyn Origin>> {
    let unset = || internal("has no SAFELIGHT_BUCKET to serve pictures from");
    let bucket = settings.bucket.as_deref().ok_or_else(unset)?;
    has_keys()?;
    let prefix = settings.prefix.trim_matches('/');
    origin(&format!("s3://{bucket}/{prefix}"))
        .map_err(|error| internal("cannot use SAFELIGHT_BUCKET").with_source(error))
}

/// The image frames of `region`, read with the same rights.
fn frames(settings: &Settings, region: &str) -> Result<Arc<Frames>> {
    has_keys()?;
    let frames = Frames::new(region, &settings.frames);
    frames.map(Arc::new).map_err(|error| internal("cannot serve image frames").with_source(error))
}

fn has_keys() -> Result<()> {
    let is_set = std::env::var_os("AWS_ACCESS_KEY_ID").is_some();
    is_set.then_some(()).ok_or_else(|| internal("has no credentials in its environment"))
}
