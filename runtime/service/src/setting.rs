//! Settings whose text may be in a file.

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
