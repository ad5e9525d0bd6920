//! The web door, without connections: translates HTTP requests and responses. The server and the function's
//! URL both use it.

use crate::{
    auth::{LogSubject, TokenAuth, Viewer},
    cache_control::{ErrorStatus, for_checking_cdn},
    client_hints::{self, ACCEPT_CH, HINTS},
    dialect::{self, Dialects, Translated},
    door::{DoorRequest, Target, serve_request},
    handle::{Service, handle},
    log::loggable_query,
    problem,
    rejection::Rejection,
    request::{Identity, Request, accept, request_id},
    response::{Body, add_vary},
    signature::{SignatureCheck, limit_caching},
    site::{Route, Routes, with_path},
    source::Resource,
    status,
};
use axum::{Router, extract::State, routing::get};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, Version, header, request::Parts};
use percent_encoding::percent_decode_str;
use safelight_core::{Error, ExifDetail, Kind, Result};
use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::time::timeout;
use tower_http::cors::{self, AllowHeaders, CorsLayer};

/// The images that the door serves, and the check of its viewers.
#[derive(Clone, Debug)]
pub struct Site {
    /// The images.
    pub routes: Routes,
    /// The check of viewers' tokens. Defaults to `None`: no token is needed.
    pub auth: Option<Arc<TokenAuth>>,
    /// How the log names viewers with a token. Defaults to [`LogSubject::Hash`].
    pub log_subject: LogSubject,
    /// The check of signed URLs. Defaults to `None`: no signature is needed.
    pub signatures: Option<Arc<SignatureCheck>>,
    /// The other services whose URLs are understood. Defaults to none.
    pub dialects: Dialects,
    /// Whether the response to a range states the length of the whole, which may need a second read of the source.
    /// CloudFront does not document that it accepts `*` in its place.
    pub states_range_length: bool,
}

/// The header that names a request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The sites that may embed a response (Fetch standard).
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The sites whose scripts may read the timing of a request, `Server-Timing` included (W3C Resource Timing).
const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");

/// Returns the service with the settings for a viewer.
fn service_for(service: &Service, sees_all_exif: bool) -> Cow<'_, Service> {
    if !sees_all_exif {
        return Cow::Borrowed(service);
    }
    let mut service = service.clone();
    service.settings.exif = ExifDetail::All;
    Cow::Owned(service)
}

/// Returns the routes: `/healthz`, and an image for every other path.
pub fn router(site: Site) -> Router {
    let cors = cors(&site);
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .fallback(image)
        .with_state(Arc::new(site))
        .layer(cors)
}

