//! The HTTP client of `object_store`: it follows no redirects, retries as the store says, and reports what error
//! responses mean.
//!
//! `object_store` alone retries without regard to `Retry-After`, and tells errors apart by status only.

use crate::{
    client,
    source::{fault::Fault, retry::Retries},
    status,
};
use async_trait::async_trait;
use bytes::BytesMut;
use futures_util::StreamExt;
use headers::{HeaderMapExt, LastModified};
use http::{HeaderValue, header};
use object_store::{
    ClientConfigKey, ClientOptions, Error as StoreError,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody,
        HttpService,
    },
};
use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Retries of a request to a busy store.
const MAX_RETRIES: u32 = 2;

/// Maximum bytes of an error response that are read.
const MAX_ERROR_BYTES: usize = 16 << 10;

/// Name of the store that need not send validators.
pub(super) const AMAZON: &str = "S3";

/// Time that stands for a missing one.
const EPOCH: HeaderValue = HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT");

/// An attempt to read an object, as an extension of its request. Requests for credentials have none.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempt(Arc<AtomicBool>);

impl Attempt {
    /// Returns whether a request was sent: without one, there were no credentials to sign it.
    pub(super) fn is_sent(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Makes clients for a store of this name.
#[derive(Debug)]
pub(super) struct Connector(pub(super) &'static str);

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = build(options).map_err(|source| StoreError::Generic { store: self.0, source })?;
        Ok(HttpClient::new(Transport { client, store: self.0 }))
    }
}

/// Returns a client with those options that an operator may set in the environment.
fn build(options: &ClientOptions) -> Result<reqwest::Client, Box<dyn Error + Send + Sync>> {
    let get = |key| options.get_config_value(&key);
    let is_set = |key| get(key).is_some_and(|value| value == "true");
    let duration = |key| get(key).map(|value| humantime::parse_duration(&value)).transpose();
    let timeout = duration(ClientConfigKey::ConnectTimeout)?.unwrap_or(client::CONNECT_TIMEOUT);
    let mut builder = client::builder()
        .connect_timeout(timeout.min(client::CONNECT_TIMEOUT))
        .https_only(!is_set(ClientConfigKey::AllowHttp))
        .tls_danger_accept_invalid_certs(is_set(ClientConfigKey::AllowInvalidCertificates));
    if let Some(idle) = duration(ClientConfigKey::PoolIdleTimeout)? {
        builder = builder.pool_idle_timeout(idle);
    }
    if let Some(url) = get(ClientConfigKey::ProxyUrl) {
        let excluded = get(ClientConfigKey::ProxyExcludes).unwrap_or_default();
        builder = builder.proxy(reqwest::Proxy::all(url)?.no_proxy(reqwest::NoProxy::from_string(&excluded)));
    }
    if let Some(pem) = get(ClientConfigKey::ProxyCaCertificate) {
        builder = builder.tls_certs_merge([reqwest::Certificate::from_pem(pem.as_bytes())?]);
    }
    Ok(builder.build()?)
}

#[derive(Debug)]
struct Transport {
    client: reqwest::Client,
    store: &'static str,
}

#[async_trait]
impl HttpService for Transport {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let Some(Attempt(is_sent)) = request.extensions().get() else {
            return self.client.call(request).await;
        };
        is_sent.store(true, Ordering::Relaxed);
        let mut retries = Retries::new(MAX_RETRIES);
        loop {
            let response = self.client.call(request.clone()).await?;
            if response.status().is_success() {
                return Ok(with_validators(self.store, response));
            }
            let (parts, body) = response.into_parts();
            let body = start_of(body).await;
            let fault = Fault::bucket(self.store, parts.status, &parts.headers, &body);
            if !status::is_temporary(fault.status) || !retries.wait(fault.retry_after).await {
                // `object_store` does not retry errors of this kind.
                return Err(HttpError::new(HttpErrorKind::Unknown, fault));
            }
        }
    }
}

/// Reads the first [`MAX_ERROR_BYTES`] of a body, as far as it arrives.
async fn start_of(body: HttpResponseBody) -> BytesMut {
    let mut start = BytesMut::new();
    let mut chunks = body.bytes_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        let room = MAX_ERROR_BYTES - start.len();
        start.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() >= room {
            break;
        }
    }
    start
}

/// Adds the validators that `object_store` requires of Google and Azure, and that some emulators do not send.
/// [`super::describe`] omits them again.
fn with_validators(store: &str, mut response: HttpResponse) -> HttpResponse {
    let headers = response.headers_mut();
    if headers.typed_get::<LastModified>().is_none() {
        headers.insert(header::LAST_MODIFIED, EPOCH);
    }
    if store != AMAZON && !headers.contains_key(header::ETAG) {
        headers.insert(header::ETAG, HeaderValue::from_static(""));
    }
    response
}

/// Returns the fault that caused `error`, if it is an error response.
pub(super) fn fault(error: &StoreError) -> Option<&Fault> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(fault) = error.downcast_ref() {
            return Some(fault);
        }
        cause = error.source();
    }
    None
}
