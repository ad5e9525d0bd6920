//! A folder of pictures.
//!
//! The folder is held as a capability (`cap-std`): the kernel itself resolves every key beneath it
//! (`openat2` with `RESOLVE_BENEATH`, or a walk that has the same effect where there is none), so a
//! symbolic link that leaves the folder cannot be followed, whoever swaps it in and whenever.
//! `object_store::local` opens paths by name, follows every link and waits for a writer on a named
//! pipe; a check after the fact would be a second thing to get right.

use super::{Chunks, Key, Meta, Origin, Source, file};
use crate::StartError;
use async_trait::async_trait;
use cap_fs_ext::OpenOptionsSyncExt;
use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions},
};
use safelight_core::Result;
use std::{fs, path::Path, sync::Arc};

/// A folder, whose files are served by their relative paths.
#[derive(Clone, Debug)]
pub struct Directory {
    root: Arc<Dir>,
}

impl Directory {
    /// Opens the folder; the path is looked up this once.
    ///
    /// # Errors
    /// [`StartError::Folder`] if it is none, or may not be read.
    pub fn open(path: &Path) -> Result<Self, StartError> {
        let root = Dir::open_ambient_dir(path, ambient_authority())
            .map_err(|source| StartError::Folder { path: path.to_owned(), source })?;
        Ok(Self { root: Arc::new(root) })
    }
}

impl Origin for Directory {
    fn source(&self, key: &Key) -> Arc<dyn Source> {
        Arc::new(Entry { root: self.root.clone(), key: key.clone() })
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
        let (root, key) = (self.root.clone(), self.key.clone());
        file::blocking(move || {
            // Without waiting, or a named pipe in the folder would hold this thread for ever.
            let options = OpenOptions::new().read(true).nonblock(true).clone();
            root.open_with(key.as_str(), &options).map(cap_std::fs::File::into_std)
        })
        .await
    }
}

#[async_trait]
impl Source for Entry {
    async fn meta(&self) -> Result<Meta> {
        self.open(0, None).await.map(|(meta, _)| meta)
    }

    async fn open(&self, from: u64, pin: Option<&Meta>) -> Result<(Meta, Chunks)> {
        file::chunks(self.file().await?, from, pin)
    }
}
