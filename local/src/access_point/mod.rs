//! The Object Lambda access point: objects transformed by the function.

mod event;
mod list;
pub(crate) mod writes;

use crate::{
    body::{Body, empty},
    faults::Faults,
    runtime_api::{Failure, Function, Reply},
    server::Handler,
    sign::{Key, Presigned, Rejection, Service, presign, verify},
    xml,
};
use bytes::Bytes;
use event::{Context, Event};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts,
};
use hyper::body::Incoming;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::{select, time::timeout};
use writes::{Ticket, Writes};

/// Requests for a part of an object. An access point rejects them unless its configuration allows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// `GetObject` with a range.
    GetObjectRange,
    /// `GetObject` with a part number.
    GetObjectPartNumber,
    /// `HeadObject` with a range.
    HeadObjectRange,
    /// `HeadObject` with a part number.
    HeadObjectPartNumber,
}

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 4] =
        [Self::GetObjectRange, Self::GetObjectPartNumber, Self::HeadObjectRange, Self::HeadObjectPartNumber];
}

/// Configuration of an access point.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) features: BTreeSet<Feature>,
    /// Passed to the function unchanged.
    pub(crate) payload: String,
    /// Time limit for a whole response.
    pub(crate) limit: Duration,
}

/// An access point.
pub(crate) struct AccessPoint {
    pub(crate) settings: Settings,
    /// Address of the bucket's server.
    pub(crate) s3: SocketAddr,
    pub(crate) function: Arc<Function>,
    pub(crate) writes: Arc<Writes>,
    pub(crate) faults: Arc<Faults>,
}

/// Lifetime of a presigned URL.
const URL_LIFE: Duration = Duration::from_secs(61);

impl AccessPoint {
    /// Returns the handler of the access point's endpoint.
    pub(crate) fn handler(self: Arc<Self>) -> Handler {
        Arc::new(move |request| {
            let access_point = self.clone();
            Box::pin(async move {
                let has_origin = request.headers().contains_key(header::ORIGIN);
                let mut response = access_point.respond(request).await;
                if has_origin {
                    let any = HeaderValue::from_static("*");
                    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
                }
                response
            })
        })
    }

    async fn respond(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let (parts, _) = request.into_parts();
        let key = match verify(&parts, None, Service::S3ObjectLambda, SystemTime::now()) {
            Ok(key) => key,
            Err(Rejection { code, message }) => return xml::error(StatusCode::FORBIDDEN, code, message),
        };
        let is_list = parts.uri.path() == "/";
        if !matches!(parts.method, Method::GET | Method::HEAD) || (is_list && parts.method == Method::HEAD) {
            let message = "The specified method is not allowed against this resource.";
            return xml::error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
        }
        if required_feature(&parts).is_some_and(|feature| !self.settings.features.contains(&feature)) {
            let message = "A header or parameter implies functionality that is not implemented.";
            return xml::error(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message);
        }
        if is_list {
            let is_v2 = parameter(&parts, "list-type").as_deref() == Some("2");
            let context = if is_v2 { Context::ListV2 } else { Context::List };
            return self.list(self.event(&parts, &key, context, None)).await;
        }
        if parts.method == Method::HEAD {
            return self.head(self.event(&parts, &key, Context::Head, None)).await;
        }
        let ticket = self.writes.issue();
        let event = self.event(&parts, &key, Context::Get, Some(&ticket));
        self.get(event, ticket).await
    }

    /// Returns the function's event for the request of `parts`.
    fn event(&self, parts: &Parts, key: &Key, context: Context, ticket: Option<&Ticket>) -> Bytes {
        let headers = parts.headers.iter().filter(|(name, _)| is_signed_into_source(name, context));
        let query = parts.uri.query().unwrap_or_default();
        let path = if parts.uri.path() == "/" { "" } else { parts.uri.path() };
        let age = if self.faults.take_expired_url() { Duration::from_hours(1) } else { Duration::ZERO };
        let source = presign(Presigned {
            method: parts.method.as_str(),
            address: self.s3,
            path: &format!("/{}{path}", crate::s3::BUCKET),
            query: &event::source_query(query, context),
            headers: headers.map(|(name, value)| (name.clone(), value.clone())).collect(),
            key,
            time: SystemTime::now() - age,
            expires_in: URL_LIFE,
        });
        let event = Event { parts, key, context, source, ticket, payload: &self.settings.payload };
        event.to_json().to_string().into()
    }

