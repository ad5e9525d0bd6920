//! Why the program could not start. What goes wrong in a request is a [`safelight_core::Error`].

use std::{io, path::PathBuf};

/// Why a source could not be served.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder is none, or may not be read.
    #[error("the folder {} cannot be opened", path.display())]
    Folder {
        /// As it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The URL is of no known kind.
    #[error("{url} is no source; a folder, s3://, gs://, az://, https:// or healthimaging:// would be one")]
    Url {
        /// As it was named.
        url: String,
    },
    /// A setting cannot be meant.
    #[error("{setting}: must be {right}, not {value:?}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// As it was given.
        value: String,
        /// What it could be.
        right: &'static str,
    },
    /// There can be no client.
    #[error("nothing can be asked over TLS")]
    Client(#[from] reqwest::Error),
    /// The store's settings do not suffice, or contradict each other.
    #[error("the store cannot be used")]
    Store(#[from] object_store::Error),
}

impl StartError {
    /// `setting` must be `right`, and is `value`.
    pub(crate) fn setting(setting: &'static str, value: &str, right: &'static str) -> Self {
        Self::Setting { setting, value: value.to_owned(), right }
    }
}