async fn image(
    State(site): State<Arc<Site>>,
    request: http::Request<axum::body::Body>,
) -> Response<axum::body::Body> {
    let (mut parts, body) = request.into_parts();
    // First, because it removes the token from the request: no later step sees it, not even the log.
    let authenticated = match &site.auth {
        Some(auth) => auth.authenticate(&mut parts).await,
        None => Ok(Viewer::default()),
    };
    let translated = site.dialects.translate(&parts);
    if let Some(uri) = translated.as_ref().and_then(Translated::uri) {
        parts.uri = uri;
    }
    let admitted = match (&site.signatures, &translated) {
        (None, _) | (_, Some(Translated { is_signed: true, .. })) => Ok(None),
        (Some(check), Some(_)) => check.admit_unsigned(),
        (Some(check), None) => check.admit(&mut parts),
    };
    let expiry = admitted.as_ref().copied().unwrap_or_default();
    let id = request_id(&parts.headers);
    let route = site.routes.find(parts.uri.path());
    let is_known = route.is_some();
    let route = route.unwrap_or(site.routes.last());
    let raw = parts.uri.query().unwrap_or_default();
    let hinted = route.service.has_client_hints.then(|| client_hints::resolve(raw, &parts.headers));
    let query = hinted.as_ref().map_or(raw, |hinted| hinted.query.as_str());
    let mut request = door_request(&site, route, &parts, query, id.clone());
    request.subject = authenticated.as_ref().ok().and_then(|viewer| viewer.subject(site.log_subject));
    // The query of a translated URL is known only when the source was read.
    let translated_query = OnceLock::new();
    let response = serve_request(request, |pending| async {
        let viewer = authenticated?;
        admitted?;
        check_host(&parts)?;
        if !is_known && translated.as_ref().is_none_or(|translated| translated.result.is_ok()) {
            return Err(Error::new(Kind::NotFound, "path", "no image at this path").into());
        }
        let translation = translated.map(|translated| translated.result).transpose()?;
        let body = read_body(route, body).await?;
        let sees_all_exif = match &site.auth {
            Some(auth) => auth.permit(&viewer, &pending.access(parts.uri.path()))?,
            None => false,
        };
        let service = service_for(&route.service, sees_all_exif);
        match route.inner(&parts).and_then(|inner| route.origin.resolve(&inner, &body)) {
            Ok(resource) if !resource.is_image => {
                handle(&service, &resource.source, &pending.without_query()).await
            }
            resource => {
                let mut request = match (translation, &resource) {
                    (Some(translation), Ok(resource)) => {
                        let mut request = pending.without_query();
                        let (source, meter) = (&resource.source, request.meter.clone());
                        let accept = accept(&request.headers);
                        let asked = dialect::query(&service, source, &translation, &accept, meter).await?;
                        translated_query.get_or_init(|| asked.query.to_string());
                        (request.query, request.download) = (asked.query, asked.download);
                        request
                    }
                    (Some(_), Err(_)) => pending.without_query(),
                    (None, _) => pending.with_query()?,
                };
                let result = match resource {
                    Ok(resource) => {
                        request.identity = identity(&resource, &parts);
                        handle(&service, &resource.source, &request).await
                    }
                    Err(error) => Err(error.into()),
                };
                match result {
                    Err(rejection) => fallback(route, &service, &parts, request, rejection).await,
                    response => response,
                }
            }
        }
    });
    let mut answered = response.await;
    if let Some(query) = translated_query.into_inner() {
        answered.record.query = query;
    }
    let mut response = answered.render(|rejection, id| render(route, rejection, id));
    if let Some(hinted) = hinted {
        response.headers_mut().insert(ACCEPT_CH, HINTS);
        add_vary(response.headers_mut(), &hinted.vary);
    }
    if let Some(auth) = &site.auth {
        auth.mark_private(response.headers_mut());
    }
    limit_caching(response.headers_mut(), expiry);
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let everyone = || HeaderValue::from_static("cross-origin");
    let embedders = site.auth.as_ref().map_or_else(everyone, |auth| auth.resource_policy());
    headers.insert(RESOURCE_POLICY, embedders);
    headers.insert(TIMING_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.extend(HeaderValue::from_str(&id).map(|id| (REQUEST_ID, id)));
    response.map(axum::body::Body::new)
}

/// Returns the names of a source.
fn identity(resource: &Resource, parts: &Parts) -> Option<Identity> {
    let path = percent_decode_str(parts.uri.path()).decode_utf8().ok()?.into_owned();
    Some(Identity { name: resource.name.clone()?, path })
}

/// Returns the image in place of a rejection, with the status of the rejection; the rejection if there is none.
async fn fallback(
    route: &Route,
    service: &Service,
    parts: &Parts,
    request: Request,
    rejection: Rejection,
) -> Result<Response<Body>, Rejection> {
    let kind = rejection.error.kind;
    let image = ErrorStatus::find(kind, &service.fallback);
    let image = image.and_then(|path| {
        let parts = with_path(parts, path)?;
        let image = route.origin.resolve(&parts, &[]).ok()?;
        let identity = identity(&image, &parts);
        Some((image, identity))
    });
    let Some((image, identity)) = image else { return Err(rejection) };
    // Conditions and ranges are about the image that the viewer wanted.
    let request = Request { headers: HeaderMap::new(), identity, ..request };
    let Ok(mut response) = handle(service, &image.source, &request).await else { return Err(rejection) };
    *response.status_mut() = status::of(kind);
    let headers = response.headers_mut();
    for name in [header::ETAG, header::LAST_MODIFIED, header::ACCEPT_RANGES] {
        headers.remove(name);
    }
    let lifetime = service.cache.error_header(kind);
    headers.insert(header::CACHE_CONTROL, lifetime.unwrap_or(HeaderValue::from_static("no-store")));
    Ok(response)
}

/// Checks that the request has no second `Host` line: servers and proxies that choose different ones disagree about the
/// site (RFC 9112 3.2). A missing one is accepted, because events of Lambda need none, and nothing here depends on it.
fn check_host(parts: &Parts) -> Result<()> {
    match parts.headers.get_all(header::HOST).iter().count() {
        0 | 1 => Ok(()),
        count => Err(Error::new(Kind::InvalidParam, "host", format!("{count} Host headers: expected one"))),
    }
}

fn door_request(site: &Site, route: &Route, parts: &Parts, query: &str, id: String) -> DoorRequest {
    let path = route.origin.loggable(parts.uri.path());
    let raw = parts.uri.query().unwrap_or_default();
    let target = Target { path: &path, query };
    let mut request =
        DoorRequest::new(&route.service, id, parts.method.as_str(), target, effective_headers(parts));
    request.raw_query = loggable_query(raw, |value| route.origin.loggable(value));
    request.wants_body = parts.method != Method::HEAD;
    let has_range = site.states_range_length && parts.headers.contains_key(header::RANGE);
    request.needs_length = request.wants_body && (parts.version < Version::HTTP_11 || has_range);
    request
}

/// Returns the headers that apply to the method: conditions and ranges apply to `GET` and `HEAD` only (RFC 9110
/// 13.2.1, 14.2).
fn effective_headers(parts: &Parts) -> HeaderMap {
    let mut headers = parts.headers.clone();
    if parts.method != Method::GET && parts.method != Method::HEAD {
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
    headers
}

/// Reads the request's body if the origin takes one.
async fn read_body(route: &Route, body: axum::body::Body) -> Result<Bytes> {
    let max_bytes = route.origin.max_body_bytes();
    if max_bytes == 0 {
        return Ok(Bytes::new());
    }
    let read = async {
        axum::body::to_bytes(body, max_bytes).await.map_err(|error| {
            let message = format!("the request's body is incomplete, or longer than {max_bytes} bytes");
            Error::new(Kind::LimitExceeded, "body", message).with_source(error)
        })
    };
    let secs = route.service.source_timeout.as_secs();
    let late = |_| {
        let message = format!("the request's body did not arrive within {secs} s");
        Error::new(Kind::InvalidParam, "body", message)
    };
    timeout(route.service.source_timeout, read).await.map_err(late)?
}

fn render(route: &Route, rejection: &Rejection, id: &str) -> Response<Body> {
    let mut response = problem::response(rejection, id);
    if let Some(lifetime) = route.service.cache.error_header(rejection.error.kind) {
        response.headers_mut().insert(header::CACHE_CONTROL, lifetime);
        if route.service.is_checked_by_cdn {
            for_checking_cdn(response.headers_mut());
        }
    }
    if rejection.error.kind == Kind::MethodNotAllowed {
        let methods = route.origin.methods().iter().map(Method::as_str).chain(["OPTIONS"]);
        let methods = HeaderValue::from_str(&methods.collect::<Vec<_>>().join(", "));
        response.headers_mut().extend(methods.map(|methods| (header::ALLOW, methods)));
    }
    response
}

/// Returns the CORS headers. Any page may read what anyone may fetch, and the response is the same for every
/// page, so it varies by no origin. Where a token is needed, each request has to carry it.
fn cors(site: &Site) -> CorsLayer {
    let layer = CorsLayer::new()
        .allow_origin(cors::Any)
        .allow_methods(site.routes.methods())
        .expose_headers(cors::Any)
        .max_age(Duration::from_hours(24))
        .vary([]);
    match site.auth {
        // Browsers do not count `Authorization` among the headers that `*` allows (Fetch, "CORS protocol").
        Some(_) => layer.allow_headers(AllowHeaders::mirror_request()),
        None => layer.allow_headers(cors::Any),
    }
}
