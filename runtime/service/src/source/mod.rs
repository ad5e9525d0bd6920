//! Sources of images: an origin resolves a request to a resource, a source reads one.

mod settings;
mod key;
mod directory;
mod cached;
mod file;
pub(crate) mod store;
mod web_server;
mod remote;
mod fault;
mod pace;
pub(crate) mod retry;
mod reader;

pub use directory::Directory;
pub use fault::Cause;
pub use file::{File, Stdin};
pub use key::Key;
pub use pace::MinRate;
pub use reader::Reader;
pub(crate) use reader::within;
pub use remote::Remote;
pub use settings::{Amazon, SourceSettings};
pub use store::Store;
pub use web_server::{AddressRule, HostPort, WebServer};

use crate::{StartError, health_imaging::HealthImaging};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use http::{HeaderMap, Method, request::Parts};
use safelight_core::{Error, Kind, Result};
use std::{
    fmt::Debug,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};
use url::Url;

/// A set of resources: a folder, a bucket, a web server or a service.
#[async_trait]
pub trait Origin: Debug + Send + Sync {
    /// Resolves a request, given as its head and its body, to a resource that need not exist. Reads nothing.
    ///
    /// # Errors
    /// [`Kind::NotFound`] for a path without a source, [`Kind::MethodNotAllowed`], and [`Kind::InvalidParam`]
    /// for a part of the request that the origin reads and that is invalid.
    fn resolve(&self, parts: &Parts, body: &[u8]) -> Result<Resource>;

    /// Reads something that need not exist, to find out whether the origin can be read at all. Defaults to success.
    ///
    /// # Errors
    /// [`Kind::Upstream`] with the cause, if every request would fail.
    async fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Returns the methods that some resource supports. Defaults to `GET` and `HEAD`.
    fn methods(&self) -> &'static [Method] {
        key::METHODS
    }

    /// Returns the longest body of a request that the origin reads. Defaults to 0: it reads none.
    fn max_body_bytes(&self) -> usize {
        0
    }

    /// Returns the query keys that the origin itself reads. Defaults to none.
    fn query_keys(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns the path, or a value of the query, as the log may show it. Defaults to the text itself.
    fn loggable(&self, text: &str) -> String {
        text.to_owned()
    }
}

/// The result of [`Origin::resolve`].
#[derive(Clone, Debug)]
pub struct Resource {
    /// The source of its bytes.
    pub source: Arc<dyn Source>,
    /// Whether it is an image, to which the transforms of the query apply.
    pub is_image: bool,
    /// A name that no other source has, also of another origin. Defaults to `None`: results about it are neither shared nor
    /// kept.
    pub name: Option<Arc<str>>,
}

impl Resource {
    /// An image.
    pub fn image(source: impl Source + 'static) -> Self {
        Self { source: Arc::new(source), is_image: true, name: None }
    }

    /// The same resource with a name.
    #[must_use]
    pub fn named(mut self, name: String) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// The bytes of one resource, readable from any offset.
#[async_trait]
pub trait Source: Debug + Send + Sync {
    /// Opens the resource at byte `from`. The body is not read before its stream is polled.
    ///
    /// # Errors
    /// [`Kind::NotFound`], [`Kind::Upstream`], or [`Kind::PreconditionFailed`] if the resource is no longer the
    /// version `pin`.
    async fn open(&self, from: u64, pin: Option<&Meta>) -> Result<Opened>;

    /// Describes the resource to a conditional request. Defaults to opening it, for sources that cannot be
    /// described otherwise: the request then continues with what is open.
    ///
    /// # Errors
    /// As for [`Source::open`].
    async fn probe(&self) -> Result<Probe> {
        self.open(0, None).await.map(Probe::Opened)
    }
}

/// An open source.
pub struct Opened {
    /// Metadata of the resource.
    pub meta: Meta,
    /// Headers of the source that every response about the resource repeats. Defaults to none.
    pub headers: HeaderMap,
    /// Headers for delivering the resource as it is stored, if that is allowed without a query.
    /// Defaults to `None`, because an image may carry private metadata.
    pub passthrough: Option<HeaderMap>,
    /// The bytes.
    pub chunks: Chunks,
}

impl Opened {
    /// An open source without headers.
    pub fn new(meta: Meta, chunks: Chunks) -> Self {
        Self { meta, headers: HeaderMap::new(), passthrough: None, chunks }
    }
}

/// The result of [`Source::probe`].
pub enum Probe {
    /// A description; nothing is open.
    Described {
        /// Metadata of the resource.
        meta: Meta,
        /// As in [`Opened::headers`].
        headers: HeaderMap,
    },
    /// The open resource.
    Opened(Opened),
}

impl Probe {
    pub(crate) fn meta(&self) -> &Meta {
        match self {
            Self::Described { meta, .. } | Self::Opened(Opened { meta, .. }) => meta,
        }
    }

