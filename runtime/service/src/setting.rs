//! Settings whose text may be in a file.

use safelight_edge::config::{ConfigError, from_json};
use serde::de::DeserializeOwned;
use std::{fs, io};

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}: {source}")]
pub struct FileError {
    /// Path as it was given.
    pub path: String,
    /// Error of the system.
    pub source: io::Error,
}

/// A table of settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The text is not the JSON of such a table.
    #[error(transparent)]
    Table(#[from] ConfigError),
}

/// Parses `setting`: a table as JSON, or `@` and the name of a file with it.
///
/// # Errors
/// [`TableError`], with the path of the invalid key.
pub(crate) fn table<T: DeserializeOwned>(setting: &str) -> Result<T, TableError> {
    Ok(from_json(&text(setting)?)?)
}

/// Returns the text of `setting`: itself, or that of the file whose name follows an `@`.
///
/// # Errors
/// [`FileError`].
pub(crate) fn text(setting: &str) -> Result<String, FileError> {
    match setting.strip_prefix('@') {
        Some(path) => fs::read_to_string(path).map_err(|source| FileError { path: path.to_owned(), source }),
        None => Ok(setting.to_owned()),
    }
}
