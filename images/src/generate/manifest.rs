//! The manifest of the samples, in Markdown.

use super::Sample;
use std::fmt::Write;

const HEAD: &str = "\
# Sample images

`cargo run --release -p safelight-images --features generate` makes every image here, and this list.
All show the same scene, which is computed: no camera, no third party's picture.
People and numbers in the metadata are invented; the place is a public lake.
Bytes are the same on each run; a test compares them, so do not edit by hand.

| file | bytes | what it exercises | pixels and container made by |
|---|---:|---|---|
";

/// The text of `MANIFEST.md` for `samples`.
pub fn manifest(samples: &[Sample]) -> String {
    let mut text = HEAD.to_owned();
    for Sample { name, bytes, exercises, made } in samples {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "| `{name}` | {} | {exercises} | {made} |", bytes.len());
    }
    text
}
