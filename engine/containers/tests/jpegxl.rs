//! JPEG XL: which bytes remain, and which sources are rejected.

mod common;

use common::{is_oriented, remains, walk};
use safelight_containers::{Class, ContainerError};
use safelight_core::Limits;

/// Text that a strip must remove.
const SECRET: &[u8] = b"SECRET";
const SIGNATURE: &[u8] = b"\0\0\0\x0CJXL \x0D\x0A\x87\x0A";
const CODESTREAM: &[u8] = b"\xFF\x0Acoded samples";
/// The flag of the last part of a codestream.
const LAST: u32 = 1 << 31;

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(8 + body.len() as u32).to_be_bytes()[..], kind, body].concat()
}

fn part(number: u32, data: &[u8]) -> Vec<u8> {
    boxed(b"jxlp", &[&number.to_be_bytes(), data].concat())
}

/// A box whose length is stated in 64 bits, and one that reaches to the end of the file.
fn long(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&[0, 0, 0, 1][..], kind, &(16 + body.len() as u64).to_be_bytes(), body].concat()
}

fn open(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&[0, 0, 0, 0][..], kind, body].concat()
}

fn file_type() -> Vec<u8> {
    boxed(b"ftyp", b"jxl \0\0\0\0jxl ")
}

/// Every box that a strip removes.
fn private() -> Vec<u8> {
    let kinds = [b"Exif", b"xml ", b"jumb", b"jbrd", b"jhgm", b"jxli", b"uuid", b"free", b"brob"];
    kinds.iter().flat_map(|kind| boxed(kind, SECRET)).collect()
}

fn pieces(source: &[u8]) -> Result<Vec<u8>, ContainerError> {
    let limits = Limits::default();
    let parts = walk(source, usize::MAX, &limits)?;
    assert_eq!(walk(source, 1, &limits).as_ref(), Ok(&parts), "parts do not depend on chunks");
    assert!(!parts.iter().any(is_oriented), "the codestream states the orientation");
    Ok(parts.into_iter().flat_map(remains).collect())
}

/// Checks what remains of a file with these boxes.
fn check(boxes: &[&[u8]], expected: &[&[u8]]) {
    let (source, expected) =
        ([SIGNATURE, &boxes.concat()].concat(), [SIGNATURE, &expected.concat()].concat());
    let out = pieces(&source).expect("a sound source");
    assert_eq!(out.escape_ascii().to_string(), expected.escape_ascii().to_string());
    assert_eq!(pieces(&out).expect("a stripped source"), out, "a second strip changes nothing");
}

#[test]
fn the_codestream_remains_and_metadata_do_not() {
    let (private, kind, level) = (private(), file_type(), boxed(b"jxll", &[10]));
    let whole = boxed(b"jxlc", CODESTREAM);
    check(&[&kind, &whole], &[&kind, &whole]);
    check(&[&kind, &private, &level, &private, &whole, &private], &[&kind, &level, &whole]);
    check(&[&boxed(b"ftyp", b"jxl SECRjxl SECR"), &private, &whole, SECRET], &[&kind, &whole]);
    for whole in [long(b"jxlc", CODESTREAM), open(b"jxlc", CODESTREAM)] {
        check(&[&kind, &private, &whole], &[&kind, &whole]);
    }
    // Another codestream, another type, bytes that are no box.
    check(&[&kind, &whole, &whole, &private, &kind, &level, b"\0\0\0\x03SECRET"], &[&kind, &whole]);
}

