//! Function URLs and API Gateway: events become requests of the web door, and its responses are streamed.

use crate::{
    deadline::{Deadline, DeadlineBody, deadline_exceeded},
    event::Web,
    function::{Function, get_or_try_init, internal},
    reply::Reply,
    settings::Settings,
};
use axum::Router;
use http::{HeaderValue, Request, header};
use lambda_runtime::{MetadataPrelude, tower::ServiceExt};
use safelight_core::{Error, Kind, Result};
use safelight_service::{
    problem,
    site::Routes,
    source::{Origin, origin},
    web::{REQUEST_ID, Site, router},
};
use std::sync::Arc;

/// Responds to a web request with an image of the configured bucket, or with an image frame.
pub(crate) async fn respond(function: &Function, web: Web, id: &str, deadline: Deadline) -> Reply {
    let problem = |error: Error| problem::response(&error.into(), id).map(axum::body::Body::new);
    let response = match prepare(function, web, id) {
        Err(error) => problem(error),
        Ok((router, request)) => match deadline.response(router.oneshot(request)).await {
            None => problem(deadline_exceeded()),
            Some(Ok(response)) => response.map(|body| {
                let error = axum::Error::new(deadline_exceeded());
                axum::body::Body::new(DeadlineBody::new(body, deadline, error))
            }),
        },
    };
    let (parts, body) = response.into_parts();
    let mut headers = parts.headers;
    // Lambda frames the stream itself, and would rename the header.
    headers.remove(header::CONTENT_LENGTH);
    Reply::Stream(MetadataPrelude { status_code: parts.status, headers, cookies: Vec::new() }, body)
}

/// Returns the routes, and the request for them.
fn prepare(function: &Function, web: Web, id: &str) -> Result<(Router, Request<axum::body::Body>)> {
    let router = get_or_try_init(&function.router, || {
        let settings = &function.settings;
        let auth = settings.auth.authorize.clone();
        let signatures = settings.signatures.check();
        let signatures =
            signatures.map_err(|error| Error::new(Kind::Internal, "settings", error.to_string()))?;
        let dialects = settings.dialects.dialects();
        let dialects = dialects.map_err(|error| Error::new(Kind::Internal, "settings", error.to_string()))?;
        let log_subject = settings.auth.log_subject;
        let routes = site_routes(function)?;
        Ok(router(Site { routes, auth, log_subject, signatures, dialects, states_range_length: true }))
    })?;
    let query = if web.query.is_empty() { String::new() } else { format!("?{}", web.query) };
    let not_found = |error| Error::new(Kind::NotFound, "path", "no image at this path").with_source(error);
    let mut request = Request::builder()
        .method(web.method.as_str())
        .uri(format!("{}{query}", web.path))
        .body(web.body.into())
        .map_err(not_found)?;
    *request.headers_mut() = web.headers;
    if !request.headers().contains_key(REQUEST_ID) {
        request.headers_mut().extend(HeaderValue::from_str(id).map(|id| (REQUEST_ID, id)));
    }
    Ok((router.clone(), request))
}

/// Returns the configured bucket or region and the origins of the configuration file, read with the rights of the
/// function. Its credentials are in its environment, because a function has no metadata service.
fn site_routes(function: &Function) -> Result<Routes> {
    let settings = &function.settings;
    if std::env::var_os("AWS_ACCESS_KEY_ID").is_none() {
        return Err(internal("the function has no credentials in its environment"));
    }
    let origins = settings.origins.origins.clone().unwrap_or_default();
    let root = root(settings, !origins.is_empty())?;
    Routes::new(root, &origins, &function.service, &settings.policy, &settings.sources)
        .map_err(|error| internal("cannot serve the origins").with_source(error))
}

/// Returns the configured bucket or region. `has_origins` says that there may be none.
fn root(settings: &Settings, has_origins: bool) -> Result<Option<Arc<dyn Origin>>> {
    let (name, setting) = match (&settings.function.healthimaging_region, &settings.function.bucket) {
        (Some(region), _) => (format!("healthimaging://{region}"), "SAFELIGHT_HEALTHIMAGING_REGION"),
        (None, Some(bucket)) => {
            (format!("s3://{bucket}/{}", settings.function.prefix.trim_matches('/')), "SAFELIGHT_BUCKET")
        }
        (None, None) if has_origins => return Ok(None),
        (None, None) => {
            return Err(internal("SAFELIGHT_BUCKET is not set: the function has no images to serve"));
        }
    };
    origin(&name, &settings.sources)
        .map(Some)
        .map_err(|error| internal(&format!("cannot serve {setting}")).with_source(error))
}
