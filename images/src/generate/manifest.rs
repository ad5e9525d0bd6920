//! The manifest of the samples, in Markdown.

use super::Sample;
use std::fmt::Write;

const HEAD: &str = "\
# Sample images

`cargo run --release -p safelight-images --features generate` generates all images in this folder, and this list.
All show the same computed scene; no photo was used.
People and numbers in the metadata are fictitious; the place is a public lake.
Each run gives the same bytes, and a test compares them, so do not edit these files by hand.

| file | bytes | features | written by |
|---|---:|---|---|
";

/// Returns the text of `MANIFEST.md` for `samples`.
pub fn manifest(samples: &[Sample]) -> String {
    let mut text = HEAD.to_owned();
    for Sample { name, bytes, features, written_by } in samples {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "| `{name}` | {} | {features} | {written_by} |", bytes.len());
    }
    text
}
