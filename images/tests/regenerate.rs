//! What is checked in is what the program makes.

use safelight_images::{generate, path, read};
use std::fs;

#[test]
fn making_the_samples_again_gives_the_same_bytes() {
    let samples = generate::samples().unwrap();
    let changed: Vec<_> =
        samples.iter().filter(|sample| sample.bytes != read(sample.name)).map(|sample| sample.name).collect();
    assert!(changed.is_empty(), "{changed:?} differ; run the program of this crate");
    let manifest = fs::read_to_string(path("MANIFEST.md")).unwrap();
    assert_eq!(manifest, generate::manifest(&samples));
}
