//! Edge functions: they run before the cache (viewer request) or before the origin (origin request).

use super::{Origin, error};
use crate::body::{Body, BoxError, full};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use std::{
    fmt::Debug,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

/// A function that CloudFront runs for a viewer-request or origin-request event.
#[async_trait]
pub trait EdgeFunction: Debug + Send + Sync {
    /// Decides whether to forward a request or to respond to it.
    ///
    /// # Errors
    /// The viewer gets a 503.
    async fn run(&self, event: EdgeEvent) -> Result<Verdict, BoxError>;
}

/// The input of an edge function.
#[derive(Clone, Debug)]
pub struct EdgeEvent {
    /// Identifier of the request; the origin gets it as `X-Amz-Cf-Id` after the function has run.
    pub request_id: String,
    /// Address of the viewer.
    pub client_ip: IpAddr,
    /// The request; its URI is path and query.
    pub request: Request<Bytes>,
    /// The origin, in an origin-request event.
    pub origin: Option<Origin>,
}

/// The result of an edge function.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Forwards this request.
    Forward(Request<Bytes>),
    /// Responds with this.
    Respond(Response<Bytes>),
}

/// Runs `function`, if there is one. The error is the response to the viewer.
pub(super) async fn run(
    function: Option<&Arc<dyn EdgeFunction>>,
    id: &str,
    origin: Option<&Origin>,
    request: Request<Bytes>,
) -> Result<Request<Bytes>, Response<Body>> {
    let Some(function) = function else { return Ok(request) };
    let event = EdgeEvent {
        request_id: id.to_owned(),
        client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        request,
        origin: origin.cloned(),
    };
    match function.run(event).await {
        Ok(Verdict::Forward(request)) => Ok(request),
        Ok(Verdict::Respond(response)) => {
            let x_cache = if origin.is_some() {
                "LambdaGeneratedResponse from cloudfront"
            } else {
                "FunctionGeneratedResponse from cloudfront"
            };
            Err(super::with_x_cache(response.map(full), x_cache))
        }
        Err(failure) => {
            eprintln!("safelight-local: a function at the edge failed: {failure}");
            Err(error(StatusCode::SERVICE_UNAVAILABLE, "The function at the edge failed."))
        }
    }
}
