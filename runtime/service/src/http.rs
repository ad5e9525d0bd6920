//! The HTTP door: translates requests and responses, and logs each pair.

use crate::{
    auth::TokenAuth,
    frames_door,
    handle::{Service, handle},
    health_imaging::{Frames, loggable},
    log::{Logged, Record},
    problem,
    request::{Request, accept, request_id},
    source::Origin,
};
use axum::{Router, extract::State, routing::get};
use http::{HeaderName, HeaderValue, Method, Response, header, request::Parts};
use safelight_core::{Error, Kind};
use std::{any::Any, sync::Arc, time::Duration};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{self, AllowHeaders, CorsLayer},
};

/// What the door serves.
#[derive(Clone, Debug)]
pub struct Site {
    /// How requests are answered.
    pub service: Service,
    /// Where the pictures are.
    pub origin: Served,
    /// Who may see them. Defaults to everybody.
    pub guard: Option<Arc<TokenAuth>>,
}

/// What there is to see.
#[derive(Clone, Debug)]
pub enum Served {
    /// Pictures by path.
    Pictures(Arc<dyn Origin>),
    /// Image frames.
    Frames(Arc<Frames>),
}

/// The routes: `/healthz`, and every other path a picture.
pub fn router(site: Site) -> Router {
    let cors = cors(&site);
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .fallback(picture)
        .with_state(Arc::new(site))
        .layer(CatchPanicLayer::custom(defect))
        .layer(cors)
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
    let (mut parts, body) = request.into_parts();
    // First of all, for it takes the token out: nothing else sees it, the log included.
    let admitted = match &site.guard {
        Some(guard) => guard.authenticate(&mut parts).await,
        None => Ok(()),
    };
    let mut record = record(&site, &parts);
    let mut response = match (admitted, &site.origin) {
        (Err(denied), _) => denied.into_response(&record.id),
        (Ok(()), Served::Frames(served)) => {
            frames_door::answer(&site.service, served, (&parts, body), (&record.id, &record.meter)).await
        }
        (Ok(()), Served::Pictures(origin)) => {
            match Request::from_http(&parts, record.id.clone(), record.meter.clone()) {
                Ok((key, request)) => handle(&site.service, origin.source(&key), &request).await,
                Err(error) => problem::response(error, &record.id),
            }
        }
    };

    if let Some(guard) = &site.guard {
        guard.mark_private(response.headers_mut());
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.extend(HeaderValue::from_str(&record.id).map(|id| (REQUEST_ID, id)));
    let error = response.extensions_mut().remove::<Arc<Error>>();
    record.note(response.status(), response.headers(), error);
    response.map(|body| axum::body::Body::new(Logged::new(body, record)))
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

fn record(site: &Site, parts: &Parts) -> Record {
    let path = match site.origin {
        Served::Pictures(_) => parts.uri.path().to_owned(),
        Served::Frames(_) => loggable(parts.uri.path()),
    };
    let query = site.service.registry.query(parts.uri.query().unwrap_or_default(), &accept(&parts.headers));
    let mut record = Record::new(request_id(&parts.headers), parts.method.to_string(), path, query);
    record.complete = parts.method == Method::HEAD;
    record
}

/// Any page may show, and read, what anyone may fetch. The answer is the same for all of them, so it
/// varies by nothing. A token has to come along in each request: no page has one that is not its own.
fn cors(site: &Site) -> CorsLayer {
    let mut methods = vec![Method::GET, Method::HEAD];
    if matches!(site.origin, Served::Frames(_)) {
        methods.push(Method::POST);
    }
    let layer = CorsLayer::new()
        .allow_origin(cors::Any)
        .allow_methods(methods)
        .expose_headers(cors::Any)
        .max_age(Duration::from_hours(24))
        .vary([]);
    match site.guard {
        // To browsers the asterisk does not stand for `Authorization` (Fetch, "CORS protocol").
        Some(_) => layer.allow_headers(AllowHeaders::mirror_request()),
        None => layer.allow_headers(cors::Any),
    }
}
