//! Buckets and web servers, through the `object_store` crate.

use super::{Chunks, Key, Meta, Origin, Source};
use crate::StartError;
use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt};
use object_store::{
    Attribute, BackoffConfig, ClientConfigKey, Error as StoreError, GetOptions, GetRange, GetResult,
    ObjectStore, ObjectStoreScheme, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    gcp::{GoogleCloudStorageBuilder, GoogleConfigKey},
    http::HttpBuilder,
    path::Path,
};
use safelight_core::{Error, Kind, Result};
use std::{sync::Arc, time::SystemTime};
use url::{Position, Url};

/// A bucket, or a part of one below a prefix.
#[derive(Clone, Debug)]
pub struct Store {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

/// `object_store` bounds a whole request, its body included, by 30 seconds. A body is read as fast
/// as the client takes it, which may be slow; [`super::Reader`] bounds each wait instead.
const REQUEST_TIMEOUT: &str = "365days";

impl Store {
    /// Serves what lies below `prefix` in any store.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: Path) -> Self {
        Self { store, prefix }
    }

    /// The store behind `s3://`, `gs://`, `az://` or `https://`, with credentials, region and
    /// endpoint from the environment variables that the clouds' own tools read.
    ///
    /// # Errors
    /// [`StartError::Url`] or [`StartError::Store`].
    pub fn from_url(url: &Url) -> Result<Self, StartError> {
        // An error means that the process chose a provider before, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();

        let unknown = || StartError::Url { url: url.to_string() };
        let (scheme, prefix) = ObjectStoreScheme::parse(url).map_err(|_| unknown())?;
        let retry =
            RetryConfig { max_retries: 3, backoff: BackoffConfig::default(), ..RetryConfig::default() };
        let timeout = ClientConfigKey::Timeout;
        let store: Arc<dyn ObjectStore> = match scheme {
            ObjectStoreScheme::AmazonS3 => Arc::new(
                AmazonS3Builder::from_env()
                    .with_url(url.as_str())
                    .with_retry(retry)
                    .with_config(AmazonS3ConfigKey::Client(timeout), REQUEST_TIMEOUT)
                    .build()?,
            ),
            ObjectStoreScheme::GoogleCloudStorage => Arc::new(
                GoogleCloudStorageBuilder::from_env()
                    .with_url(url.as_str())
                    .with_retry(retry)
                    .with_config(GoogleConfigKey::Client(timeout), REQUEST_TIMEOUT)
                    .build()?,
            ),
            ObjectStoreScheme::MicrosoftAzure => Arc::new(
                MicrosoftAzureBuilder::from_env()
                    .with_url(url.as_str())
                    .with_retry(retry)
                    .with_config(AzureConfigKey::Client(timeout), REQUEST_TIMEOUT)
                    .build()?,
            ),
            ObjectStoreScheme::Http => Arc::new(
                HttpBuilder::new()
                    .with_url(&url[..Position::BeforePath])
                    .with_retry(retry)
                    .with_config(timeout, REQUEST_TIMEOUT)
                    .with_config(ClientConfigKey::AllowHttp, "true")
                    .build()?,
            ),
            _ => return Err(unknown()),
        };
        Ok(Self::new(store, prefix))
    }
}

impl Origin for Store {
    fn source(&self, key: &Key) -> Arc<dyn Source> {
        // The parts of a key are plain names, so the prefix cannot be left; what a store cannot
        // name does not exist in it.
        let path = Path::parse(format!("{}/{key}", self.prefix)).ok();
        Arc::new(Object { store: self.store.clone(), path })
    }
}

/// One object of the store.
#[derive(Debug)]
struct Object {
    store: Arc<dyn ObjectStore>,
    path: Option<Path>,
}

impl Object {
    async fn get(&self, options: GetOptions) -> Result<GetResult> {
        let absent = || Error::new(Kind::NotFound, "source", "there is no picture here");
        let path = self.path.as_ref().ok_or_else(absent)?;
        self.store.get_opts(path, options).await.map_err(failure)
    }
}

#[async_trait]
impl Source for Object {
    async fn meta(&self) -> Result<Meta> {
        let result = self.get(GetOptions { head: true, ..GetOptions::default() }).await?;
        Ok(describe(&result))
    }

    async fn open(&self, from: u64, pin: Option<&Meta>) -> Result<(Meta, Chunks)> {
        // `If-Match` compares strongly: a weak tag would never match.
        let strong = |tag: &String| !tag.starts_with("W/");
        let options = GetOptions {
            range: (0 < from).then_some(GetRange::Offset(from)),
            if_match: pin.and_then(|pin| pin.etag.clone()).filter(strong),
            ..GetOptions::default()
        };
        let result = self.get(options).await?;
        let meta = describe(&result);
        // Not every store honours conditions.
        meta.check(pin)?;
        let chunks = result.into_stream().map_err(failure);
        Ok((meta, chunks.try_filter(|chunk| std::future::ready(!chunk.is_empty())).boxed()))
    }
}

fn describe(result: &GetResult) -> Meta {
    let last_modified = SystemTime::from(result.meta.last_modified);
    Meta {
        size: Some(result.meta.size),
        etag: result.meta.e_tag.clone(),
        // The epoch is what `object_store` says where the store said nothing.
        last_modified: Some(last_modified).filter(|time| *time != SystemTime::UNIX_EPOCH),
        cache_control: result.attributes.get(&Attribute::CacheControl).map(|value| value.to_string()),
    }
}

/// A refusal is answered as absence, because S3 refuses what does not exist to whoever may not list
/// the bucket, and because a stranger need not learn what exists. The log has the store's own words.
fn failure(error: StoreError) -> Error {
    let (kind, message) = match error {
        StoreError::NotFound { .. }
        | StoreError::InvalidPath { .. }
        | StoreError::PermissionDenied { .. } => (Kind::NotFound, "there is no picture here"),
        StoreError::Precondition { .. } => (Kind::PreconditionFailed, "was changed while it was read"),
        _ => (Kind::Upstream, "could not be read"),
    };
    Error::new(kind, "source", message).with_source(error)
}
