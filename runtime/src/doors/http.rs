//! The HTTP door: translates requests and responses, and logs each pair.

use crate::{
    handle::{Service, handle},
    log::{Logged, Record},
    problem,
    request::{Request, accept, request_id},
    source::Origin,
};
use axum::{Router, extract::State, routing::get};
use http::{HeaderName, HeaderValue, Method, Response, header, request::Parts};
use safelight_core::{Error, Kind};
use std::{
    any::Any,
    sync::Arc,
    time::{Duration, Instant},
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{self, CorsLayer},
};

/// What the door serves.
#[derive(Clone, Debug)]
pub struct Site {
    /// How requests are answered.
    pub service: Service,
    /// Where the pictures are.
    pub origin: Arc<dyn Origin>,
}

/// The routes: `/healthz`, and every other path a picture.
pub fn router(site: Site) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .fallback(picture)
        .with_state(Arc::new(site))
        .layer(CatchPanicLayer::custom(defect))
        .layer(cors())
}

/// Answers where the code failed; what is known of it is in the log.
fn defect(_: Box<dyn Any + Send>) -> Response<axum::body::Body> {
    let error = Error::new(Kind::Internal, "server", "failed unexpectedly");
    problem::response(error, "").map(axum::body::Body::new)
}

async fn picture(
    State(site): State<Arc<Site>>,
    request: http::Request<axum::body::Body>,
) -> Response<axum::body::Body> {
    let (parts, _) = request.into_parts();
    let mut record = record(&site, &parts);
    let mut response = match Request::from_http(&parts, record.id.clone(), record.meter.clone()) {
        Ok((key, request)) => handle(&site.service, site.origin.source(&key), &request).await,
        Err(error) => problem::response(error, &record.id),
    };

    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.extend(HeaderValue::from_str(&record.id).map(|id| (REQUEST_ID, id)));
    let error = response.extensions_mut().remove::<Arc<Error>>();
    record.note(response.status(), response.headers(), error);
    response.map(|body| axum::body::Body::new(Logged::new(body, record)))
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

fn record(site: &Site, parts: &Parts) -> Record {
    let query = site.service.registry.query(parts.uri.query().unwrap_or_default(), &accept(&parts.headers));
    Record {
        id: request_id(&parts.headers),
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: query.map(|query| query.to_string()).unwrap_or_default(),
        status: None,
        error: None,
        phases: None,
        meter: Arc::default(),
        sent: 0,
        complete: parts.method == Method::HEAD,
        start: Instant::now(),
    }
}

/// Any page may show, and read, what anyone may fetch. The answer is the same for all of them, so it
/// varies by nothing.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(cors::Any)
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers(cors::Any)
        .expose_headers(cors::Any)
        .max_age(Duration::from_hours(24))
        .vary([])
}
