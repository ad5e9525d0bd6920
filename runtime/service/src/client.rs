//! The HTTP client for everything but buckets, which `object_store` reads.

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use reqwest::{Client, Response, redirect::Policy};
use safelight_core::{Error, Kind, Result};
use std::{future::ready, time::Duration};

/// The longest wait for a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum bytes of an error response that are read.
const MAX_ERROR_BYTES: usize = 16 << 10;

/// Returns a client that follows no redirects, and closes connections that were idle for `idle`.
///
/// # Errors
/// The client cannot be built: the system has no trusted certificates, for example.
pub fn client(idle: Duration) -> Result<Client, reqwest::Error> {
    // An error means that the process already has a provider, which works as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(idle)
        .build()
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
