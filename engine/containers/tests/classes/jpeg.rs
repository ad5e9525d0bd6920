use crate::{check, damage, profile, walk};
use bytes::Bytes;
use safelight_containers::{Class, ExifFraming, Removal};

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    [&[0xFF, marker], &(body.len() as u16 + 2).to_be_bytes()[..], body].concat()
}

const FRAME: &[u8] = &[8, 0, 8, 0, 8, 1, 1, 0x11, 0];
const SCAN: &[u8] = &[1, 1, 0, 0, 63, 0];
const SOI: [u8; 2] = [0xFF, 0xD8];
const EOI: [u8; 2] = [0xFF, 0xD9];

fn jfif(thumbnail: &[u8]) -> Vec<u8> {
    let side = u8::from(!thumbnail.is_empty());
    segment(0xE0, &[b"JFIF\0\x01\x02\x01\0\x48\0\x48", &[side, side][..], thumbnail].concat())
}

fn cut(bytes: Vec<u8>, class: Class) -> (Vec<u8>, Class, Removal) {
    (bytes, class, Removal::Cut)
}

#[test]
fn every_segment_has_its_class() {
    let scan = [1, 2, 0xFF, 0, 3, 0xFF, 0xD0, 4, 0xFF, 0x03, 5].to_vec();
    check(&[
        cut(SOI.to_vec(), Class::Structure),
        cut(jfif(b""), Class::Structure),
        cut(segment(0xE0, b"JFXX\0\x10thumb"), Class::Thumbnail),
        (segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\0"), Class::Exif, Removal::Reorient(ExifFraming::Segment)),
        cut(segment(0xE1, b"Exif\0\0more"), Class::Exif),
        cut(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"), Class::Xmp),
        cut(segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0<x/>"), Class::ExtendedXmp),
        cut(segment(0xE1, b"QVCI"), Class::Vendor),
        cut(segment(0xE2, b"ICC_PROFILE\0\x01\x01profile"), Class::Icc),
        cut(segment(0xE2, b"MPF\0II*\0"), Class::Secondary),
        cut(segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0"), Class::Secondary),
        cut(segment(0xE2, b"FPXR\0"), Class::Vendor),
        cut(segment(0xEB, b"JP\0\x01\0\0\0\x01"), Class::C2pa),
        cut(segment(0xED, b"Photoshop 3.0\x008BIM"), Class::Iptc),
        cut(segment(0xEE, b"Adobe\0\x64\0\0\0\0\x02"), Class::Structure),
        cut(segment(0xFE, b"taken at home"), Class::Comment),
        cut(segment(0xDB, &[0; 65]), Class::Structure),
        cut(segment(0xC2, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]), Class::Structure),
        cut(segment(0xDA, &[1, 1, 0, 0, 0, 0]), Class::Structure),
        cut(scan.clone(), Class::ImageData),
        cut(segment(0xE1, b"Exif\0\0between scans"), Class::Exif),
        cut(segment(0xFE, b"between scans"), Class::Comment),
        cut(segment(0xC4, &[0; 17]), Class::Structure),
        cut(segment(0xE2, b"ICC_PROFILE\0\x01\x01between scans"), Class::Icc),
        cut(segment(0xDA, &[1, 1, 0, 0, 0, 0]), Class::Structure),
        cut(scan, Class::ImageData),
        cut(EOI.to_vec(), Class::Structure),
        cut(b"\xFF\xD8 a second picture".to_vec(), Class::Trailer),
    ]);
}

#[test]
fn what_decoders_pass_over_is_left_out() {
    let frame = segment(0xC0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]);
    check(&[
        cut(SOI.to_vec(), Class::Structure),
        cut(vec![0xFF], Class::Unknown),
        cut(frame, Class::Structure),
        cut(b"stray\xFF\xD3".to_vec(), Class::Unknown),
        cut(segment(0xDA, &[1, 1, 0, 0, 0, 0]), Class::Structure),
        // A stuffed zero behind fill bytes makes the last of them data.
        cut(vec![7, 0xFF, 0xFF, 0xFF, 0, 7, 0xFF], Class::ImageData),
        cut(EOI.to_vec(), Class::Structure),
        cut(Vec::new(), Class::Trailer),
    ]);
}

#[test]
fn a_kept_segment_is_cut_after_the_bytes_that_decoders_read() {
    let plain = jfif(b"");
    for (hiding, kept) in [
        (jfif(b"rgb"), plain),
        (segment(0xEE, b"Adobe\0\x64\0\0\0\0\x02 and a name"), segment(0xEE, b"Adobe\0\x64\0\0\0\0\x02")),
        (segment(0xDD, b"\0\x08 and a name"), segment(0xDD, b"\0\x08")),
        (segment(0xDB, &[&[0; 65][..], b" and a name"].concat()), segment(0xDB, &[0; 65])),
        (segment(0xC1, &[FRAME, b" and a name"].concat()), segment(0xC1, FRAME)),
    ] {
        let source = [&SOI[..], &hiding, &segment(0xC0, FRAME), &segment(0xDA, SCAN), &[1]].concat();
        let (class, removal, length) = walk(&source).expect("a sound source").swap_remove(1);
        assert_eq!((class, length), (Class::Index, hiding.len()));
        assert_eq!(removal, Removal::Replace(Bytes::from(kept)));
    }
}

/// A file with `segments` before its frame header.
fn file(segments: &[Vec<u8>]) -> Vec<u8> {
    let image = [segment(0xC0, FRAME), segment(0xDA, SCAN), b"samples\xFF\xD9".to_vec()];
    [&SOI[..], &segments.concat(), &image.concat()].concat()
}

/// The pieces of a profile, each in a segment.
fn pieces(profile: &[u8], bytes: usize) -> Vec<Vec<u8>> {
    let count = profile.len().div_ceil(bytes) as u8;
    let framing = |number: usize| [b"ICC_PROFILE\0", &[number as u8 + 1, count][..]].concat();
    let piece = |(number, piece): (usize, &[u8])| segment(0xE2, &[&framing(number), piece].concat());
    profile.chunks(bytes).enumerate().map(piece).collect()
}

/// The removals of all segments of a profile in a file with `segments`.
fn removals(segments: &[Vec<u8>]) -> Vec<Removal> {
    let parts = walk(&file(segments)).expect("a sound source");
    parts.into_iter().filter(|(class, ..)| *class == Class::Icc).map(|(_, removal, _)| removal).collect()
}

#[test]
fn a_profile_is_replaced_piece_by_piece() {
    let (profile, clean) = profile();
    for bytes in [100, 256, 60_000] {
        let segments = pieces(&profile, bytes);
        let expected: Vec<_> =
            pieces(&clean, bytes).into_iter().map(|piece| Removal::Replace(piece.into())).collect();
        assert_eq!(removals(&segments), expected);
        // Pieces may be in any order, with other segments between them.
        let between = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>");
        let mixed: Vec<_> =
            segments.iter().rev().flat_map(|piece| [piece.clone(), between.clone()]).collect();
        assert_eq!(removals(&mixed), expected.into_iter().rev().collect::<Vec<_>>());
    }
}

#[test]
fn pieces_that_form_no_profile_are_cut() {
    let pieces = pieces(&profile().0, 200);
    let check = |segments: &[Vec<u8>]| {
        let removals = removals(segments);
        assert!(
            !removals.is_empty() && removals.iter().all(|removal| *removal == Removal::Cut),
            "{removals:?}"
        );
    };
    check(&[segment(0xE2, b"ICC_PROFILE\0")]);
    check(&[segment(0xE2, b"ICC_PROFILE\0\x01\x01owner: J. Doe")]);
    check(&pieces[1..]);
    check(&pieces[..1]);
    check(&[&pieces[..1], &pieces[..]].concat());
    let mut other_count = pieces.clone();
    other_count[1][17] += 1;
    check(&other_count);
    let mut from_zero = pieces;
    from_zero[0][16] = 0;
    check(&from_zero);
}

#[test]
fn damage_is_named() {
    let check = |rest: &[u8], expected| assert_eq!(damage(&[&SOI[..], rest].concat()), expected);
    let short = "damaged JPEG at byte 2: a segment that is too short for its contents";
    check(&segment(0xDD, b"\0"), short);
    check(&segment(0xC0, &FRAME[..8]), short);
    check(&segment(0xC4, &[1; 20]), short);
    check(&EOI, "damaged JPEG at byte 2: the file ends before any scan");
    check(&segment(0xDA, &[0]), "damaged JPEG at byte 2: a scan before its frame header");
    check(b"\xFF\xE1\0\x01", "damaged JPEG at byte 2: a segment that is shorter than its own length field");
    check(b"\xFF\x02\0\x02", "damaged JPEG at byte 2: a reserved marker");
    check(b"\xFF\xD8", "damaged JPEG at byte 2: a second start of image");
    check(b"\xFF\xE1\0\x09Ex", "truncated JPEG: ends at byte 8, inside a segment");
    check(b"\xFF", "truncated JPEG: ends at byte 3, inside a marker");
}