    pub(crate) fn into_description(self) -> (Meta, HeaderMap) {
        match self {
            Self::Described { meta, headers } | Self::Opened(Opened { meta, headers, .. }) => (meta, headers),
        }
    }

    pub(crate) fn into_opened(self) -> Option<Opened> {
        match self {
            Self::Described { .. } => None,
            Self::Opened(opened) => Some(opened),
        }
    }
}

/// The bytes of a source, in non-empty chunks of any size.
pub type Chunks = BoxStream<'static, Result<Bytes>>;

/// Metadata of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// Length in bytes. Defaults to `None`: only the end tells.
    pub size: Option<u64>,
    /// Entity tag as the source sent it, with quotes and weakness mark. Defaults to `None`.
    pub etag: Option<String>,
    /// Time of the last change. Defaults to `None`.
    pub last_modified: Option<SystemTime>,
    /// `Cache-Control` of the source. Defaults to `None`.
    pub cache_control: Option<String>,
}

impl Meta {
    /// Returns whether both describe the same bytes, as far as the source's validators tell.
    pub fn is_same_version(&self, other: &Self) -> bool {
        (self.size, &self.etag, self.last_modified) == (other.size, &other.etag, other.last_modified)
    }

    /// Checks that `pin`, if it is given, is the same version.
    ///
    /// # Errors
    /// [`Kind::PreconditionFailed`] if it is another version.
    pub fn check(&self, pin: Option<&Self>) -> Result<()> {
        match pin {
            Some(pin) if !pin.is_same_version(self) => {
                Err(Error::new(Kind::PreconditionFailed, "source", "the source changed while it was read"))
            }
            _ => Ok(()),
        }
    }
}

/// The scheme of the image frames of a region.
const HEALTH_IMAGING: &str = "healthimaging://";

/// The longest time for [`check`], in seconds.
const CHECK_SECS: u64 = 15;

/// Returns the origin that an operator names: a folder, the URL of a bucket or of a web server, or
/// `healthimaging://` and a region.
///
/// # Errors
/// [`StartError`], with a message for the operator.
pub fn origin(name: &str, settings: &SourceSettings) -> Result<Arc<dyn Origin>, StartError> {
    if has_user(name) {
        return Err(StartError::User { scheme: name.split("://").next().unwrap_or_default().to_owned() });
    }
    if let Some(region) = name.strip_prefix(HEALTH_IMAGING) {
        return Ok(Arc::new(HealthImaging::new(region.trim_end_matches('/'), &settings.health_imaging)?));
    }
    if !name.contains("://") {
        return Ok(Arc::new(Directory::open(Path::new(name))?));
    }
    let url = Url::parse(name).map_err(|_| StartError::Url { url: without_secrets(name) })?;
    Ok(match Store::from_url(&url, settings)? {
        Some(store) => Arc::new(store),
        None => Arc::new(WebServer::new(&url, settings)?),
    })
}

/// Checks that `origin` can be read.
///
/// # Errors
/// [`StartError::Source`], with the cause.
pub async fn check(origin: &dyn Origin) -> Result<(), StartError> {
    within(Duration::from_secs(CHECK_SECS), origin.check()).await.map_err(StartError::Source)
}

/// Returns whether a URL has a user name or a password, as far as it can be told of an invalid one. The container in
/// `abfss://container@account.dfs.core.windows.net` is not a user name.
fn has_user(name: &str) -> bool {
    let Some((scheme, rest)) = name.split_once("://") else { return false };
    let authority =
        rest.trim_start_matches(['/', '\\']).split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    user.contains(':') || !matches!(scheme.to_ascii_lowercase().as_str(), "abfs" | "abfss")
}

/// Returns a URL without its query and fragment, which may contain a signature.
fn without_secrets(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passwords_are_rejected_and_not_repeated() {
        let urls = [
            "https://us3r:s3cret@host/photos",
            "http://s3cret@host",
            "HTTPS://us3r:s3cret@host",
            "https:///us3r:s3cret@host/",
            "https:\\\\://us3r:s3cret@host/",
            "https://us3r:s3cret@ho st/",
            "ftp://us3r:s3cret@host",
            "s3://us3r:s3cret@bucket",
            "healthimaging://us3r:s3cret@eu-west-1",
            "abfss://container:s3cret@account.dfs.core.windows.net/",
            "https://host/photos?sig=s3cret",
            "https://host/photos#s3cret",
            "ftp://host/?s3cret",
        ];
        for url in urls {
            let error = origin(url, &SourceSettings::default()).unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(!text.contains("s3cret") && !text.contains("us3r"), "{url}: {text}");
        }
        for url in ["https://host/a@b", "abfss://container@account.dfs.core.windows.net", "folder@host"] {
            assert!(!has_user(url), "{url}");
        }
    }
}
