//! Buckets, through the `object_store` crate.

pub(crate) mod amazon;
mod azure;
mod google;
mod transport;

use super::{
    Key, Meta, MinRate, Opened, Origin, Probe, Resource, Source, SourceSettings,
    fault::{Cause, Fault},
    key,
    pace::paced,
};
use crate::{StartError, status};
use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt};
use http::{Extensions, HeaderMap, request::Parts};
use object_store::{
    Attribute, Error as StoreError, GetOptions, GetRange, GetResult, ObjectStore, ObjectStoreScheme,
    RetryConfig, path::Path,
};
use safelight_core::{Error, Kind, Result};
use std::{sync::Arc, time::SystemTime};
use tracing::{info, warn};
use transport::{AMAZON, Attempt, Connector, fault};
use url::Url;

/// A bucket, or the part of it below a prefix.
#[derive(Clone, Debug)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    /// The URL, and for S3 the settings that tell whose bucket of that name it is; empty for any other store.
    name: Arc<str>,
    prefix: Path,
    rate: MinRate,
    /// Whether the query chooses the version of an object.
    versions: bool,
    /// Names the variables with credentials, for a store of a URL.
    credentials: Option<&'static str>,
}

impl Store {
    /// Serves the objects below `prefix` in any store.
    pub fn new(objects: Arc<dyn ObjectStore>, prefix: Path) -> Self {
        Self {
            objects,
            name: Arc::default(),
            prefix,
            rate: MinRate::default(),
            versions: false,
            credentials: None,
        }
    }

    /// Returns the store of an `s3://`, `gs://` or `az://` URL, or of a URL of a cloud, with credentials, region and
    /// endpoint from where the cloud's own tools read them. `None` if the URL is that of another web server.
    ///
    /// # Errors
    /// [`StartError::Url`] or [`StartError::Store`], or an invalid setting.
    pub fn from_url(url: &Url, settings: &SourceSettings) -> Result<Option<Self>, StartError> {
        let unknown = || StartError::Url { url: super::without_secrets(url.as_str()) };
        let (scheme, prefix) = ObjectStoreScheme::parse(url).map_err(|_| unknown())?;
        let (objects, credentials): (Arc<dyn ObjectStore>, _) = match scheme {
            ObjectStoreScheme::AmazonS3 => {
                let builder =
                    amazon::builder_for(&settings.amazon)?.with_url(url.as_str()).with_retry(retry());
                (Arc::new(builder.with_http_connector(Connector(AMAZON)).build()?), amazon::CREDENTIALS)
            }
            ObjectStoreScheme::GoogleCloudStorage => {
                let builder = google::builder().with_url(url.as_str()).with_retry(retry());
                (Arc::new(builder.with_http_connector(Connector("Google")).build()?), google::CREDENTIALS)
            }
            ObjectStoreScheme::MicrosoftAzure => {
                let builder = azure::builder()?.with_url(url.as_str()).with_retry(retry());
                (Arc::new(builder.with_http_connector(Connector("Azure")).build()?), azure::CREDENTIALS)
            }
            ObjectStoreScheme::Http => return Ok(None),
            _ => return Err(unknown()),
        };
        let (rate, versions) = (settings.min_rate(), settings.amazon.versions);
        let name = format!("{url} {:?}", settings.amazon).into();
        Ok(Some(Self { objects, name, prefix, rate, versions, credentials: Some(credentials) }))
    }

    fn object(&self, key: &str) -> Object {
        // The segments of a key are plain names, so it cannot leave the prefix. A name that the store does not
        // allow does not exist in it.
        let path = Path::parse(format!("{}/{key}", self.prefix)).ok();
        Object { store: self.clone(), path, version: None }
    }
}

/// Returns the version of an object that a query names.
///
/// # Errors
/// [`Kind::InvalidParam`], for a version that S3 cannot have given.
fn version(query: &str) -> Result<Option<String>> {
    const KEY: &str = "versionId";
    /// S3, "How S3 Versioning works".
    const MAX_BYTES: usize = 1024;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let Some((_, version)) = pairs.find(|(key, value)| key == KEY && !value.is_empty()) else {
        return Ok(None);
    };
    if MAX_BYTES < version.len() || !version.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::param(KEY, "expected the ID of a version"));
    }
    Ok(Some(version.into_owned()))
}

/// Returns the retries of a request whose connection failed, and of requests for credentials: [`transport`] itself
/// retries what a store rejects.
fn retry() -> RetryConfig {
    RetryConfig { max_retries: 2, ..RetryConfig::default() }
}

