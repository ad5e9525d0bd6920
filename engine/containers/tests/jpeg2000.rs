//! JPEG 2000: which bytes remain, and which sources are rejected.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Piece, is_oriented, remains, walk};
use safelight_containers::ContainerError;
use safelight_core::Limits;

/// Text that a strip must remove.
const SECRET: &[u8] = b"SECRET";

const SIGNATURE: &[u8] = b"\0\0\0\x0CjP  \x0D\x0A\x87\x0A";

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(8 + body.len() as u32).to_be_bytes()[..], kind, body].concat()
}

fn segment(code: u8, body: &[u8]) -> Vec<u8> {
    [&[0xFF, code], &(2 + body.len() as u16).to_be_bytes()[..], body].concat()
}

/// A tile-part with `header` and the samples `data`. Its length is 0 if it `is_last`.
fn tile_part(header: &[u8], data: &[u8], is_last: bool) -> Vec<u8> {
    let length = if is_last { 0 } else { 12 + header.len() + 2 + data.len() };
    let start = [&[0xFF, 0x90, 0, 10, 0, 0], &(length as u32).to_be_bytes()[..], &[0, 1]].concat();
    [&start, header, &[0xFF, 0x93], data].concat()
}

/// A codestream with a comment in each header, and without its end if it `is_open`.
fn codestream(is_open: bool) -> Vec<u8> {
    let comment = segment(0x64, &[&[0, 1], SECRET].concat());
    let size = segment(0x51, &[0; 38]);
    let first = tile_part(&comment, b"samples", false);
    let last = tile_part(&comment, b"samples", is_open);
    [&[0xFF, 0x4F][..], &size, &comment, &first, &last, &[0xFF, 0xD9]].concat()
}

/// A file with a secret in every box that may be removed, or in a part of it.
fn file(codestream: &[u8]) -> Vec<u8> {
    let colour = boxed(b"colr", &[&[1, 0, 0, 0, 0, 0, 16], SECRET].concat());
    let no_profile = boxed(b"colr", &[&[2, 0, 0], SECRET].concat());
    let resolution = boxed(b"res ", &[boxed(b"resd", &[7; 10]), boxed(b"note", SECRET)].concat());
    let header = [
        boxed(b"ihdr", &[1; 14]),
        boxed(b"ihdr", &[SECRET, &[1; 14]].concat()),
        colour,
        no_profile,
        boxed(b"pclr", &[&[0, 1, 1, 7, 9], SECRET].concat()),
        boxed(b"cdef", &[&[0, 1, 0, 0, 0, 0, 0, 0][..], SECRET].concat()),
        resolution,
        boxed(b"xml ", SECRET),
    ]
    .concat();
    [
        SIGNATURE,
        &boxed(b"ftyp", b"jp2 SECRjp2 SECRjpx "),
        &boxed(b"xml ", SECRET),
        &boxed(b"jp2h", &header),
        &boxed(b"uuid", &[&[9; 16], SECRET].concat()),
        &boxed(b"uuid", &[b"JpgTiffExif->JP2", SECRET].concat()),
        &boxed(b"uuid", b"short"),
        &boxed(b"jumb", SECRET),
        &boxed(b"jp2c", codestream),
        &boxed(b"xml ", SECRET),
    ]
    .concat()
}

fn parts(source: &[u8], chunk: usize) -> Result<Vec<Piece>, ContainerError> {
    walk(source, chunk, &Limits::default())
}

/// The file without what a strip removes.
fn stripped(source: &[u8]) -> Vec<u8> {
    let whole = parts(source, source.len()).unwrap();
    for chunk in [1, 7, 100] {
        assert_eq!(parts(source, chunk).unwrap(), whole, "chunks of {chunk} bytes");
    }
    assert!(!whole.iter().any(is_oriented), "no part has an orientation");
    whole.into_iter().flat_map(remains).collect()
}

#[test]
fn only_the_image_remains() {
    let header = [
        boxed(b"ihdr", &[1; 14]),
        boxed(b"colr", &[1, 0, 0, 0, 0, 0, 16]),
        boxed(b"res ", &boxed(b"resd", &[7; 10])),
    ]
    .concat();
    for is_open in [false, true] {
        let clean = [
            SIGNATURE,
            &boxed(b"ftyp", b"jp2 \0\0\0\0jp2 jpx "),
            &boxed(b"jp2h", &header),
            &boxed(b"jp2c", &without_comments(is_open)),
        ]
        .concat();
        assert_eq!(stripped(&file(&codestream(is_open))), clean);
        assert_eq!(stripped(&clean), clean, "a strip of a stripped file changes nothing");
    }
}

/// The codestream with zeros in its comments.
fn without_comments(is_open: bool) -> Vec<u8> {
    let mut bytes = codestream(is_open);
    while let Some(at) = bytes.windows(SECRET.len()).position(|window| window == SECRET) {
        bytes[at - 2..at + SECRET.len()].fill(0);
    }
    bytes
}

#[test]
fn bare_codestreams_keep_their_length() {
    assert_eq!(stripped(&[&codestream(false)[..], SECRET].concat()), without_comments(false));
    assert_eq!(stripped(&codestream(true)), without_comments(true));
}

#[test]
fn a_box_may_reach_to_the_end() {
    let mut source = file(&codestream(false));
    let at = source.windows(4).position(|window| window == b"jp2c").unwrap() - 4;
    source.truncate(at + 8 + codestream(false).len());
    source[at..at + 4].fill(0);
    let clean = stripped(&source);
    assert!(clean.ends_with(&without_comments(false)) && !clean.windows(6).any(|window| window == SECRET));
}

#[test]
fn damage_is_rejected() {
    let check = |source: &[u8], expected: &str| {
        let error = parts(source, source.len()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}, expected {expected}");
    };
    let whole = file(&codestream(false));
    // Decoders show what is there of the samples.
    let end = whole.windows(7).position(|window| window == b"samples").unwrap();
    for length in 4..end {
        assert!(parts(&whole[..length], length).is_err(), "{length} of {end} bytes");
    }
    check(&[SIGNATURE, SIGNATURE].concat(), "a second signature");
    check(&[SIGNATURE, &[0, 0, 0, 7], b"free"].concat(), "a box of an invalid length");
    check(&[SIGNATURE, &boxed(b"jp2c", b"no codestream")].concat(), "without a start marker");
    check(&[SIGNATURE, &boxed(b"ftbl", b"")].concat(), "a codestream in fragments");
    let stream = |rest: &[u8]| [&[0xFF, 0x4F, 0xFF, 0x51, 0, 2], rest].concat();
    check(&stream(&[0xFF, 0x30, 0, 2]), "a segment of unknown meaning");
    check(&stream(&[1, 2, 3, 4]), "a marker is missing");
    check(&stream(&[0xFF, 0x64, 0, 1]), "a segment of an invalid length");
    check(&stream(&[0xFF, 0x90, 0, 10, 0, 0, 0, 0, 0, 5, 0, 1]), "a tile-part of an invalid length");
}
