//! Signing of requests that the caller sends itself.

use super::{Credentials, Payload, SignError, Target, Unsigned, sign};
use http::{HeaderValue, Request, Uri, header::HOST};
use std::time::SystemTime;

/// Headers of a signature, in lower case.
pub(super) const SIGNATURE_HEADERS: [&str; 4] =
    ["authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];

/// Signs `request`, whose URI is absolute, with its host and its `x-amz-*` headers. An existing signature in
/// its headers is replaced, and the URI is rewritten to its canonical spelling.
///
/// # Errors
/// [`SignError::NoHost`] if the URI has no host, and the errors of [`sign()`].
pub fn sign_request<B>(
    request: &mut Request<B>,
    target: &Target,
    credentials: &Credentials,
    payload: Payload<'_>,
    time: SystemTime,
) -> Result<(), SignError> {
    for name in SIGNATURE_HEADERS {
        request.headers_mut().remove(name);
    }
    let host = host(request)?;
    let uri = request.uri();
    let mut headers = Vec::new();
    for (name, value) in request.headers() {
        if name.as_str().starts_with("x-amz-") {
            let value = value.to_str().map_err(|_| SignError::Header { name: name.to_string() })?;
            headers.push((name.as_str(), value));
        }
    }
    let unsigned = Unsigned {
        method: request.method().as_str(),
        host: &host,
        path: uri.path(),
        query: uri.query().unwrap_or_default(),
        headers: &headers,
        payload,
    };
    let signed = sign(unsigned, target, credentials, time)?;
    let mut parts = uri.clone().into_parts();
    let separator = if signed.query.is_empty() { "" } else { "?" };
    let target = format!("{}{separator}{}", signed.path, signed.query);
    parts.path_and_query = Some(target.parse().map_err(invalid)?);
    *request.uri_mut() = Uri::from_parts(parts).map_err(invalid)?;
    for (name, value) in signed.headers {
        let mut value = HeaderValue::try_from(value).map_err(invalid)?;
        // Sensitive values are hidden when headers are logged.
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
    Ok(())
}

/// Returns the value of the `Host` header, or the one that the client will send.
fn host<B>(request: &Request<B>) -> Result<String, SignError> {
    if let Some(host) = request.headers().get(HOST) {
        let host = host.to_str().map_err(|_| SignError::Header { name: HOST.to_string() })?;
        return Ok(host.to_owned());
    }
    let uri = request.uri();
    let host = uri.host().ok_or(SignError::NoHost)?;
    Ok(match (uri.port_u16(), uri.scheme_str()) {
        (None, _) | (Some(80), Some("http")) | (Some(443), Some("https")) => host.to_owned(),
        (Some(port), _) => format!("{host}:{port}"),
    })
}

fn invalid(error: impl Into<http::Error>) -> SignError {
    SignError::Signing(Box::new(error.into()))
}
