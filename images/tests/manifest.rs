//! The folder contains exactly the images that the manifest lists.

use safelight_images::{SECRETS, folder, names, path, read};
use std::collections::BTreeSet;
use std::fs;

#[test]
fn the_manifest_lists_exactly_the_images() {
    let is_image = |name: &String| {
        ["jpg", "png", "webp", "gif", "avif", "tiff"].iter().any(|end| name.ends_with(&format!(".{end}")))
    };
    let entries = fs::read_dir(folder()).unwrap();
    let found: BTreeSet<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).filter(is_image).collect();
    let listed: BTreeSet<String> = names().map(str::to_owned).collect();
    assert_eq!(found, listed);
    assert_eq!(names().count(), listed.len(), "a name is listed twice");
}

#[test]
fn listed_sizes_are_right_and_the_total_is_small() {
    let manifest = fs::read_to_string(path("MANIFEST.md")).unwrap();
    let mut total = 0;
    for name in names() {
        let length = read(name).len();
        assert!(manifest.contains(&format!("| `{name}` | {length} |")), "{name} has {length} bytes");
        total += length;
    }
    assert!((1..1_500_000).contains(&total), "{total} bytes");
}

#[test]
fn file_names_match_the_formats() {
    for name in names() {
        let bytes = read(name);
        let expected: &[u8] = match name.rsplit('.').next() {
            Some("jpg") => b"\xFF\xD8\xFF",
            Some("png") => b"\x89PNG\r\n\x1A\n",
            Some("webp") => b"RIFF",
            Some("gif") => b"GIF89a",
            Some("avif") => b"\0\0\0\x20ftypavif",
            Some("tiff") => b"MM\0*",
            _ => panic!("{name} has an unknown extension"),
        };
        assert!(bytes.starts_with(expected), "{name}");
    }
}

#[test]
fn every_image_but_one_has_private_metadata() {
    let has_secret = |bytes: &[u8]| {
        SECRETS.iter().any(|secret| bytes.windows(secret.len()).any(|window| window == secret.as_bytes()))
    };
    let without: Vec<_> = names().filter(|name| !has_secret(&read(name))).collect();
    assert_eq!(without, ["restart.jpg"]);
}
