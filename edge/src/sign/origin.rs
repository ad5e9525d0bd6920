//! Signing of requests that CloudFront sends to an origin.

use super::{
    Credentials, Payload, Service, SignError, Target, Unsigned, canonical, request::SIGNATURE_HEADERS, sign,
};
use crate::event::{Origin, Protocol, Request};
use std::{borrow::Cow, time::SystemTime};

/// CloudFront's limit (exclusive) of the characters of path and query together.
const URI_LENGTH: usize = 8192;

/// Signs `request`, from an origin-request event whose `config.requestId` is `request_id`.
///
/// The signature covers the host, the signature's own headers, and `x-amz-cf-id`, which CloudFront sets after
/// the function returns. Path and query are rewritten to their canonical spelling. If the service accepts it,
/// a body is sent unsigned over TLS. In case of an error, the request is unchanged.
///
/// Headers and parameters of the viewer that the service could interpret as a signature are removed:
/// `authorization`, every header and parameter `x-amz-*`, and for S3 the parameters of Signature Version 2.
/// Parameters without a name are removed too, because services sign them differently.
///
/// # Errors
/// [`SignError::NoOrigin`] if the request has no origin, [`SignError::TruncatedBody`] or
/// [`SignError::MissingBody`] if its body is incomplete, and the errors of [`sign()`].
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
    let mut custom = origin.custom_headers().iter().map(|(name, _)| name);
    if let Some(name) = custom.find(|name| is_signature_header(name) || *name == "host") {
        return Err(SignError::OriginHeader { name: name.to_owned() });
    }

    let prefix = origin_path(origin, service)?;
    let path = canonical::path(&request.uri, service)?;
    // S3 does not resolve dot segments: its keys are plain text.
    if service.normalizes_path && canonical::has_dot_segment(&path) {
        return Err(SignError::DotSegment);
    }
    let keep = |key: &str| !key.is_empty() && !is_signature_parameter(key, service);
    let query = canonical::query(&request.querystring, keep)?;
    let length = path.len() + query.len();
    if URI_LENGTH <= length {
        return Err(SignError::TooLong { length, limit: URI_LENGTH });
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

    request.headers.retain(|name| !is_signature_header(name));
    request.headers.set("host", host);
    for (name, value) in signed.headers {
        request.headers.set(name, value);
    }
    request.uri = path;
    request.querystring = query;
    Ok(())
}

/// Returns whether the service could interpret the header `name`, in lower case, as part of a signature or as
/// an instruction that the viewer is not authorized to give (such as `x-amz-acl`).
fn is_signature_header(name: &str) -> bool {
    name.starts_with("x-amz-") || SIGNATURE_HEADERS.contains(&name)
}

fn is_signature_parameter(key: &str, service: Service) -> bool {
    let key = key.to_ascii_lowercase();
    let is_version_2 = matches!(key.as_str(), "awsaccesskeyid" | "expires" | "signature");
    key.starts_with("x-amz-") || is_version_2 && service.accepts_unsigned
}

/// Returns the origin's path, which CloudFront puts before the request's path. It must be in canonical
/// spelling, because CloudFront sends it as configured.
fn origin_path(origin: &Origin, service: Service) -> Result<&str, SignError> {
    let path = origin.path();
    if path.is_empty() {
        return Ok(path);
    }
    let escaped = canonical::path(&format!("/{}", path.trim_start_matches('/')), service)?;
    if escaped == path { Ok(path) } else { Err(SignError::OriginPath { escaped }) }
}

/// Returns the body to sign; `None` if it is sent unsigned.
fn body<'a>(
    request: &'a Request,
    service: Service,
    origin: &Origin,
) -> Result<Option<Cow<'a, [u8]>>, SignError> {
    let is_tls = matches!(origin, Origin::Custom(custom) if custom.protocol == Protocol::Https);
    match &request.body {
        Some(body) if body.input_truncated => Err(SignError::TruncatedBody),
        // CloudFront uses the viewer's protocol for S3 origins, which may be HTTP without TLS.
        _ if service.accepts_unsigned && is_tls => Ok(None),
        Some(body) => body.bytes().ok_or(SignError::InvalidBody).map(Some),
        None if request.method == "POST" => Err(SignError::MissingBody),
        None => Ok(Some(Cow::Borrowed(&[]))),
    }
}
