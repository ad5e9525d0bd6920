//! The list of the folder's images.

use safelight_formats::Format;
use serde::Serialize;
use std::path::{Path, PathBuf};
use tokio::task::spawn_blocking;
use walkdir::WalkDir;

/// The most images of the list.
const MAX_PICTURES: usize = 500;
/// The most files that are looked at.
const MAX_FILES: usize = 20_000;

/// One image.
#[derive(Debug, PartialEq, Serialize)]
struct Picture {
    /// Its path in a URL.
    path: String,
    bytes: u64,
}

/// Returns the images of `folder` as JSON, sorted by path; an empty list without a folder.
pub(super) async fn list(folder: Option<PathBuf>) -> String {
    let pictures = spawn_blocking(move || folder.map(|folder| walk(&folder)).unwrap_or_default());
    serde_json::to_string(&pictures.await.unwrap_or_default()).unwrap_or_default()
}

/// Walks `folder`, without hidden files and links.
fn walk(folder: &Path) -> Vec<Picture> {
    let is_shown = |entry: &walkdir::DirEntry| {
        entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.')
    };
    let files = WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(is_shown).flatten();
    let pictures = files.take(MAX_FILES).filter(|entry| entry.file_type().is_file()).filter_map(|entry| {
        let path = entry.path();
        Format::from_extension(path.extension()?.to_str()?)?;
        let segments = path.strip_prefix(folder).ok()?.iter().map(|segment| segment.to_str());
        let segments = segments.map(|segment| segment.map(encoded)).collect::<Option<Vec<_>>>()?;
        Some(Picture { path: format!("/{}", segments.join("/")), bytes: entry.metadata().ok()?.len() })
    });
    pictures.take(MAX_PICTURES).collect()
}

/// A segment of a path, of which all but unreserved characters are encoded.
fn encoded(segment: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    segment.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn images_are_listed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        };
        for name in ["b.JPG", "a b/ü.png", "notes.txt", ".hidden/c.jpg", ".d.jpg", "none"] {
            write(name);
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link.jpg")).unwrap();
        let paths: Vec<_> = walk(folder.path()).into_iter().map(|picture| picture.path).collect();
        assert_eq!(paths, ["/a%20b/%C3%BC.png", "/b.JPG"]);
    }
}