#[test]
fn parts_of_a_codestream_remain_in_any_order() {
    let (private, kind) = (private(), file_type());
    let (one, two, three) = (part(0, CODESTREAM), part(1, b"more"), part(2 | LAST, b"end"));
    check(&[&kind, &one, &private, &two, &three, &private], &[&kind, &one, &two, &three]);
    check(&[&kind, &one, &three, &private, &two, &private], &[&kind, &one, &three, &two]);
    // Encoders write an empty first part before the metadata.
    check(
        &[&kind, &part(0, b""), &private, &part(1 | LAST, CODESTREAM)],
        &[&kind, &part(0, b""), &part(1 | LAST, CODESTREAM)],
    );
    let last = open(b"jxlp", &[&(1 | LAST).to_be_bytes()[..], b"end"].concat());
    check(&[&kind, &one, &private, &last], &[&kind, &one, &last]);
    // A part after the last.
    check(&[&kind, &part(LAST, CODESTREAM), &part(1, SECRET)], &[&kind, &part(LAST, CODESTREAM)]);
}

#[test]
fn a_bare_codestream_passes() {
    assert_eq!(pieces(CODESTREAM).as_deref(), Ok(CODESTREAM));
}

#[test]
fn boxes_have_their_classes() {
    let brob = |kind: &[u8; 4]| boxed(b"brob", &[kind, SECRET].concat());
    let checks = [
        (boxed(b"Exif", SECRET), Class::Exif),
        (boxed(b"xml ", SECRET), Class::Xmp),
        (boxed(b"jumb", SECRET), Class::C2pa),
        (boxed(b"jhgm", SECRET), Class::Secondary),
        (boxed(b"jbrd", SECRET), Class::Vendor),
        (boxed(b"free", SECRET), Class::Unknown),
        (brob(b"Exif"), Class::Vendor),
        (brob(b"xml "), Class::Text),
        (brob(b"jumb"), Class::C2pa),
    ];
    for (bytes, expected) in checks {
        let source = [SIGNATURE, &bytes, &boxed(b"jxlc", CODESTREAM), &bytes].concat();
        let parts = walk(&source, 3, &Limits::default()).expect("a sound source");
        let classes: Vec<_> = parts.iter().map(|(part, _)| part.class).collect();
        assert_eq!(classes, [Class::Structure, expected, Class::ImageData, expected, Class::Trailer]);
    }
}

#[test]
fn what_cannot_be_stripped_is_rejected() {
    let check = |boxes: &[&[u8]], expected: &str| {
        let source = [SIGNATURE, &boxes.concat()].concat();
        assert_eq!(pieces(&source).expect_err("a source that is rejected").to_string(), expected);
    };
    let one = part(0, CODESTREAM);
    check(&[], "damaged JPEG XL at byte 12: it has no codestream, or a part of one is missing");
    check(&[&one], "damaged JPEG XL at byte 39: it has no codestream, or a part of one is missing");
    check(&[&boxed(b"jxlc", b"\xFF\xD8")], "damaged JPEG XL at byte 12: a codestream without a start marker");
    check(&[&part(0, b"no")], "damaged JPEG XL at byte 12: a codestream without a start marker");
    check(&[&one, &boxed(b"jxlc", CODESTREAM)], "damaged JPEG XL at byte 39: a second codestream");
    let order = "a part of the codestream after the last, or of the same number";
    check(&[&one, &one], &format!("damaged JPEG XL at byte 39: {order}"));
    check(&[&part(1 | LAST, b""), &part(2, b"")], &format!("damaged JPEG XL at byte 24: {order}"));
    check(
        &[&boxed(b"jxlp", b"\0\0\0")],
        "damaged JPEG XL at byte 12: a part of the codestream without a number",
    );
    check(&[&boxed(b"jxll", b"\x05SECRET")], "damaged JPEG XL at byte 12: a level that is no number");
    check(&[SIGNATURE], "damaged JPEG XL at byte 12: a second signature");
    check(&[&boxed(b"ftyp", b"")], "damaged JPEG XL at byte 12: a box of an invalid length");
    check(&[b"\0\0\0\x07free"], "damaged JPEG XL at byte 12: a box of an invalid length");
    check(&[&boxed(b"Exif", SECRET)[..10]], "truncated JPEG XL: ends at byte 22, inside a block");
}
