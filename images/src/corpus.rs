//! Real photos. They are not part of the repository, because their licences differ.

use crate::{names, path};
use std::{
    fs,
    path::{Path, PathBuf},
};

const EXTENSIONS: &[&str] =
    &["avif", "avifs", "gif", "heic", "heif", "jpeg", "jpg", "png", "tif", "tiff", "webp"];

/// Returns the folder of real photos: the value of `SAFELIGHT_CORPUS`, or else `../shared/corpus` next to the
/// checkout. If it does not exist, returns `None` and reports it on standard error.
#[expect(clippy::disallowed_methods, reason = "only tests use this crate")]
pub fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let folder = std::env::var("SAFELIGHT_CORPUS").map_or_else(|_| beside(), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("no folder of photos at {}: using the samples instead", folder.display());
    None
}

/// Returns the paths of all photos, sorted; an empty list without a folder of photos.
///
/// # Panics
/// If a folder cannot be read.
pub fn corpus_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders: Vec<_> = corpus().into_iter().collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap_or_else(|error| panic!("{}: {error}", folder.display())).path();
            let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str()) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Returns the paths of all samples and all photos.
pub fn every_file() -> Vec<PathBuf> {
    names().map(path).chain(corpus_files()).collect()
}
