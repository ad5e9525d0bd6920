//! A walk over a source, and what a strip leaves of it.

#![allow(dead_code, reason = "each test program uses its own part of this")]

use bytes::Bytes;
use safelight_containers::{
    Class, ContainerError, Event, Part, Removal, Walker, locate_tiff, read_orientation,
};
use safelight_core::Limits;

/// A part of a source, with its bytes.
pub(crate) type Piece = (Part, Vec<u8>);

/// The parts of `source`, pushed in pieces of `chunk` bytes.
pub(crate) fn walk(source: &[u8], chunk: usize, limits: &Limits) -> Result<Vec<Piece>, ContainerError> {
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

/// Whether a part has an orientation that a strip keeps.
pub(crate) fn is_oriented((part, _): &Piece) -> bool {
    matches!(part.removal, Removal::Reorient(_))
}

/// The bytes that remain of a part.
pub(crate) fn remains((part, bytes): Piece) -> Vec<u8> {
    let length = bytes.len();
    let mut rest = match (part.class, part.removal) {
        (Class::Structure | Class::ImageData, _) => return bytes,
        (_, Removal::Cut) => return Vec::new(),
        (_, Removal::Replace(other)) => return other.into(),
        (_, Removal::Blank(first)) => first.to_vec(),
        (_, Removal::Reorient(frame)) => {
            assert_eq!(frame.length(), Some(length), "the length stays");
            frame.minimal(locate_tiff(&bytes).and_then(read_orientation)).to_vec()
        }
    };
    assert!(rest.len() <= length);
    rest.resize(length, 0);
    rest
}