    /// Responds with what the function writes; its return value is ignored.
    async fn get(self: Arc<Self>, event: Bytes, ticket: Ticket) -> Response<Body> {
        let Ticket { token, write, .. } = ticket;
        let this = self.clone();
        // The function finishes its work even if the caller disconnects.
        let invocation = tokio::spawn(async move {
            let reply = timeout(this.settings.limit, this.function.invoke(event)).await;
            // No write is accepted after the function has ended or timed out.
            this.writes.close(&token);
            match reply {
                Ok(Ok(_)) => None,
                Ok(Err(failure)) => Some(failure),
                Err(_) => Some(Failure::TimedOut),
            }
        });
        select! {
            biased;
            Ok(response) = write => response,
            failure = invocation => match failure {
                Ok(Some(failure)) => failure_response(&failure),
                _ => xml::error(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "LambdaResponseNotReceived",
                    "The Lambda function exited without successfully calling WriteGetObjectResponse.",
                ),
            },
        }
    }

    async fn head(&self, event: Bytes) -> Response<Body> {
        let value = match self.invoke(event).await {
            Ok(value) => value,
            Err(response) => return response,
        };
        let mut response = match status(&value) {
            Some(status) => {
                Response::builder().status(status).body(empty()).expect("a bare status is a valid response")
            }
            None => return invalid(),
        };
        // "Content-Length": <number>, // Required ("Writing Lambda functions for S3 Object Lambda", HeadObject)
        let has_body =
            response.status() == StatusCode::OK || response.status() == StatusCode::PARTIAL_CONTENT;
        if has_body && !value["headers"]["Content-Length"].is_u64() {
            return invalid();
        }
        let fields = value["headers"].as_object().into_iter().flatten();
        for (name, value) in fields {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), text.parse()) else { return invalid() };
            response.headers_mut().insert(name, value);
        }
        response
    }

    async fn list(&self, event: Bytes) -> Response<Body> {
        match self.invoke(event).await {
            Ok(value) => list::response(&value).unwrap_or_else(invalid),
            Err(response) => response,
        }
    }

    /// Returns the function's return value for `event`.
    async fn invoke(&self, event: Bytes) -> Result<Value, Response<Body>> {
        match timeout(self.settings.limit, self.function.invoke(event)).await {
            Ok(Ok(Reply::Buffered(bytes))) => serde_json::from_slice(&bytes).map_err(|_| invalid()),
            Ok(Ok(Reply::Streamed { .. })) => Err(invalid()),
            Ok(Err(failure)) => Err(failure_response(&failure)),
            Err(_) => Err(failure_response(&Failure::TimedOut)),
        }
    }
}

/// Returns the status code in a returned value.
fn status(value: &Value) -> Option<StatusCode> {
    StatusCode::from_u16(value["statusCode"].as_u64()?.try_into().ok()?).ok()
}

fn invalid() -> Response<Body> {
    let message = "The Lambda function's response is not valid.";
    xml::error(StatusCode::BAD_REQUEST, "LambdaInvalidResponse", message)
}

fn failure_response(failure: &Failure) -> Response<Body> {
    let (status, code) = match failure {
        Failure::Reported | Failure::Exited => (500, "LambdaRuntimeError"),
        Failure::TimedOut => (500, "LambdaTimeout"),
        Failure::TooLarge => (400, "LambdaInvalidResponse"),
        Failure::NotStarted => (400, "LambdaInvocationFailed"),
    };
    let status = StatusCode::from_u16(status).expect("400 and 500 are valid");
    xml::error(status, code, "The Lambda function did not respond.")
}

/// Returns the feature that a request for a part needs.
fn required_feature(parts: &Parts) -> Option<Feature> {
    let has_range = parts.headers.contains_key(header::RANGE) || parameter(parts, "Range").is_some();
    let has_part = parameter(parts, "partNumber").is_some();
    match (&parts.method, has_range, has_part) {
        (&Method::HEAD, true, _) => Some(Feature::HeadObjectRange),
        (&Method::HEAD, _, true) => Some(Feature::HeadObjectPartNumber),
        (_, true, _) => Some(Feature::GetObjectRange),
        (_, _, true) => Some(Feature::GetObjectPartNumber),
        _ => None,
    }
}

fn parameter(parts: &Parts, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

/// Returns whether S3 signs the caller's header `name` into the source's URL.
fn is_signed_into_source(name: &HeaderName, context: Context) -> bool {
    let everywhere = ["x-amz-request-payer", "x-amz-expected-bucket-owner"];
    everywhere.contains(&name.as_str()) || (context == Context::Get && name == "x-amz-checksum-mode")
}

/// Returns a response with these headers.
fn response(status: StatusCode, headers: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
