//! The client of everything that is read over HTTP, but for buckets, which `object_store` reads.

use crate::source::Chunks;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt};
use reqwest::{Client, Response, redirect::Policy};
use safelight_core::{Error, Kind};
use std::{future::ready, time::Duration};

/// A connection that takes longer will not come about.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Most bytes of an error that are read.
const MAX_REFUSAL_BYTES: usize = 16 << 10;

/// A client that follows nobody elsewhere, and gives up connections that nobody used for `idle`.
///
/// # Errors
/// If the system has no certificates to trust.
pub fn client(idle: Duration) -> Result<Client, reqwest::Error> {
    // An error means that the process chose a provider before, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(idle)
        .build()
}

/// The body of `response`, as a source hands it out.
pub fn chunks(response: Response) -> Chunks {
    let chunks = response.bytes_stream().map_err(unreadable);
    chunks.try_filter(|chunk: &Bytes| ready(!chunk.is_empty())).boxed()
}

/// The body of `response`, or `None` if it has more than `limit` bytes.
///
/// # Errors
/// If the connection fails.
pub async fn collect(response: Response, limit: usize) -> Result<Option<BytesMut>, reqwest::Error> {
    let mut body = BytesMut::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        if limit < body.len() + chunk.len() {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// What a service says where it refuses, or nothing if that is too long to be a message.
pub async fn refusal(response: Response) -> BytesMut {
    collect(response, MAX_REFUSAL_BYTES).await.ok().flatten().unwrap_or_default()
}

/// Why a source cannot be read. Its URL may hold a signature, so that stays out.
pub fn unreadable(error: reqwest::Error) -> Error {
    Error::new(Kind::Upstream, "source", "could not be read").with_source(error.without_url())
}
