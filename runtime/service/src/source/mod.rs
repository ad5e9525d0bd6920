//! Sources of images: an origin resolves a request to a resource, a source reads one.

mod directory;
mod file;
mod key;
mod reader;
mod store;

pub use directory::Directory;
pub use file::{File, Stdin};
pub use key::Key;
pub use reader::Reader;
pub(crate) use reader::within;
pub use store::Store;

use crate::{
    StartError,
    health_imaging::{HealthImaging, HealthImagingSettings},
};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use http::{HeaderMap, Method, request::Parts};
use safelight_core::{Error, Kind, Result};
use std::{fmt::Debug, path::Path, sync::Arc, time::SystemTime};
use url::Url;

/// A set of resources: a folder, a bucket, a web server or a service.
pub trait Origin: Debug + Send + Sync {
    /// Resolves a request, given as its head and its body, to a resource that need not exist. Reads nothing.
    ///
    /// # Errors
    /// [`Kind::NotFound`] for a path without a source, [`Kind::MethodNotAllowed`], and [`Kind::InvalidParam`]
    /// for a part of the request that the origin reads and that is invalid.
    fn resolve(&self, parts: &Parts, body: &[u8]) -> Result<Resource>;

    /// Returns the methods that some resource supports. Defaults to `GET` and `HEAD`.
    fn methods(&self) -> &'static [Method] {
        key::METHODS
    }

    /// Returns the longest body of a request that the origin reads. Defaults to 0: it reads none.
    fn max_body_bytes(&self) -> usize {
        0
    }

    /// Returns the path as the log may show it. Defaults to the path itself.
    fn loggable_path(&self, path: &str) -> String {
        path.to_owned()
    }
}

/// The result of [`Origin::resolve`].
#[derive(Clone, Debug)]
pub struct Resource {
    /// The source of its bytes.
    pub source: Arc<dyn Source>,
    /// Whether it is an image, to which the transforms of the query apply.
    pub is_image: bool,
}

impl Resource {
    /// An image.
    pub fn image(source: impl Source + 'static) -> Self {
        Self { source: Arc::new(source), is_image: true }
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

/// Returns the origin that an operator names: a folder, the URL of a bucket or of a web server, or
/// `healthimaging://` and a region.
///
/// # Errors
/// [`StartError`], with a message for the operator.
pub fn origin(name: &str, settings: &HealthImagingSettings) -> Result<Arc<dyn Origin>, StartError> {
    if let Some(region) = name.strip_prefix(HEALTH_IMAGING) {
        return Ok(Arc::new(HealthImaging::new(region.trim_end_matches('/'), settings)?));
    }
    match Url::parse(name) {
        Ok(url) if name.contains("://") => Ok(Arc::new(Store::from_url(&url)?)),
        _ => Ok(Arc::new(Directory::open(Path::new(name))?)),
    }
}
