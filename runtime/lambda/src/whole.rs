//! Responses to services that take them whole, as JSON with a body in base64: HTTP APIs, load balancers, and REST APIs
//! that do not stream.

use crate::web_event::Sender;
use axum::body::Body;
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{HeaderMap, Response};
use safelight_core::{Error, Kind, Result};
use serde_json::{Map, Value, json};

/// Maximum bytes of a body for an API: in base64, and with its headers, 6 MB (Lambda quotas).
const MAX_API_BYTES: usize = 4_400_000;

/// Maximum bytes of a body for a load balancer: in base64, and with its headers, 1 MB (Elastic Load Balancing, "Lambda
/// functions as targets").
const MAX_LOAD_BALANCER_BYTES: usize = 720_000;

/// Returns the whole body of a response.
///
/// # Errors
/// [`Kind::LimitExceeded`] if `sender` cannot take it, and [`Kind::Upstream`] if it fails.
pub(crate) async fn collect(body: Body, sender: Sender) -> Result<Bytes> {
    let max =
        if matches!(sender, Sender::LoadBalancer { .. }) { MAX_LOAD_BALANCER_BYTES } else { MAX_API_BYTES };
    let mut chunks = body.into_data_stream();
    let mut whole = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let failed = |error| {
            let message = "the source could not be read to its end";
            Error::new(Kind::Upstream, "function", message).with_source(error)
        };
        let chunk = chunk.map_err(failed)?;
        if max < whole.len() + chunk.len() {
            let message = format!("the response has more than the {max} bytes that can be sent at once");
            return Err(Error::new(Kind::LimitExceeded, "response", message));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// Returns the result of the function for `sender`.
pub(crate) fn result(response: &Response<Bytes>, sender: Sender) -> Value {
    let mut result = json!({
        "statusCode": response.status().as_u16(),
        "body": BASE64_STANDARD.encode(response.body()),
        "isBase64Encoded": true,
    });
    let has_lists = matches!(sender, Sender::RestApi | Sender::LoadBalancer { multi_value: true });
    if has_lists {
        result["multiValueHeaders"] = fields(response.headers(), Into::into).into();
    } else {
        result["headers"] = fields(response.headers(), |values| values.join(", ").into()).into();
    }
    if matches!(sender, Sender::LoadBalancer { .. }) {
        result["statusDescription"] = response.status().to_string().into();
    }
    result
}

fn fields(headers: &HeaderMap, value: fn(Vec<String>) -> Value) -> Map<String, Value> {
    let values =
        |name| headers.get_all(name).iter().filter_map(|value| Some(value.to_str().ok()?.to_owned()));
    headers.keys().map(|name| (name.to_string(), value(values(name).collect()))).collect()
}
