//! The admin listener: `/livez`, `/readyz`, `/metrics` and `/purge`, for the platform and not for viewers.
//!
//! It has connections of its own, so it responds while those of the viewers are exhausted.

use crate::{
    connections::{ConnectionLimits, Networks},
    metrics::Scrape,
};
use axum::{
    Router,
    extract::State,
    response::IntoResponse,
    routing::{get, post},
};
use http::{HeaderValue, Response, header};
use safelight_core::Kind;
use safelight_service::{results::Results, status};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Maximum connections of the listener: a few probes and a collector of metrics.
const MAX_CONNECTIONS: usize = 16;

/// A condition under which the server should get requests.
pub trait Readiness: Send + Sync {
    /// Returns why the server should get no requests, or `None`.
    fn obstacle(&self) -> Option<&'static str>;
}

/// Whether the server was told to stop.
#[derive(Debug, Default)]
pub struct Draining(AtomicBool);

impl Draining {
    /// Notes that the server was told to stop.
    pub fn start(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Readiness for Draining {
    fn obstacle(&self) -> Option<&'static str> {
        self.0.load(Ordering::Relaxed).then_some("draining")
    }
}

/// The state that the admin listener shows.
pub struct Admin {
    /// The metrics.
    pub metrics: Scrape,
    /// The results that `/purge` forgets.
    pub results: Arc<Results>,
    /// The conditions of `/readyz`.
    pub readiness: Vec<Arc<dyn Readiness>>,
}

/// Returns the limits for the admin listener's own connections.
pub fn limits() -> ConnectionLimits {
    const SHORT: Duration = Duration::from_secs(5);
    ConnectionLimits {
        max_connections: MAX_CONNECTIONS,
        max_per_address: Some(MAX_CONNECTIONS),
        trusted_proxies: Networks::NONE,
        first_byte_timeout: SHORT,
        header_timeout: SHORT,
        client_timeout: SHORT,
        ..ConnectionLimits::default()
    }
}

/// Returns the routes of the admin listener.
pub fn router(admin: Admin) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/purge", post(purge))
        .with_state(Arc::new(admin))
}

async fn readyz(State(admin): State<Arc<Admin>>) -> Response<String> {
    let obstacle = admin.readiness.iter().find_map(|condition| condition.obstacle());
    let mut response = Response::new(format!("{}\n", obstacle.unwrap_or("ok")));
    if obstacle.is_some() {
        *response.status_mut() = status::of(Kind::Busy);
    }
    response
}

/// Forgets the results of each line of the body: of a path, or with a slash at its end of all paths below it. Responds
/// with their number.
async fn purge(State(admin): State<Arc<Admin>>, paths: String) -> String {
    let count: usize = paths.lines().map(|path| admin.results.purge(path)).sum();
    format!("{count}\n")
}

async fn metrics(State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    /// The text format of Prometheus.
    const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4");
    ([(header::CONTENT_TYPE, TEXT)], admin.metrics.render())
}
