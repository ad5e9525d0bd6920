//! The web door, without connections: translates HTTP requests and responses. The server and the function's
//! URL both use it.

use crate::{
    auth::{TokenAuth, Viewer},
    door::{DoorRequest, Target, serve_request},
    handle::{Service, handle},
    problem,
    rejection::Rejection,
    request::request_id,
    response::Body,
    signature::{SignatureCheck, limit_caching},
    source::Origin,
};
use axum::{Router, extract::State, routing::get};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, Version, header, request::Parts};
use safelight_core::{Error, ExifDetail, Kind, Result};
use std::{borrow::Cow, sync::Arc, time::Duration};
use tokio::time::timeout;
use tower_http::cors::{self, AllowHeaders, CorsLayer};

/// The images that the door serves, and the check of its viewers.
#[derive(Clone, Debug)]
pub struct Site {
    /// The state that all requests share.
    pub service: Service,
    /// The images.
    pub origin: Arc<dyn Origin>,
    /// The check of viewers' tokens. Defaults to `None`: no token is needed.
    pub auth: Option<Arc<TokenAuth>>,
    /// The check of signed URLs. Defaults to `None`: no signature is needed.
    pub signatures: Option<Arc<SignatureCheck>>,
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

impl Site {
    /// Returns the service with the settings for `viewer`.
    fn service_for(&self, viewer: Viewer) -> Cow<'_, Service> {
        if !viewer.sees_all_exif {
            return Cow::Borrowed(&self.service);
        }
        let mut service = self.service.clone();
        service.settings.exif = ExifDetail::All;
        Cow::Owned(service)
    }
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
    let admitted = match &site.signatures {
        Some(check) => check.admit(&mut parts),
        None => Ok(None),
    };
    let expiry = admitted.as_ref().copied().unwrap_or_default();
    let id = request_id(&parts.headers);
    let response = serve_request(door_request(&site, &parts, id.clone()), |pending| async {
        let viewer = authenticated?;
        admitted?;
        check_host(&parts)?;
        let body = read_body(&site, body).await?;
        let resource = site.origin.resolve(&parts, &body)?;
        let request = if resource.is_image { pending.with_query()? } else { pending.without_query() };
        handle(&site.service_for(viewer), &resource.source, &request).await
    });
    let mut response = response.await.render(|rejection, id| render(&site, rejection, id));
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

/// Checks that the request has no second `Host` line: servers and proxies that choose different ones disagree about the
/// site (RFC 9112 3.2). A missing one is accepted, because events of Lambda need none, and nothing here depends on it.
fn check_host(parts: &Parts) -> Result<()> {
    match parts.headers.get_all(header::HOST).iter().count() {
        0 | 1 => Ok(()),
        count => Err(Error::new(Kind::InvalidParam, "host", format!("{count} Host headers: expected one"))),
    }
}

fn door_request(site: &Site, parts: &Parts, id: String) -> DoorRequest {
    let path = site.origin.loggable_path(parts.uri.path());
    let target = Target { path: &path, query: parts.uri.query().unwrap_or_default() };
    let mut request =
        DoorRequest::new(&site.service, id, parts.method.as_str(), target, effective_headers(parts));
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
async fn read_body(site: &Site, body: axum::body::Body) -> Result<Bytes> {
    let max_bytes = site.origin.max_body_bytes();
    if max_bytes == 0 {
        return Ok(Bytes::new());
    }
    let read = async {
        axum::body::to_bytes(body, max_bytes).await.map_err(|error| {
            let message = format!("the request's body is incomplete, or longer than {max_bytes} bytes");
            Error::new(Kind::LimitExceeded, "body", message).with_source(error)
        })
    };
    let secs = site.service.source_timeout.as_secs();
    let late = |_| {
        let message = format!("the request's body did not arrive within {secs} s");
        Error::new(Kind::InvalidParam, "body", message)
    };
    timeout(site.service.source_timeout, read).await.map_err(late)?
}

fn render(site: &Site, rejection: &Rejection, id: &str) -> Response<Body> {
    let mut response = problem::response(rejection, id);
    if rejection.error.kind == Kind::MethodNotAllowed {
        let methods = site.origin.methods().iter().map(Method::as_str).chain(["OPTIONS"]);
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
        .allow_methods(site.origin.methods().to_vec())
        .expose_headers(cors::Any)
        .max_age(Duration::from_hours(24))
        .vary([]);
    match site.auth {
        // Browsers do not count `Authorization` among the headers that `*` allows (Fetch, "CORS protocol").
        Some(_) => layer.allow_headers(AllowHeaders::mirror_request()),
        None => layer.allow_headers(cors::Any),
    }
}
