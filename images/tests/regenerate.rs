//! The checked-in samples equal the program's output.

use safelight_images::{generate, path, read};
use std::fs;

#[test]
fn generating_the_samples_again_gives_the_same_bytes() {
    let samples = generate::samples().unwrap();
    let changed: Vec<_> =
        samples.iter().filter(|sample| sample.bytes != read(sample.name)).map(|sample| sample.name).collect();
    assert!(changed.is_empty(), "{changed:?} differ; run this crate's program");
    let manifest = fs::read_to_string(path("MANIFEST.md")).unwrap();
    assert_eq!(manifest, generate::manifest(&samples));
}
