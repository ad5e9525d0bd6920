//! Requests that CloudFront sends to an origin.

use super::{
    Credentials, Payload, Service, SignError, Target, Unsigned, canonical, request::SIGNATURE_HEADERS, sign,
};
use crate::event::{Origin, Protocol, Request};
use std::{borrow::Cow, time::SystemTime};

/// Characters of path and query together; CloudFront asks for fewer.
const URI_LENGTH: usize = 8192;

/// Signs `request`, of an origin-request event whose `config.requestId` is `request_id`: the host, the
/// signature's own headers, and `x-amz-cf-id`, which CloudFront sets when the function is done.
///
/// What the viewer sent to be taken for a signature is removed: `authorization`, every header and parameter
/// `x-amz-*`, and for S3 the parameters of Signature Version 2. So are parameters without a name, which not
/// every service signs alike. Path and query are rewritten to the form that is signed. A body goes unsigned over TLS to services that take it so. Where there is an error, the request
/// is as it was.
///
/// # Errors
/// If the request has no origin, cannot be signed as [`sign()`] has it, or its body is not wholly there.
pub fn sign_origin_request(
    request: &mut Request,
    request_id: &str,
    target: &Target,
    credentials: &Credentials,
    time: SystemTime,
) -> Result<(), SignError> {
    let service = target.service;
    let origin = request.origin.as_ref().ok_or(SignError::NoOrigin)?;
    if !matches!(request.method.as_str(), "GET" | "HEAD" | "POST") {
        return Err(SignError::Method { method: request.method.clone() });
    }
    if request_id.is_empty() || !request_id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SignError::RequestId);
    }
    let mut own = origin.custom_headers().iter().map(|(name, _)| name);
    if let Some(name) = own.find(|name| is_of_signature(name) || *name == "host") {
        return Err(SignError::OriginHeader { name: name.to_owned() });
    }

    let prefix = origin_path(origin, service)?;
    let path = canonical::path(&request.uri, service)?;
    // S3's keys have no segments to resolve; they are what they are.
    if service.normalizes && canonical::has_dot_segment(&path) {
        return Err(SignError::DotSegment);
    }
    let keep = |key: &str| !key.is_empty() && !is_parameter_of_signature(key, service);
    let query = canonical::query(&request.querystring, keep)?;
    let length = path.len() + query.len();
    if URI_LENGTH <= length {
        return Err(SignError::Long { length, limit: URI_LENGTH });
    }

    let bytes;
    let payload = match body(request, service, origin)? {
        Some(body) => {
            bytes = body;
            Payload::Bytes(&bytes)
        }
        None => Payload::Unsigned,
    };
    let host = origin.domain_name().to_owned();
    let unsigned = Unsigned {
        method: &request.method,
        host: &host,
        path: &format!("{prefix}{path}"),
        query: &query,
        headers: &[("x-amz-cf-id", request_id)],
        payload,
    };
    let signed = sign(unsigned, target, credentials, time)?;

    request.headers.retain(|name| !is_of_signature(name));
    request.headers.set("host", host);
    for (name, value) in signed.headers {
        request.headers.set(name, value);
    }
    request.uri = path;
    request.querystring = query;
    Ok(())
}

/// Whether the service could take the header `name`, in lower case, for part of a signature, or for an order
/// that the viewer has no right to give.
fn is_of_signature(name: &str) -> bool {
    name.starts_with("x-amz-") || SIGNATURE_HEADERS.contains(&name)
}

fn is_parameter_of_signature(key: &str, service: Service) -> bool {
    let key = key.to_ascii_lowercase();
    let is_version_2 = matches!(key.as_str(), "awsaccesskeyid" | "expires" | "signature");
    key.starts_with("x-amz-") || is_version_2 && service.takes_unsigned
}

/// What is put before the path, if it is written as it will be signed: it is CloudFront that sends it.
fn origin_path(origin: &Origin, service: Service) -> Result<&str, SignError> {
    let path = origin.path();
    if path.is_empty() {
        return Ok(path);
    }
    let escaped = canonical::path(&format!("/{}", path.trim_start_matches('/')), service)?;
    if escaped == path { Ok(path) } else { Err(SignError::OriginPath { escaped }) }
}

/// The bytes to sign; `None` where the body goes unsigned.
fn body<'a>(
    request: &'a Request,
    service: Service,
    origin: &Origin,
) -> Result<Option<Cow<'a, [u8]>>, SignError> {
    let is_tls = matches!(origin, Origin::Custom(custom) if custom.protocol == Protocol::Https);
    match &request.body {
        Some(body) if body.input_truncated => Err(SignError::TruncatedBody),
        // CloudFront asks buckets as the viewer asked it, which may be in clear text.
        _ if service.takes_unsigned && is_tls => Ok(None),
        Some(body) => body.bytes().ok_or(SignError::InvalidBody).map(Some),
        None if request.method == "POST" => Err(SignError::UnseenBody),
        None => Ok(Some(Cow::Borrowed(&[]))),
    }
}