#[async_trait]
impl Origin for Store {
    fn resolve(&self, parts: &Parts, _body: &[u8]) -> Result<Resource> {
        let key = Key::from_request(parts)?;
        let version = if self.versions { version(parts.uri.query().unwrap_or_default())? } else { None };
        let name = (!self.name.is_empty()).then(|| format!("{}\0{key}\0{version:?}", self.name).into());
        Ok(Resource { name, ..Resource::image(Object { version, ..self.object(key.as_str()) }) })
    }

    async fn check(&self) -> Result<()> {
        let object = self.object(key::UNUSED);
        let Err(error) = object.get(GetOptions::default()).await else { return Ok(()) };
        let Failure::Fault(fault) = error else { return Err(error.into()) };
        match fault.cause {
            Cause::Missing | Cause::Gone => Ok(()),
            Cause::Throttled | Cause::Busy | Cause::Late => {
                warn!(%fault, "source");
                Ok(())
            }
            // AWS names the missing right: without that to list, it does not tell whether an object exists.
            Cause::Denied if !fault.message.contains("s3:GetObject ") => {
                info!(%fault, "source");
                Ok(())
            }
            Cause::Denied => Err((*fault).with_cause(Cause::Rights, "s3:GetObject is denied").into()),
            _ => Err((*fault).into()),
        }
    }
}

/// One object of the store.
#[derive(Debug)]
struct Object {
    store: Store,
    path: Option<Path>,
    /// Version; the newest if `None`.
    version: Option<String>,
}

impl Object {
    async fn get(&self, options: GetOptions) -> Result<GetResult, Failure> {
        let path = self.path.as_ref().ok_or_else(absent)?;
        let attempt = Attempt::default();
        let mut extensions = Extensions::new();
        extensions.insert(attempt.clone());
        let options = GetOptions { extensions, version: self.version.clone(), ..options };
        let result = self.store.objects.get_opts(path, options).await;
        result.map_err(|error| match (fault(&error), self.store.credentials) {
            (None, Some(remedy)) if !attempt.is_sent() => {
                let message = "the source could not be read";
                let error = NoCredentials { remedy, source: error };
                Failure::Error(Error::new(Kind::Upstream, "credentials", message).with_source(error))
            }
            _ => failure(error),
        })
    }
}

/// Reasons for which an object is not open.
enum Failure {
    /// The store responded with an error.
    Fault(Box<Fault>),
    /// Any other failure.
    Error(Error),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Fault(fault) => (*fault).into(),
            Failure::Error(error) => error,
        }
    }
}

/// The store has no credentials to sign a request with.
#[derive(Debug, thiserror::Error)]
#[error("no credentials: {remedy}")]
struct NoCredentials {
    remedy: &'static str,
    source: StoreError,
}

#[async_trait]
impl Source for Object {
    async fn probe(&self) -> Result<Probe> {
        match self.get(GetOptions { head: true, ..GetOptions::default() }).await {
            Ok(result) => Ok(Probe::Described { meta: describe(&result), headers: HeaderMap::new() }),
            // S3 sends no error code without a body, so that a wrong key looks like a missing image.
            Err(Failure::Fault(fault)) if fault.code.is_empty() && !status::is_temporary(fault.status) => {
                self.open(0, None).await.map(Probe::Opened)
            }
            Err(failure) => Err(failure.into()),
        }
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
        let chunks = result.into_stream().map_err(|error| failure(error).into());
        let chunks = chunks.try_filter(|chunk| std::future::ready(!chunk.is_empty()));
        Ok(Opened::new(meta, paced(chunks.boxed(), self.store.rate)))
    }
}

fn describe(result: &GetResult) -> Meta {
    let last_modified = SystemTime::from(result.meta.last_modified);
    Meta {
        size: Some(result.meta.size),
        // `transport` sets an empty tag where the store gave none.
        etag: result.meta.e_tag.clone().filter(|tag| !tag.is_empty()),
        // `object_store` returns the epoch where the store gave no time.
        last_modified: Some(last_modified).filter(|time| *time != SystemTime::UNIX_EPOCH),
        cache_control: result.attributes.get(&Attribute::CacheControl).map(|value| value.to_string()),
    }
}

fn absent() -> Failure {
    Failure::Error(Error::new(Kind::NotFound, "source", "no image at this path"))
}

/// Converts an error of the store.
fn failure(error: StoreError) -> Failure {
    if let Some(fault) = fault(&error) {
        return Failure::Fault(Box::new(fault.clone()));
    }
    let (kind, message) = match error {
        // A store that is not read over HTTP.
        StoreError::NotFound { .. } | StoreError::InvalidPath { .. } => {
            (Kind::NotFound, "no image at this path")
        }
        StoreError::Precondition { .. } => (Kind::PreconditionFailed, "the source changed while it was read"),
        _ => (Kind::Upstream, "the source could not be read"),
    };
    Failure::Error(Error::new(kind, "source", message).with_source(error))
}
