#![doc = include_str!("../README.md")]

mod corpus;
mod program;

pub use corpus::{corpus, corpus_files, every_file};
pub use program::{program, python_with_pillow, skip};

use std::path::{Path, PathBuf};

#[cfg(feature = "generate")]
pub mod generate;

/// Texts that must not be in a stripped sample: each private text contains one of these, in plain ASCII.
///
/// Two slots store them in another form: `XPAuthor` in UTF-16, PNG's `zTXt` deflated.
pub const SECRETS: [&str; 4] = [CREATOR, CITY, NOTE, SERIAL];

/// The fictitious photographer.
const CREATOR: &str = "Ada Lumen";
const CITY: &str = "Bohinj";
const NOTE: &str = "For Mira only: the hut by the northern shore, key under the third stone.";
const SERIAL: &str = "0042-1871";

const MANIFEST: &str = include_str!("../MANIFEST.md");

/// Returns the folder of the samples.
pub fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the names of all samples, in the order of the manifest.
pub fn names() -> impl Iterator<Item = &'static str> {
    MANIFEST.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next())
}

/// Returns the path of the sample `name`.
pub fn path(name: &str) -> PathBuf {
    folder().join(name)
}

/// Reads the sample `name`.
///
/// # Panics
/// If there is no such sample: the name in the calling test is wrong.
pub fn read(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|error| panic!("sample {name}: {error}"))
}

/// Returns a JPEG of at least `size` bytes: a sample whose first restart intervals are repeated. The scan is
/// longer than its header says, so it is for tests that do not decode.
///
/// # Panics
/// If the sample has no restart intervals.
pub fn long_jpeg(size: usize) -> Vec<u8> {
    let photo = read("restart.jpg");
    let find = |from: usize, marker: &[u8]| {
        let found = photo[from..].windows(2).position(|bytes| bytes == marker);
        from + found.expect("the sample has a scan and restart markers")
    };
    let start = find(find(0, b"\xff\xda"), b"\xff\xd0");
    let end = find(start + 2, b"\xff\xd0");
    let mut jpeg = photo[..start].to_vec();
    while jpeg.len() < size {
        jpeg.extend_from_slice(&photo[start..end]);
    }
    jpeg.extend_from_slice(b"\xff\xd9");
    jpeg
}
