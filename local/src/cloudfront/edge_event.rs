//! Conversion between requests and the events and results of Lambda@Edge.

use super::{EdgeEvent, Verdict};
use crate::body::BoxError;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use safelight_edge::event::{
    Action, Body, Config, CustomOrigin, Encoding, Event, EventType, Headers, Origin, Protocol,
    Request as EdgeRequest, Response as EdgeResponse, Verdict as EdgeVerdict, is_disallowed,
};
use serde_json::Map;

/// Returns the event of a request. It contains the body, and leaves out the headers that Lambda@Edge hides.
///
/// # Errors
/// If a header is not text.
pub(super) fn from_local(event: &EdgeEvent) -> Result<Event, BoxError> {
    let EdgeEvent { request_id, client_ip, request, origin } = event;
    let event_type = if origin.is_some() { EventType::OriginRequest } else { EventType::ViewerRequest };
    let config = Config {
        distribution_domain_name: "d111111abcdef8.cloudfront.net".to_owned(),
        distribution_id: "EDFDVBD6EXAMPLE".to_owned(),
        event_type,
        request_id: request_id.clone(),
    };
    let request = EdgeRequest {
        client_ip: client_ip.to_string(),
        method: request.method().to_string(),
        uri: request.uri().path().to_owned(),
        querystring: request.uri().query().unwrap_or_default().to_owned(),
        headers: to_edge(request.headers())?,
        body: (!request.body().is_empty()).then(|| to_body(request.body(), event_type)),
        origin: origin.as_ref().map(to_origin).transpose()?,
        other: Map::new(),
    };
    Ok(Event { config, request })
}

/// Converts the result of a function, for a request that had `body`.
///
/// # Errors
/// If the request or the response is invalid.
pub(super) fn to_verdict(answer: EdgeVerdict, body: Bytes) -> Result<Verdict, BoxError> {
    match answer {
        EdgeVerdict::Request(request) => {
            let separator = if request.querystring.is_empty() { "" } else { "?" };
            let body = match &request.body {
                Some(new) if new.action == Action::Replace => {
                    new.bytes().ok_or("the body is not valid base64")?.into_owned().into()
                }
                _ => body,
            };
            let mut forward = Request::new(body);
            *forward.method_mut() = request.method.parse()?;
            *forward.uri_mut() = format!("{}{separator}{}", request.uri, request.querystring).parse()?;
            *forward.headers_mut() = from_edge(&request.headers)?;
            Ok(Verdict::Forward(forward))
        }
        EdgeVerdict::Response(EdgeResponse { status, headers, body, body_encoding, .. }) => {
            let body = body.unwrap_or_default();
            let bytes = match body_encoding {
                Some(Encoding::Base64) => STANDARD.decode(body)?,
                Some(Encoding::Text) | None => body.into_bytes(),
            };
            let mut response = Response::new(Bytes::from(bytes));
            *response.status_mut() = status.try_into()?;
            *response.headers_mut() = from_edge(&headers)?;
            Ok(Verdict::Respond(response))
        }
    }
}

fn to_edge(headers: &HeaderMap) -> Result<Headers, BoxError> {
    let mut edge = Headers::default();
    for name in headers.keys().filter(|name| !is_disallowed(name.as_str())) {
        let values: Result<Vec<_>, _> = headers.get_all(name).iter().map(HeaderValue::to_str).collect();
        edge.set_all(name.as_str(), values?);
    }
    Ok(edge)
}

fn from_edge(edge: &Headers) -> Result<HeaderMap, BoxError> {
    let mut headers = HeaderMap::new();
    for (name, values) in edge.iter() {
        for header in values {
            headers.append(HeaderName::try_from(name)?, HeaderValue::try_from(&header.value)?);
        }
    }
    Ok(headers)
}

/// Returns the part of a body that functions receive.
fn to_body(body: &Bytes, event_type: EventType) -> Body {
    let limit = match event_type {
        EventType::ViewerRequest => 40_000,
        EventType::OriginRequest => 1_000_000,
    };
    Body {
        input_truncated: body.len() > limit,
        action: Action::ReadOnly,
        encoding: Encoding::Base64,
        data: STANDARD.encode(&body[..body.len().min(limit)]),
        other: Map::new(),
    }
}

fn to_origin(origin: &super::Origin) -> Result<Origin, BoxError> {
    Ok(Origin::Custom(CustomOrigin {
        custom_headers: to_edge(&origin.custom_headers)?,
        domain_name: origin.address.ip().to_string(),
        path: origin.path.clone(),
        port: origin.address.port(),
        protocol: Protocol::Http,
        other: Map::new(),
    }))
}
