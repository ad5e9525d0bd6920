//! The steps that all doors share: record a request, serve it, catch panics, log the response.
//!
//! A door translates its input to a [`DoorRequest`], and a [`DoorResponse`] to its output.

use crate::{
    handle::Service,
    log::{Logged, Record, loggable_query},
    meter::Meter,
    metrics::Metrics,
    rejection::Rejection,
    request::{Request, accept},
    response::Body,
};
use futures_util::FutureExt;
use http::{HeaderMap, Response};
use safelight_core::{Error, Kind, Query, Result};
use safelight_edge::{authorize::Access, rules::Asked};
use std::{panic::AssertUnwindSafe, sync::Arc};

/// A request, translated by its door.
#[derive(Debug)]
pub struct DoorRequest {
    /// Name of the request, for the response and the log.
    pub id: String,
    /// Method, for the log.
    pub method: String,
    /// Path, for the log.
    pub path: String,
    /// Name of the viewer, for the log. Defaults to `None`: no token was required.
    pub subject: Option<String>,
    /// The query as the client sent it, as the log may show it.
    pub raw_query: String,
    /// The query, parsed once.
    pub query: Result<Asked>,
    /// Headers.
    pub headers: HeaderMap,
    /// Whether the response has a body.
    pub wants_body: bool,
    /// As in [`Request::needs_length`].
    pub needs_length: bool,
    /// The metrics that count the request.
    pub metrics: Arc<Metrics>,
}

impl DoorRequest {
    /// A request for a body, with `query` parsed by `service`.
    pub fn new(
        service: &Service,
        id: impl Into<String>,
        method: &str,
        target: Target<'_>,
        headers: HeaderMap,
    ) -> Self {
        Self {
            id: id.into(),
            method: method.to_owned(),
            path: target.path.to_owned(),
            subject: None,
            raw_query: loggable_query(target.query, str::to_owned),
            query: service.query(target.query, &accept(&headers)),
            headers,
            wants_body: true,
            needs_length: false,
            metrics: service.metrics.clone(),
        }
    }
}

/// The target of a request.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Path, as the log may show it.
    pub path: &'a str,
    /// Query, without the question mark.
    pub query: &'a str,
}

/// A recorded request whose query may still prove invalid.
#[derive(Debug)]
pub struct Pending {
    query: Result<Asked>,
    request: Request,
}

impl Pending {
    /// The request for an image, to which the transforms of the query apply.
    ///
    /// # Errors
    /// [`Kind::InvalidParam`] if the query is invalid.
    pub fn with_query(self) -> Result<Request> {
        let Asked { query, download, .. } = self.query?;
        Ok(Request { query, download, ..self.request })
    }

    /// Returns the request as far as rights depend on it.
    pub(crate) fn access<'a>(&'a self, path: &'a str) -> Access<'a> {
        let asked = self.query.as_ref().ok();
        Access {
            path,
            preset: asked.and_then(|asked| asked.preset.as_deref()),
            is_preset_only: asked.is_some_and(|asked| asked.is_preset_only),
        }
    }

    /// The request for something else, to which no transform applies.
    pub fn without_query(self) -> Request {
        self.request
    }
}

/// The result of a request, still to be rendered by its door.
pub struct DoorResponse<T> {
    /// The response, or the rejection.
    pub result: Result<T, Rejection>,
    /// The line for the log.
    pub record: Record,
}

/// Records `request` and serves it with `respond`. A panic becomes [`Kind::Internal`].
pub async fn serve_request<T, F>(request: DoorRequest, respond: impl FnOnce(Pending) -> F) -> DoorResponse<T>
where
    F: Future<Output = Result<T, Rejection>>,
{
    let DoorRequest {
        id,
        subject,
        method,
        path,
        raw_query,
        query,
        headers,
        wants_body,
        needs_length,
        metrics,
    } = request;
    let canonical = query.as_ref().map(|asked| asked.query.to_string()).unwrap_or_default();
    let mut record = Record::new(Meter::new(metrics), id, method, path, raw_query, canonical);
    record.subject = subject;
    record.complete = !wants_body;
    let meter = record.meter.clone();
    let request = Request {
        query: Query::default(),
        download: None,
        headers,
        wants_body,
        needs_length,
        meter,
        identity: None,
    };
    let work = AssertUnwindSafe(async { respond(Pending { query, request }).await }).catch_unwind();
    let result = work.await.unwrap_or_else(|_| {
        Err(Error::new(Kind::Internal, "door", "the request failed because of a defect").into())
    });
    DoorResponse { result, record }
}

impl DoorResponse<Response<Body>> {
    /// Returns the response, or the rejection as `render` puts it. The log line follows the end of the body.
    pub fn render(self, render: impl FnOnce(&Rejection, &str) -> Response<Body>) -> Response<Logged<Body>> {
        self.render_with(render, |body| body)
    }

    /// Returns the same response with its body wrapped by `wrap`: errors of the wrapper reach the log too.
    pub fn render_with<B: http_body::Body>(
        self,
        render: impl FnOnce(&Rejection, &str) -> Response<Body>,
        wrap: impl FnOnce(Body) -> B,
    ) -> Response<Logged<B>> {
        let Self { result, mut record } = self;
        let (response, error) = match result {
            Ok(response) => (response, None),
            Err(rejection) => (render(&rejection, &record.id), Some(rejection.error)),
        };
        record.note(response.status(), response.headers(), error);
        response.map(|body| Logged::new(wrap(body), record))
    }
}
