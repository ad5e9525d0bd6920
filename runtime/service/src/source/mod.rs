//! Where pictures come from: an origin finds them by key, a source reads one.

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

use crate::StartError;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use http::HeaderMap;
use safelight_core::{Error, Kind, Result};
use std::{fmt::Debug, path::Path, sync::Arc, time::SystemTime};
use url::Url;

/// Pictures by key: a folder or a bucket.
pub trait Origin: Debug + Send + Sync {
    /// The picture at `key`, which need not exist; asking for it touches nothing.
    fn source(&self, key: &Key) -> Arc<dyn Source>;
}

/// One picture's bytes, which can be read from any offset on.
#[async_trait]
pub trait Source: Debug + Send + Sync {
    /// What is known of the picture without reading it.
    ///
    /// # Errors
    /// [`safelight_core::Kind::NotFound`] or [`safelight_core::Kind::Upstream`].
    async fn meta(&self) -> Result<Meta>;

    /// Opens the picture at byte `from`; nothing is read before the stream is polled.
    ///
    /// # Errors
    /// As for [`Source::meta`], and [`safelight_core::Kind::PreconditionFailed`] if the picture is
    /// no longer the version that `pin` tells of.
    async fn open(&self, from: u64, pin: Option<&Meta>) -> Result<(Meta, Chunks)>;

    /// Headers to deliver it with, known once it was asked about, if it goes out as it is stored where
    /// nothing is asked of it. Defaults to `None`: a picture that may hold metadata never does.
    fn as_stored(&self) -> Option<HeaderMap> {
        None
    }
}

/// The bytes of a source, in pieces of the source's choice, none of them empty.
pub type Chunks = BoxStream<'static, Result<Bytes>>;

/// What a source says of a picture besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Length in bytes; `None` where only the end will tell.
    pub size: Option<u64>,
    /// The source's entity tag as it was sent, quotes and weakness mark included.
    pub etag: Option<String>,
    /// When the picture was last changed.
    pub last_modified: Option<SystemTime>,
    /// The source's own `Cache-Control`.
    pub cache_control: Option<String>,
}

impl Meta {
    /// Whether both tell of the same bytes, as far as the source's validators can say.
    pub fn is_same_version(&self, other: &Self) -> bool {
        (self.size, &self.etag, self.last_modified) == (other.size, &other.etag, other.last_modified)
    }

    /// Checks that `pin`, if there is one, is the same version.
    ///
    /// # Errors
    /// [`Kind::PreconditionFailed`] if it is another one.
    pub fn check(&self, pin: Option<&Self>) -> Result<()> {
        match pin {
            Some(pin) if !pin.is_same_version(self) => {
                Err(Error::new(Kind::PreconditionFailed, "source", "was changed while it was read"))
            }
            _ => Ok(()),
        }
    }
}

/// The origin that the command line names: a folder, or the URL of a bucket or of a web server.
///
/// # Errors
/// [`StartError`], with a message for whoever started the program.
pub fn origin(name: &str) -> Result<Arc<dyn Origin>, StartError> {
    match Url::parse(name) {
        Ok(url) if name.contains("://") => Ok(Arc::new(Store::from_url(&url)?)),
        _ => Ok(Arc::new(Directory::open(Path::new(name))?)),
    }
}
