//! Requests as a viewer or a signing client sends them.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use safelight_local::{
    body::{Body, full},
    sign::{Key, Payload, Service, USER, sign_request},
};
use std::net::SocketAddr;

/// A response, with its whole body.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Whether the body is complete according to its framing.
    pub(crate) whole: bool,
}

impl Reply {
    /// Returns the value of the header `name`, empty if it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Returns the error code of an XML document, empty if it has none.
    pub(crate) fn code(&self) -> &str {
        let text = self.text().split_once("<Code>").map_or("", |(_, rest)| rest);
        text.split_once("</Code>").map_or("", |(code, _)| code)
    }
}

/// Returns a request of `method` for `target` at `address`, with these headers and no body.
pub(crate) fn request(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> Request<Body> {
    let uri = format!("http://{address}{target}");
    let mut request = Request::builder().method(method.parse::<Method>().unwrap()).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(full("")).unwrap()
}

/// Returns this request, signed by `key` for `service`.
pub(crate) fn signed(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    (key, service): (&Key, Service),
) -> Request<Body> {
    let mut request = request(address, method, target, headers);
    sign_request(&mut request, key, service, Payload::Bytes(b"")).unwrap();
    request
}

pub(crate) async fn get(address: SocketAddr, target: &str) -> Reply {
    fetch(address, "GET", target, &[]).await
}

pub(crate) async fn fetch(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> Reply {
    send(request(address, method, target, headers)).await
}

/// Sends a `GET` signed by the account's user.
pub(crate) async fn get_signed(
    address: SocketAddr,
    target: &str,
    headers: &[(&str, &str)],
    service: Service,
) -> Reply {
    send(signed(address, "GET", target, headers, (&USER, service))).await
}

pub(crate) async fn send(request: Request<Body>) -> Reply {
    finish(open(request).await, Vec::new()).await
}

/// Sends a request; the body of the response is not read yet.
pub(crate) async fn open(request: Request<Body>) -> Response<Incoming> {
    let client: Client<_, Body> =
        Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
    client.request(request).await.unwrap()
}

/// Reads the rest of a body that starts with `body`.
pub(crate) async fn finish(response: Response<Incoming>, mut body: Vec<u8>) -> Reply {
    let (parts, mut incoming) = response.into_parts();
    let mut whole = true;
    while let Some(frame) = incoming.frame().await {
        let Ok(frame) = frame else {
            whole = false;
            break;
        };
        body.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
    }
    Reply { status: parts.status.as_u16(), headers: parts.headers, body, whole }
}
