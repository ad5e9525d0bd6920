//! CloudFront, as far as this project uses it: behaviours, cache and origin request policies, functions at
//! the edge, origin access control.

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
use cache::{Cache, Found, Key};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

/// The largest request body.
const MAX_BODY: usize = 20 << 20;

/// A distribution that answers.
pub(crate) struct CloudFront {
    distribution: Distribution,
    cache: Arc<Cache>,
    client: HttpClient,
}

impl CloudFront {
    /// `distribution` with an empty cache.
    pub(crate) fn new(distribution: Distribution, clock: Clock) -> Self {
        Self { distribution, cache: Arc::new(Cache::new(clock)), client: client() }
    }

    /// What the distribution's domain answers with.
    pub(crate) fn handler(self: Arc<Self>) -> Handler {
        Arc::new(move |request| {
            let cloudfront = self.clone();
            Box::pin(async move {
                let id = Uuid::new_v4().simple().to_string();
                let mut response = cloudfront.answer(request, &id).await;
                let headers = response.headers_mut();
                headers.append(header::VIA, HeaderValue::from_static("1.1 local (CloudFront)"));
                headers.insert("x-amz-cf-pop", HeaderValue::from_static("LOOPBACK"));
                headers.insert("x-amz-cf-id", HeaderValue::try_from(id).expect("a UUID is a valid value"));
                response
            })
        })
    }

    async fn answer(&self, request: Request<Incoming>, id: &str) -> Response<Body> {
        let behavior = self.distribution.behavior(request.uri().path());
        if !behavior.methods.contains(request.method()) {
            return error(StatusCode::FORBIDDEN, "This distribution does not allow the method.");
        }
        let (parts, body) = request.into_parts();
        let Ok(Some(body)) = collect(body, MAX_BODY).await else {
            return error(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large.");
        };
        let request = Request::from_parts(parts, body);
        let request = match edge::run(behavior.viewer_request.as_ref(), id, None, request).await {
            Ok(request) => request,
            Err(response) => return response,
        };
        self.look_up(behavior, request, id).await
    }

    /// Answers from the cache, or from the origin.
    async fn look_up(&self, behavior: &Behavior, request: Request<Bytes>, id: &str) -> Response<Body> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return match self.ask(behavior, &request, id).await {
                Ok(response) => marked(response, "Miss from cloudfront"),
                Err(response) => response,
            };
        }
        let key = Key::new(&request, &behavior.cache);
        let stale = match self.cache.find(&key) {
            Found::Fresh(entry, age) => return entry.answer(&request, age, "Hit from cloudfront"),
            Found::Stale(entry) => Some(entry),
            Found::Nothing => None,
        };
        let Some(stale) = stale else {
            // One request for all who come meanwhile; if its answer is not kept, they ask one after another.
            let turn = self.cache.turn(&key).await;
            if let Found::Fresh(entry, age) = self.cache.find(&key) {
                return entry.answer(&request, age, "Hit from cloudfront");
            }
            return self.fetch(behavior, &request, key, id, Some(turn)).await;
        };

        let mut question = request.clone();
        if !stale.make_conditional(question.headers_mut()) {
            return self.fetch(behavior, &request, key, id, None).await;
        }
        match self.ask(behavior, &question, id).await {
            Ok(response) if response.status() == StatusCode::NOT_MODIFIED => {
                let ttl = behavior.cache.ttl(StatusCode::OK, response.headers());
                self.cache.renew(key, &stale, ttl).answer(&request, 0, "RefreshHit from cloudfront")
            }
            // The condition was not the viewer's: whatever else the origin says may not be for him.
            Ok(_) => self.fetch(behavior, &request, key, id, None).await,
            Err(response) => response,
        }
    }

    /// Answers from the origin, and keeps the answer if it may be kept.
    async fn fetch(
        &self,
        behavior: &Behavior,
        request: &Request<Bytes>,
        key: Key,
        id: &str,
        turn: Option<OwnedMutexGuard<()>>,
    ) -> Response<Body> {
        let response = match self.ask(behavior, request, id).await {
            Ok(response) => response,
            Err(response) => return response,
        };
        let ttl = behavior.cache.ttl(response.status(), response.headers());
        let response = self.cache.keep(key, response, ttl, turn);
        marked(response, "Miss from cloudfront")
    }

    /// Sends the request to the origin; where there is no answer, or a function answered, that is the error.
    async fn ask(
        &self,
        behavior: &Behavior,
        request: &Request<Bytes>,
        id: &str,
    ) -> Result<Response<Body>, Response<Body>> {
        let question = behavior.origin_request(request);
        let function = behavior.origin_request_function.as_ref();
        let question = edge::run(function, id, Some(&behavior.origin), question).await?;
        behavior.origin.send(&self.client, question, id).await
    }
}

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

/// Says where an answer is from; errors say that they are such.
fn marked(mut response: Response<Body>, word: &'static str) -> Response<Body> {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let word = if is_error { "Error from cloudfront" } else { word };
    response.headers_mut().insert(X_CACHE, HeaderValue::from_static(word));
    response
}

/// An error of CloudFront's own.
fn error(status: StatusCode, message: &str) -> Response<Body> {
    let mut response = Response::new(full(format!("<h1>{status}</h1>\n<p>{message}</p>\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    marked(response, "")
}
