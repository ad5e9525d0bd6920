//! The parts of CloudFront that this project uses: behaviours, cache and origin request policies, edge
//! functions, origin access control.

mod cache;
mod edge;
mod edge_event;
mod node_edge;
mod origin;
mod policy;

pub use edge::{EdgeEvent, EdgeFunction, Verdict};
pub use node_edge::NodeEdge;
pub use origin::Origin;
pub use policy::{Behavior, CachePolicy, Distribution, OriginRequestPolicy};

use crate::{
    body::{Body, collect, full},
    clock::Clock,
    server::{Handler, HttpClient, client},
};
use bytes::Bytes;
use cache::{Cache, Key, Lookup};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

/// Size in bytes of the largest request body.
const MAX_BODY_BYTES: usize = 20 << 20;

/// A running distribution.
pub(crate) struct CloudFront {
    distribution: Distribution,
    cache: Arc<Cache>,
    client: HttpClient,
}

impl CloudFront {
    /// Returns `distribution` with an empty cache.
    pub(crate) fn new(distribution: Distribution, clock: Clock) -> Self {
        Self { distribution, cache: Arc::new(Cache::new(clock)), client: client() }
    }

    /// Returns the handler of the distribution's domain.
    pub(crate) fn handler(self: Arc<Self>) -> Handler {
        Arc::new(move |request| {
            let cloudfront = self.clone();
            Box::pin(async move {
                let id = Uuid::new_v4().simple().to_string();
                let mut response = cloudfront.respond(request, &id).await;
                let headers = response.headers_mut();
                headers.append(header::VIA, HeaderValue::from_static("1.1 local (CloudFront)"));
                headers.insert("x-amz-cf-pop", HeaderValue::from_static("LOOPBACK"));
                headers.insert("x-amz-cf-id", HeaderValue::try_from(id).expect("a UUID is a valid value"));
                response
            })
        })
    }

    async fn respond(&self, request: Request<Incoming>, id: &str) -> Response<Body> {
        let behavior = self.distribution.behavior(request.uri().path());
        if !behavior.methods.contains(request.method()) {
            return error(StatusCode::FORBIDDEN, "This distribution does not allow the method.");
        }
        let (parts, body) = request.into_parts();
        let Ok(Some(body)) = collect(body, MAX_BODY_BYTES).await else {
            return error(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large.");
        };
        let request = Request::from_parts(parts, body);
        let request = match edge::run(behavior.viewer_request.as_ref(), id, None, request).await {
            Ok(request) => request,
            Err(response) => return response,
        };
        self.look_up(behavior, request, id).await
    }

    /// Responds from the cache, or from the origin.
    async fn look_up(&self, behavior: &Behavior, request: Request<Bytes>, id: &str) -> Response<Body> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return match self.send(behavior, &request, id).await {
                Ok(response) => with_x_cache(response, "Miss from cloudfront"),
                Err(response) => response,
            };
        }
        let key = Key::new(&request, &behavior.cache);
        let stale = match self.cache.find(&key) {
            Lookup::Fresh(entry, age) => return entry.to_response(&request, age, "Hit from cloudfront"),
            Lookup::Stale(entry) => Some(entry),
            Lookup::Missing => None,
        };
        let Some(stale) = stale else {
            // One request fetches the response for all that wait; if it is not cached, they fetch it one
            // after another.
            let lock = self.cache.lock_fetch(&key).await;
            if let Lookup::Fresh(entry, age) = self.cache.find(&key) {
                return entry.to_response(&request, age, "Hit from cloudfront");
            }
            return self.fetch(behavior, &request, key, id, Some(lock)).await;
        };

        let mut conditional = request.clone();
        if !stale.make_conditional(conditional.headers_mut()) {
            return self.fetch(behavior, &request, key, id, None).await;
        }
        match self.send(behavior, &conditional, id).await {
            Ok(response) if response.status() == StatusCode::NOT_MODIFIED => {
                let ttl = behavior.cache.ttl(StatusCode::OK, response.headers());
                self.cache.renew(key, &stale, ttl).to_response(&request, 0, "RefreshHit from cloudfront")
            }
            // The condition is the cache's, not the viewer's, so any other response may not be meant for the
            // viewer.
            Ok(_) => self.fetch(behavior, &request, key, id, None).await,
            Err(response) => response,
        }
    }

    /// Responds from the origin, and caches the response if its headers allow it.
    async fn fetch(
        &self,
        behavior: &Behavior,
        request: &Request<Bytes>,
        key: Key,
        id: &str,
        lock: Option<OwnedMutexGuard<()>>,
    ) -> Response<Body> {
        let response = match self.send(behavior, request, id).await {
            Ok(response) => response,
            Err(response) => return response,
        };
        let ttl = behavior.cache.ttl(response.status(), response.headers());
        let response = self.cache.store(key, response, ttl, lock);
        with_x_cache(response, "Miss from cloudfront")
    }

    /// Sends the request to the origin. The error is CloudFront's own response, or that of an edge function.
    async fn send(
        &self,
        behavior: &Behavior,
        request: &Request<Bytes>,
        id: &str,
    ) -> Result<Response<Body>, Response<Body>> {
        let origin_request = behavior.origin_request(request);
        let function = behavior.origin_request_function.as_ref();
        let origin_request = edge::run(function, id, Some(&behavior.origin), origin_request).await?;
        behavior.origin.send(&self.client, origin_request, id).await
    }
}

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

/// Sets `X-Cache` to `x_cache`, or to its value for errors.
fn with_x_cache(mut response: Response<Body>, x_cache: &'static str) -> Response<Body> {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let x_cache = if is_error { "Error from cloudfront" } else { x_cache };
    response.headers_mut().insert(X_CACHE, HeaderValue::from_static(x_cache));
    response
}

/// Returns an error of CloudFront's own.
fn error(status: StatusCode, message: &str) -> Response<Body> {
    let mut response = Response::new(full(format!("<h1>{status}</h1>\n<p>{message}</p>\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    with_x_cache(response, "")
}
