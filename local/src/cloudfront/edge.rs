//! Functions at the edge: they see requests before the cache does, or before the origin does.

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
    /// Says what is to be done with a request.
    ///
    /// # Errors
    /// Any makes the viewer's answer a 503.
    async fn run(&self, event: EdgeEvent) -> Result<Verdict, BoxError>;
}

/// What a function is told.
#[derive(Clone, Debug)]
pub struct EdgeEvent {
    /// Name of the request, sent to the origin as `X-Amz-Cf-Id` when the function is done.
    pub request_id: String,
    /// Address of the viewer.
    pub client_ip: IpAddr,
    /// The request; its URI is path and query.
    pub request: Request<Bytes>,
    /// Where it goes, in an origin-request event.
    pub origin: Option<Origin>,
}

/// What a function wants.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Go on with this request.
    Forward(Request<Bytes>),
    /// Answer with this.
    Respond(Response<Bytes>),
}

/// Runs `function`, if there is one; the error is the answer to the viewer.
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
            let word = if origin.is_some() {
                "LambdaGeneratedResponse from cloudfront"
            } else {
                "FunctionGeneratedResponse from cloudfront"
            };
            Err(super::marked(response.map(full), word))
        }
        Err(failure) => {
            eprintln!("safelight-local: a function at the edge failed: {failure}");
            Err(error(StatusCode::SERVICE_UNAVAILABLE, "The function at the edge failed."))
        }
    }
}
