//! The HTTP client, and what sources over HTTP have in common.

use crate::source::Meta;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use headers::{ContentLength, ContentRange, Date, Header, HeaderMapExt, LastModified};
use http::{HeaderMap, HeaderValue, header};
use reqwest::{Client, ClientBuilder, Response, redirect::Policy};
use safelight_core::{Error, Kind, Result};
use std::{
    future::ready,
    iter,
    time::{Duration, SystemTime},
};

/// The longest wait for a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum bytes of an error response that are read.
const MAX_ERROR_BYTES: usize = 16 << 10;

/// The maximum `Retry-After`, in seconds: a longer one is more likely an error than a plan.
const MAX_RETRY_SECS: u32 = 3600;

/// Returns a client that follows no redirects, and closes connections that were idle for `idle`.
///
/// # Errors
/// The client cannot be built: the system has no trusted certificates, for example.
pub fn client(idle: Duration) -> Result<Client, reqwest::Error> {
    builder().no_proxy().pool_idle_timeout(idle).build()
}

/// Returns the builder of a client that follows no redirects.
pub(crate) fn builder() -> ClientBuilder {
    // An error means that the process already has a provider, which works as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(Policy::none()).connect_timeout(CONNECT_TIMEOUT)
}

/// Returns the headers that request a resource from byte `from`, in the version `pin`.
pub fn conditions(from: u64, pin: Option<&Meta>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if 0 < from {
        headers.extend(HeaderValue::try_from(format!("bytes={from}-")).map(|range| (header::RANGE, range)));
    }
    // `If-Match` compares strongly, so a weak tag never matches.
    let strong = pin.and_then(|pin| pin.etag.as_ref()).filter(|tag| !tag.starts_with("W/"));
    headers.extend(strong.and_then(|tag| Some((header::IF_MATCH, HeaderValue::from_str(tag).ok()?))));
    headers
}

/// Returns the metadata in the headers of a successful response, whole or a range.
pub fn describe(headers: &HeaderMap) -> Meta {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Meta {
        size: match headers.typed_get::<ContentRange>() {
            Some(range) => range.bytes_len(),
            None => headers.typed_get::<ContentLength>().map(|length| length.0),
        },
        etag: text(header::ETAG),
        last_modified: headers.typed_get::<LastModified>().map(SystemTime::from),
        cache_control: text(header::CACHE_CONTROL),
    }
}

/// Returns the seconds of `Retry-After`, which may name a time instead (RFC 9110 10.2.3).
pub fn retry_after(headers: &HeaderMap) -> Option<u32> {
    let value = headers.get(header::RETRY_AFTER)?;
    let secs = if let Ok(secs) = value.to_str().ok()?.trim().parse::<u32>() {
        secs
    } else {
        let time = SystemTime::from(Date::decode(&mut iter::once(value)).ok()?);
        let left = time.duration_since(SystemTime::now()).unwrap_or_default();
        u32::try_from(left.as_secs()).unwrap_or(u32::MAX)
    };
    Some(secs.min(MAX_RETRY_SECS))
}

/// Returns the body of `response` as a stream of non-empty chunks.
pub fn chunks(response: Response) -> BoxStream<'static, Result<Bytes>> {
    let chunks = response.bytes_stream().map_err(unreadable);
    chunks.try_filter(|chunk: &Bytes| ready(!chunk.is_empty())).boxed()
}

/// Reads the body of `response`; `None` if it has more than `max_bytes`.
///
/// # Errors
/// The connection fails.
pub async fn collect(response: Response, max_bytes: usize) -> Result<Option<BytesMut>, reqwest::Error> {
    let mut body = BytesMut::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        if max_bytes < body.len() + chunk.len() {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// Reads the body of an error response; empty if it is too long to be a message.
pub async fn error_body(response: Response) -> BytesMut {
    collect(response, MAX_ERROR_BYTES).await.ok().flatten().unwrap_or_default()
}

/// Converts an error of the client, without the URL, which may contain a signature.
pub fn unreadable(error: reqwest::Error) -> Error {
    Error::new(Kind::Upstream, "source", "the source could not be read").with_source(error.without_url())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_may_be_at_a_time() {
        let check = |value: &str, expected| {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, value.parse().unwrap())]);
            assert_eq!(retry_after(&headers), expected, "{value}");
        };
        check("7", Some(7));
        check("999999", Some(MAX_RETRY_SECS));
        check("Fri, 31 Dec 1999 23:59:59 GMT", Some(0));
        check("Tue, 31 Dec 2999 23:59:59 GMT", Some(MAX_RETRY_SECS));
        check("soon", None);
        check("-1", None);
    }
}
