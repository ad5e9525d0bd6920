//! Real photos, which stand beside the project and not in it, for their licences differ.

use crate::{names, path};
use std::{
    fs,
    path::{Path, PathBuf},
};

const EXTENSIONS: &[&str] =
    &["avif", "avifs", "gif", "heic", "heif", "jpeg", "jpg", "png", "tif", "tiff", "webp"];

/// The folder of real photos: what `SAFELIGHT_CORPUS` names, else `../shared/corpus` beside the checkout.
/// `None`, and a word on standard error, where there is none.
#[expect(
    clippy::disallowed_methods,
    reason = "tests ask where their photos are; nothing that is shipped does"
)]
pub fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let folder = std::env::var("SAFELIGHT_CORPUS").map_or_else(|_| beside(), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("no corpus at {}: the samples stand in", folder.display());
    None
}

/// Every image of the corpus, in order of path; none where there is no corpus.
///
/// # Panics
/// If a folder of the corpus cannot be listed.
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

/// Every sample of the project and every image of the corpus.
pub fn every_file() -> Vec<PathBuf> {
    names().map(path).chain(corpus_files()).collect()
}
