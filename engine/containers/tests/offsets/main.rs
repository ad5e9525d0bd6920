//! Formats whose index states offsets: the bytes that are kept or removed, and the sources that are rejected.

mod build;
mod isobmff;
mod robustness;
mod sequence;
mod tiff;

use bytes::Bytes;
use safelight_containers::{
    Class, ContainerError, Event, Part, Removal, Walker, icc, locate_tiff, read_orientation,
};
use safelight_core::Limits;

/// A part of a source, with its bytes.
type Piece = (Part, Vec<u8>);

/// The parts of `source`, pushed in pieces of `chunk` bytes.
fn walk(source: &[u8], chunk: usize, limits: &Limits) -> Result<Vec<Piece>, ContainerError> {
    let mut walker = Walker::new(limits.clone());
    let mut pieces: Vec<Piece> = Vec::new();
    let mut drain = |walker: &mut Walker| -> Result<(), ContainerError> {
        while let Some(event) = walker.next()? {
            match (event, pieces.last_mut()) {
                (Event::Begin(part), _) => pieces.push((part, Vec::new())),
                (Event::Framing(bytes) | Event::Payload(bytes), Some((_, all))) => {
                    all.extend_from_slice(&bytes);
                }
                (_, None) => panic!("bytes before any part"),
            }
        }
        Ok(())
    };
    for chunk in source.chunks(chunk) {
        walker.push(Bytes::copy_from_slice(chunk));
        drain(&mut walker)?;
    }
    walker.finish();
    drain(&mut walker)?;
    let whole: Vec<u8> = pieces.iter().flat_map(|(_, bytes)| bytes).copied().collect();
    assert!(whole == source, "the parts are the source");
    Ok(pieces)
}

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
    for (part, bytes) in walk(source, usize::MAX, &Limits::default())? {
        let length = bytes.len();
        match (part.class, part.removal) {
            (Class::Structure | Class::ImageData, _) => out.extend(bytes),
            (_, Removal::Cut) => (),
            (_, Removal::Blank(first)) => {
                assert!(first.len() <= length);
                out.extend_from_slice(&first);
                out.resize(out.len() + length - first.len(), 0);
            }
            (_, Removal::Replace(other)) => {
                assert_eq!(other.len(), length, "offsets hold");
                out.extend_from_slice(&other);
            }
            (_, Removal::Reorient(frame)) => {
                assert_eq!(frame.length(), Some(length), "offsets hold");
                let block = frame.minimal(locate_tiff(&bytes).and_then(read_orientation));
                out.extend_from_slice(&block);
                out.resize(out.len() + length - block.len(), 0);
            }
        }
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
