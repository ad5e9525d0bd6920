//! Origins: their addresses, and the signatures of requests to them.

use super::error;
use crate::{
    body::{Body, full},
    server::{self, HttpClient},
    sign::{CLOUDFRONT, Payload, Service, sign_request},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use std::{net::SocketAddr, time::Duration};
use tokio::time::timeout;

/// An origin of CloudFront.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Address of the server.
    pub address: SocketAddr,
    /// Prefix of each request's path, without a slash at its end. Defaults to nothing.
    pub path: String,
    /// The service for which origin access control signs requests; `None` leaves them unsigned.
    pub access_control: Option<Service>,
    /// Headers added to each request. Defaults to none.
    pub custom_headers: HeaderMap,
    /// Time until the origin must begin its response. Defaults to 30 seconds.
    pub response_timeout: Duration,
}

/// Headers of a single connection (RFC 9110 section 7.6.1).
const HOP_BY_HOP: [HeaderName; 5] =
    [header::CONNECTION, header::TE, header::TRAILER, header::TRANSFER_ENCODING, header::UPGRADE];

impl Origin {
    /// Returns the origin at `address`, with requests signed by origin access control.
    pub fn new(address: SocketAddr, access_control: Option<Service>) -> Self {
        Self {
            address,
            path: String::new(),
            access_control,
            custom_headers: HeaderMap::new(),
            response_timeout: Duration::from_secs(30),
        }
    }

    /// Sends `request`. If there is no response, the error is the viewer's response.
    pub(super) async fn send(
        &self,
        client: &HttpClient,
        mut request: Request<Bytes>,
        id: &str,
    ) -> Result<Response<Body>, Response<Body>> {
        let bad = |_| error(StatusCode::BAD_GATEWAY, "Cannot reach the origin.");
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let uri = format!("http://{}{}{target}", self.address, self.path).parse();
        *request.uri_mut() = uri.map_err(|error: http::uri::InvalidUri| bad(error.into()))?;
        for (name, value) in &self.custom_headers {
            request.headers_mut().insert(name, value.clone());
        }
        let id = HeaderValue::try_from(id).map_err(|error| bad(error.into()))?;
        request.headers_mut().insert("x-amz-cf-id", id);
        if let Some(service) = self.access_control {
            sign(&mut request, service).map_err(bad)?;
        }
        let response = server::send(client, self.address, request.map(full));
        let response = match timeout(self.response_timeout, response).await {
            Ok(response) => response.map_err(bad)?,
            Err(_) => return Err(error(StatusCode::GATEWAY_TIMEOUT, "The origin did not respond in time.")),
        };
        let mut response = response.map(|body| body.map_err(Into::into).boxed_unsync());
        for name in HOP_BY_HOP {
            response.headers_mut().remove(name);
        }
        Ok(response)
    }
}

/// Signs as origin access control does: the viewer's `Authorization` is removed.
fn sign(request: &mut Request<Bytes>, service: Service) -> Result<(), crate::body::BoxError> {
    request.headers_mut().remove(header::AUTHORIZATION);
    let body = request.body().clone();
    // A Function URL accepts no unsigned body, and CloudFront does not hash bodies, so the viewer must send
    // the hash.
    let sent_hash = request.headers().get("x-amz-content-sha256").and_then(|hash| hash.to_str().ok());
    let sent_hash = sent_hash.map(ToOwned::to_owned);
    let payload = match (service, &sent_hash) {
        (Service::Lambda, _) if body.is_empty() => Payload::Bytes(&[]),
        (Service::Lambda, Some(hash)) => Payload::Hash(hash),
        // CloudFront sends this as well, and the service rejects it.
        (Service::Lambda, None) => Payload::Hash("UNSIGNED-PAYLOAD"),
        _ => Payload::Unsigned,
    };
    Ok(sign_request(request, &CLOUDFRONT, service, payload)?)
}
