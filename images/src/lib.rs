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
