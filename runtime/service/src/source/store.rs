//! Buckets and web servers, through the `object_store` crate.

use super::{Key, Meta, Opened, Origin, Probe, Resource, Source};
use crate::StartError;
use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt};
use http::{HeaderMap, request::Parts};
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

/// A bucket, or the part of it below a prefix.
#[derive(Clone, Debug)]
pub struct Store {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

/// The limit of `object_store` for a whole request with its body is 30 seconds. A body is read at the speed of the
/// client, which may be slow, so [`super::Reader`] limits each wait instead.
const REQUEST_TIMEOUT: &str = "365days";

impl Store {
    /// Serves the objects below `prefix` in any store.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: Path) -> Self {
        Self { store, prefix }
    }

    /// Returns the store of an `s3://`, `gs://`, `az://` or `https://` URL, with credentials, region and endpoint
    /// from the environment variables of the clouds' own tools.
    ///
    /// # Errors
    /// [`StartError::Url`] or [`StartError::Store`].
    pub fn from_url(url: &Url) -> Result<Self, StartError> {
        // An error means that the process has a provider already, which serves as well.
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
    fn resolve(&self, parts: &Parts, _body: &[u8]) -> Result<Resource> {
        let key = Key::from_request(parts)?;
        // The segments of a key are plain names, so it cannot leave the prefix. A name that the store does not
        // allow does not exist in it.
        let path = Path::parse(format!("{}/{key}", self.prefix)).ok();
        Ok(Resource::image(Object { store: self.store.clone(), path }))
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
        let absent = || Error::new(Kind::NotFound, "source", "no image at this path");
        let path = self.path.as_ref().ok_or_else(absent)?;
        self.store.get_opts(path, options).await.map_err(failure)
    }
}

#[async_trait]
impl Source for Object {
    async fn probe(&self) -> Result<Probe> {
        let result = self.get(GetOptions { head: true, ..GetOptions::default() }).await?;
        Ok(Probe::Described { meta: describe(&result), headers: HeaderMap::new() })
    }

    async fn open(&self, from: u64, pin: Option<&Meta>) -> Result<Opened> {
        // `If-Match` compares strongly, so a weak tag never matches.
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
        let chunks = chunks.try_filter(|chunk| std::future::ready(!chunk.is_empty()));
        Ok(Opened::new(meta, chunks.boxed()))
    }
}

fn describe(result: &GetResult) -> Meta {
    let last_modified = SystemTime::from(result.meta.last_modified);
    Meta {
        size: Some(result.meta.size),
        etag: result.meta.e_tag.clone(),
        // `object_store` returns the epoch where the store gave no time.
        last_modified: Some(last_modified).filter(|time| *time != SystemTime::UNIX_EPOCH),
        cache_control: result.attributes.get(&Attribute::CacheControl).map(|value| value.to_string()),
    }
}

/// Converts an error. Lack of permission is [`Kind::NotFound`]: S3 responds 403 for a missing object to callers that
/// may not list the bucket, and a stranger must not learn what exists. The log has the store's own message.
fn failure(error: StoreError) -> Error {
    let (kind, message) = match error {
        StoreError::NotFound { .. }
        | StoreError::InvalidPath { .. }
        | StoreError::PermissionDenied { .. } => (Kind::NotFound, "no image at this path"),
        StoreError::Precondition { .. } => (Kind::PreconditionFailed, "the source changed while it was read"),
        _ => (Kind::Upstream, "the source could not be read"),
    };
    Error::new(kind, "source", message).with_source(error)
}
