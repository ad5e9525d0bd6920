#![doc = include_str!("../README.md")]

mod corpus;

pub use corpus::{corpus, corpus_files, every_file};

use std::path::{Path, PathBuf};

#[cfg(feature = "generate")]
pub mod generate;

/// What nobody may learn from a stripped sample: private texts contain one of these, in plain ASCII.
///
/// Two slots hold them in another form: `XPAuthor` in UTF-16, PNG's `zTXt` deflated.
pub const SECRETS: [&str; 4] = [CREATOR, CITY, NOTE, SERIAL];

/// The photographer, who is invented.
const CREATOR: &str = "Ada Lumen";
const CITY: &str = "Bohinj";
const NOTE: &str = "For Mira only: the hut by the northern shore, key under the third stone.";
const SERIAL: &str = "0042-1871";

const MANIFEST: &str = include_str!("../MANIFEST.md");

/// The folder that holds the samples.
pub fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Names of all samples, in the order of the manifest.
pub fn names() -> impl Iterator<Item = &'static str> {
    MANIFEST.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next())
}

/// Where the sample `name` lies.
pub fn path(name: &str) -> PathBuf {
    folder().join(name)
}

/// The bytes of the sample `name`.
///
/// # Panics
/// If there is no such sample: the caller is a test, and its name of the sample is wrong.
pub fn read(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|error| panic!("sample {name}: {error}"))
}

/// A JPEG of `size` bytes or some more: a sample whose first restart interval repeats until it is so long. It
/// has more of them than its header says, so it is for what does not decode.
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
