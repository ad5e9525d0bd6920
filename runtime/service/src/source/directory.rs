//! A folder of images.
//!
//! The folder is a capability (`cap-std`): the kernel resolves every key beneath it (`openat2` with
//! `RESOLVE_BENEATH`, or a walk with the same effect), so a symbolic link that leaves the folder is never
//! followed, even if it appears during the request. `object_store::local` opens paths by name, follows every link
//! and waits for a writer on a named pipe; a check afterwards would leave a race.

use super::{Key, Meta, Opened, Origin, Resource, Source, cached, file};
use crate::StartError;
use async_trait::async_trait;
use cap_fs_ext::OpenOptionsSyncExt;
use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions},
};
use http::request::Parts;
use safelight_core::Result;
use std::{fs, path::Path, sync::Arc};

/// A folder whose files are served by their relative paths.
#[derive(Clone, Debug)]
pub struct Directory {
    root: Arc<Dir>,
    /// The absolute path, as a name.
    name: Arc<str>,
}

impl Directory {
    /// Opens the folder. Its path is looked up only here.
    ///
    /// # Errors
    /// [`StartError::Folder`] if it is not a folder, or may not be read.
    pub fn open(path: &Path) -> Result<Self, StartError> {
        let root = Dir::open_ambient_dir(path, ambient_authority())
            .map_err(|source| StartError::Folder { path: path.to_owned(), source })?;
        let name = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        Ok(Self { root: Arc::new(root), name: name.to_string_lossy().into() })
    }
}

impl Origin for Directory {
    fn resolve(&self, parts: &Parts, _body: &[u8]) -> Result<Resource> {
        let key = Key::from_request(parts)?;
        let name = format!("{}\0{key}", self.name);
        Ok(Resource::image(Entry { root: self.root.clone(), key }).named(name))
    }
}

/// One file of the folder.
#[derive(Debug)]
struct Entry {
    root: Arc<Dir>,
    key: Key,
}

impl Entry {
    async fn file(&self) -> Result<fs::File> {
        if let Some(file) = cached::open(&self.root, &self.key) {
            return Ok(file);
        }
        let (root, key) = (self.root.clone(), self.key.clone());
        file::blocking(move || {
            // Without blocking, because a named pipe in the folder would block this thread without end.
            let options = OpenOptions::new().read(true).nonblock(true).clone();
            root.open_with(key.as_str(), &options).map(cap_std::fs::File::into_std)
        })
        .await
    }
}

#[async_trait]
impl Source for Entry {
    async fn open(&self, from: u64, pin: Option<&Meta>) -> Result<Opened> {
        file::opened(self.file().await?, from, pin)
    }
}
