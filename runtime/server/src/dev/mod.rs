//! The page of development: the folder's images, a playground of all parameters, and errors that a browser shows.
//!
//! It lists files and stores what a page sends, so it is only for listeners on loopback without signatures or tokens, and
//! only for requests that name a loopback host: another site cannot reach it through a visitor's browser.

mod error_page;
mod guard;
mod pictures;
mod uploads;

use axum::{
    Router,
    body::Body,
    extract::State,
    middleware,
    response::IntoResponse,
    routing::{get, post},
};
use http::{HeaderValue, header};
use safelight_service::openapi::openapi_json;
use std::{io, path::PathBuf, sync::Arc};
use uploads::Uploads;

/// The page, which `runtime/server/page` builds.
const PAGE: &str = include_str!("page.html");

/// The page needs nothing from elsewhere.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; img-src 'self' blob: data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The state of the page.
#[derive(Debug)]
pub struct Dev {
    /// The folder that is served; `None` if the source is no folder.
    folder: Option<PathBuf>,
    uploads: Uploads,
}

impl Dev {
    /// The prefix of the paths of uploads.
    pub const UPLOADS: &str = "/-/uploads";

    /// Returns the state for images in `folder`. Uploads have at most `max_upload_bytes` each.
    ///
    /// # Errors
    /// Those of the system, if no folder for uploads can be created.
    pub fn new(folder: Option<PathBuf>, max_upload_bytes: u64) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self { folder, uploads: Uploads::new(max_upload_bytes)? }))
    }

    /// Returns the folder of uploads, to be served at [`Dev::UPLOADS`].
    pub fn uploads(&self) -> &std::path::Path {
        self.uploads.folder()
    }
}

/// Returns the routes of the page before those of `images`.
pub fn router(images: Router, dev: Arc<Dev>) -> Router {
    let page = Router::new()
        .route("/", get(async || html(PAGE)))
        .route("/openapi.json", get(async || json(openapi_json())))
        .route("/-/params.json", get(async || json(safelight_registry::params_json())))
        .route("/-/pictures.json", get(pictures))
        .route(Dev::UPLOADS, post(uploads::upload))
        .route_layer(middleware::from_fn(guard::only_local))
        .with_state(dev);
    page.fallback_service(images).layer(middleware::from_fn(error_page::for_browsers))
}

async fn pictures(State(dev): State<Arc<Dev>>) -> impl IntoResponse {
    json(pictures::list(dev.folder.clone()).await)
}

/// A page that browsers do not keep.
fn html(body: impl Into<Body>) -> impl IntoResponse {
    const TYPE: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
    const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
    let headers = [
        (header::CONTENT_TYPE, TYPE),
        (header::CACHE_CONTROL, NO_STORE),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, body.into())
}

fn json(body: String) -> impl IntoResponse {
    const TYPE: HeaderValue = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, TYPE), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], body)
}
