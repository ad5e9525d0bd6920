//! Web requests: events become requests of the web door, and its responses are streamed where the sender takes a stream.

use crate::{
    deadline::{Deadline, DeadlineBody, deadline_exceeded},
    function::{Function, get_or_try_init, internal},
    reply::Reply,
    settings::Settings,
    web_event::{Sender, Web},
    whole,
};
use axum::Router;
use http::{HeaderValue, Method, Request, Response, Uri, header};
use lambda_runtime::{MetadataPrelude, tower::ServiceExt};
use safelight_core::{Error, Kind, Result};
use safelight_service::{
    handle::Service,
    problem,
    site::Routes,
    source::{Origin, SourceSettings, origin},
    streaming::Streaming,
    web::{REQUEST_ID, Site, router},
};
use std::{sync::Arc, time::Duration};

/// Responds to a web request with an image of the configured bucket, or with an image frame.
pub(crate) async fn respond(function: &Function, web: Web, id: &str, deadline: Deadline) -> Reply {
    let problem = |error: Error| problem::response(&error.into(), id).map(axum::body::Body::new);
    let sender = web.sender;
    let response = match prepare(function, web, id, deadline) {
        Err(error) => problem(error),
        Ok((router, request)) => match deadline.head(router.oneshot(request)).await {
            None => problem(deadline_exceeded()),
            Some(Ok(response)) => response.map(|body| {
                let error = axum::Error::new(deadline_exceeded());
                axum::body::Body::new(DeadlineBody::new(body, deadline, error))
            }),
        },
    };
    let streams = match sender {
        Sender::FunctionUrl => true,
        Sender::RestApi => !function.settings.function.buffer_responses,
        Sender::HttpApi | Sender::LoadBalancer { .. } => false,
    };
    let (mut parts, body) = response.into_parts();
    if !streams {
        let response = match whole::collect(body, sender).await {
            Ok(body) => Response::from_parts(parts, body),
            Err(error) => {
                let (parts, body) = problem::response(&error.into(), id).into_parts();
                let body = whole::collect(axum::body::Body::new(body), sender).await.unwrap_or_default();
                Response::from_parts(parts, body)
            }
        };
        return Reply::Json(whole::result(&response, sender));
    }
    // Lambda frames the stream itself, and would rename the header.
    parts.headers.remove(header::CONTENT_LENGTH);
    let prelude = MetadataPrelude { status_code: parts.status, headers: parts.headers, cookies: Vec::new() };
    Reply::Stream(prelude, body)
}

/// Bytes of a stream that Lambda sends without a limit of bandwidth, and the bytes per second and the bytes of the
/// whole stream that follow (Lambda quotas).
const FAST_BYTES: u64 = 6_000_000;
const SLOW_BYTES_PER_SEC: u64 = 2_000_000;
const MAX_BYTES: u64 = 200_000_000;

/// Returns the limits of Lambda's streams, of which `left` remains. For Lambda, a response that is aborted is a
/// successful one ("Building a custom runtime"), so almost every response is complete before its head.
fn streaming(left: Duration) -> Streaming {
    let in_time = FAST_BYTES + SLOW_BYTES_PER_SEC * left.as_secs();
    Streaming { lookahead_bytes: 6 << 20, aborted_looks_whole: true, max_bytes: in_time.min(MAX_BYTES) }
}

/// Returns the routes, and the request for them.
fn prepare(
    function: &Function,
    web: Web,
    id: &str,
    deadline: Deadline,
) -> Result<(Router, Request<axum::body::Body>)> {
    let router = get_or_try_init(&function.router, || {
        let settings = &function.settings;
        let auth = settings.auth.authorize.clone();
        let signatures = settings.signatures.check();
        let signatures =
            signatures.map_err(|error| Error::new(Kind::Internal, "settings", error.to_string()))?;
        let dialects = settings.dialects.dialects();
        let dialects = dialects.map_err(|error| Error::new(Kind::Internal, "settings", error.to_string()))?;
        let log_subject = settings.auth.log_subject;
        // Each invocation has the same time.
        let service = Service { streaming: streaming(deadline.left()), ..function.service.clone() };
        let routes = site_routes(function, &service)?;
        Ok(router(Site { routes, auth, log_subject, signatures, dialects, states_range_length: true }))
    })?;
    let separator = if web.query.is_empty() { "" } else { "?" };
    let target = format!("{}{separator}{}", web.path, web.query);
    let method = web.method.parse::<Method>().map_err(|error| {
        Error::new(Kind::MethodNotAllowed, "method", "the method is not valid: use GET or HEAD")
            .with_source(error)
    })?;
    let uri = target.parse::<Uri>().ok().filter(|_| target.starts_with('/'));
    let invalid = || {
        let message = "the path or the query is not valid or too long: expected a path that begins with /";
        Error::param("url", message)
    };
    let mut request = Request::new(axum::body::Body::from(web.body));
    *request.method_mut() = method;
    *request.uri_mut() = uri.ok_or_else(invalid)?;
    *request.headers_mut() = web.headers;
    if !request.headers().contains_key(REQUEST_ID) {
        request.headers_mut().extend(HeaderValue::from_str(id).map(|id| (REQUEST_ID, id)));
    }
    Ok((router.clone(), request))
}

/// Returns the configured bucket or region and the origins of the configuration file, read with the rights of the
/// function. Its credentials are in its environment, because a function has no metadata service.
fn site_routes(function: &Function, service: &Service) -> Result<Routes> {
    let settings = &function.settings;
    if std::env::var_os("AWS_ACCESS_KEY_ID").is_none() {
        return Err(internal("the function has no credentials in its environment"));
    }
    let origins = settings.origins.origins.clone().unwrap_or_default();
    let mut sources = settings.sources.clone();
    // Streams of Function URLs lose `Content-Encoding`.
    sources.health_imaging.decompresses = true;
    let root = root(settings, &sources, !origins.is_empty())?;
    Routes::new(root, &origins, service, &settings.policy, &sources)
        .map_err(|error| internal("cannot serve the origins").with_source(error))
}

/// Returns the configured bucket or region. `has_origins` says that there may be none.
fn root(settings: &Settings, sources: &SourceSettings, has_origins: bool) -> Result<Option<Arc<dyn Origin>>> {
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
    origin(&name, sources)
        .map(Some)
        .map_err(|error| internal(&format!("cannot serve {setting}")).with_source(error))
}
