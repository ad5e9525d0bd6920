//! The Object Lambda access point: objects as the function makes them.

mod event;
mod list;
pub(crate) mod writes;

use crate::{
    body::{Body, empty},
    faults::Faults,
    runtime_api::{Failure, Function, Reply},
    server::Handler,
    sign::{Key, Presigned, Refusal, Service, presign, verify},
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

/// Requests for a part of an object, which an access point refuses unless it is configured to take them.
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

/// How an access point is configured.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) features: BTreeSet<Feature>,
    /// Handed to the function as it stands.
    pub(crate) payload: String,
    /// How long an answer may take as a whole.
    pub(crate) limit: Duration,
}

/// An access point.
pub(crate) struct AccessPoint {
    pub(crate) settings: Settings,
    /// Where the bucket's server is.
    pub(crate) s3: SocketAddr,
    pub(crate) function: Arc<Function>,
    pub(crate) writes: Arc<Writes>,
    pub(crate) faults: Arc<Faults>,
}

/// How long a presigned URL is good for.
const URL_LIFE: Duration = Duration::from_secs(61);

impl AccessPoint {
    /// What the access point's endpoint answers with.
    pub(crate) fn handler(self: Arc<Self>) -> Handler {
        Arc::new(move |request| {
            let access_point = self.clone();
            Box::pin(async move {
                let has_origin = request.headers().contains_key(header::ORIGIN);
                let mut response = access_point.answer(request).await;
                if has_origin {
                    let any = HeaderValue::from_static("*");
                    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
                }
                response
            })
        })
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let (parts, _) = request.into_parts();
        let key = match verify(&parts, None, Service::S3ObjectLambda, SystemTime::now()) {
            Ok(key) => key,
            Err(Refusal { code, message }) => return xml::error(StatusCode::FORBIDDEN, code, message),
        };
        let is_list = parts.uri.path() == "/";
        if !matches!(parts.method, Method::GET | Method::HEAD) || (is_list && parts.method == Method::HEAD) {
            let message = "The specified method is not allowed against this resource.";
            return xml::error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
        }
        if wanted_feature(&parts).is_some_and(|feature| !self.settings.features.contains(&feature)) {
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

    /// The event that the function gets for the request of `parts`.
    fn event(&self, parts: &Parts, key: &Key, context: Context, ticket: Option<&Ticket>) -> Bytes {
        let headers = parts.headers.iter().filter(|(name, _)| must_be_sent(name, context));
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

    /// Answers with what the function writes; its return value says nothing.
    async fn get(self: Arc<Self>, event: Bytes, ticket: Ticket) -> Response<Body> {
        let Ticket { token, write, .. } = ticket;
        let this = self.clone();
        // The function ends its work also for a caller who is gone.
        let invocation = tokio::spawn(async move {
            let reply = timeout(this.settings.limit, this.function.invoke(event)).await;
            // Nothing may be written when the function is done, or out of time.
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
                Ok(Some(failure)) => failed(&failure),
                _ => xml::error(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "LambdaResponseNotReceived",
                    "The Lambda function exited without successfully calling WriteGetObjectResponse.",
                ),
            },
        }
    }

    async fn head(&self, event: Bytes) -> Response<Body> {
        let value = match self.value(event).await {
            Ok(value) => value,
            Err(response) => return response,
        };
        let mut response = match status(&value) {
            Some(status) => Response::builder().status(status).body(empty()).expect("it is only a status"),
            None => return invalid(),
        };
        let fields = value["headers"].as_object().into_iter().flatten();
        for (name, value) in fields {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), text.parse()) else { return invalid() };
            response.headers_mut().insert(name, value);
        }
        response
    }

    async fn list(&self, event: Bytes) -> Response<Body> {
        match self.value(event).await {
            Ok(value) => list::answer(&value).unwrap_or_else(invalid),
            Err(response) => response,
        }
    }

    /// What the function returns for `event`.
    async fn value(&self, event: Bytes) -> Result<Value, Response<Body>> {
        match timeout(self.settings.limit, self.function.invoke(event)).await {
            Ok(Ok(Reply::Buffered(bytes))) => serde_json::from_slice(&bytes).map_err(|_| invalid()),
            Ok(Ok(Reply::Streamed { .. })) => Err(invalid()),
            Ok(Err(failure)) => Err(failed(&failure)),
            Err(_) => Err(failed(&Failure::TimedOut)),
        }
    }
}

/// The status that a returned value asks for.
fn status(value: &Value) -> Option<StatusCode> {
    StatusCode::from_u16(value["statusCode"].as_u64()?.try_into().ok()?).ok()
}

fn invalid() -> Response<Body> {
    let message = "The Lambda function's response is not valid.";
    xml::error(StatusCode::BAD_REQUEST, "LambdaInvalidResponse", message)
}

fn failed(failure: &Failure) -> Response<Body> {
    let (status, code) = match failure {
        Failure::Reported | Failure::Exited => (500, "LambdaRuntimeError"),
        Failure::TimedOut => (500, "LambdaTimeout"),
        Failure::TooLarge => (400, "LambdaInvalidResponse"),
        Failure::NotStarted => (400, "LambdaInvocationFailed"),
    };
    let status = StatusCode::from_u16(status).expect("it is one of two");
    xml::error(status, code, "The Lambda function did not answer.")
}

/// The feature that a request for a part needs.
fn wanted_feature(parts: &Parts) -> Option<Feature> {
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

/// Whether S3 signs the caller's header `name` into the source's URL.
fn must_be_sent(name: &HeaderName, context: Context) -> bool {
    let everywhere = ["x-amz-request-payer", "x-amz-expected-bucket-owner"];
    everywhere.contains(&name.as_str()) || (context == Context::Get && name == "x-amz-checksum-mode")
}

/// A response with these headers.
fn response(status: StatusCode, headers: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
