//! Formats whose index states offsets: the bytes that are kept or removed, and the sources that are rejected.

mod build;
#[path = "../common/mod.rs"]
mod common;
mod isobmff;
mod robustness;
mod sequence;
mod tiff;

use common::{remains, walk};
use safelight_containers::{Class, ContainerError, Removal, icc};
use safelight_core::Limits;

/// A profile whose description is a secret, and the one that remains of it.
fn profile() -> (Vec<u8>, Vec<u8>) {
    let mut profile = moxcms::ColorProfile::new_display_p3();
    profile.description = Some(moxcms::ProfileText::PlainString("SECRET display".into()));
    let profile = profile.encode().expect("a valid profile");
    assert!(contains(&profile, b"S\0E\0C\0R\0E\0T") || contains(&profile, b"SECRET"));
    let clean = icc::without_identity(&profile).expect("a valid profile");
    (profile, clean)
}

/// Removes everything from `source` that can be removed.
fn strip(source: &[u8]) -> Result<Vec<u8>, ContainerError> {
    let mut out = Vec::new();
    for piece in walk(source, usize::MAX, &Limits::default())? {
        let (length, is_replaced) = (piece.1.len(), matches!(piece.0.removal, Removal::Replace(_)));
        let rest = remains(piece);
        assert!(!is_replaced || rest.len() == length, "offsets hold");
        out.extend(rest);
    }
    Ok(out)
}

/// The message of the error for `source`.
fn refusal(source: &[u8]) -> String {
    let error = strip(source).map(|_| ()).expect_err("a source that is rejected");
    error.to_string()
}

/// The bytes of all parts of `class`.
fn all_of(source: &[u8], class: Class) -> Vec<u8> {
    let pieces = walk(source, usize::MAX, &Limits::default()).expect("a sound source");
    pieces.into_iter().filter(|(part, _)| part.class == class).flat_map(|(_, bytes)| bytes).collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
