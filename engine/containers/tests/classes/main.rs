//! The class and the removal of each block in JPEG, PNG, WebP and GIF.

mod jpeg;
mod png;
mod webp;
mod gif;

use bytes::Bytes;
use safelight_containers::{Class, ContainerError, Event, Part, Removal, Walker, icc};
use safelight_core::Limits;

/// Class, removal and length of every part; coded samples are joined.
fn walk(source: &[u8]) -> Result<Vec<(Class, Removal, usize)>, ContainerError> {
    let mut walker = Walker::new(Limits::default());
    walker.push(Bytes::copy_from_slice(source));
    walker.finish();
    let mut parts: Vec<(Class, Removal, usize)> = Vec::new();
    while let Some(event) = walker.next()? {
        match (event, parts.last_mut()) {
            (Event::Begin(Part { class: Class::ImageData, .. }), Some((Class::ImageData, ..))) => (),
            (Event::Begin(part), _) => parts.push((part.class, part.removal, 0)),
            (Event::Framing(bytes) | Event::Payload(bytes), Some((_, _, length))) => *length += bytes.len(),
            (_, None) => panic!("bytes before any part"),
        }
    }
    Ok(parts)
}

/// Checks each block: its bytes, its class and its replacement.
fn check(blocks: &[(Vec<u8>, Class, Removal)]) {
    let source: Vec<u8> = blocks.iter().flat_map(|(bytes, ..)| bytes).copied().collect();
    let expected: Vec<_> =
        blocks.iter().map(|(bytes, class, removal)| (*class, removal.clone(), bytes.len())).collect();
    assert_eq!(walk(&source).expect("a sound source"), expected);
}

/// A profile with a name, and the one that remains of it.
fn profile() -> (Vec<u8>, Vec<u8>) {
    let profile = moxcms::ColorProfile::new_display_p3().encode().expect("a valid profile");
    let clean = icc::without_identity(&profile).expect("a valid profile");
    assert_ne!(profile, clean);
    (profile, clean)
}

fn damage(source: &[u8]) -> String {
    walk(source).expect_err("a damaged source").to_string()
}
