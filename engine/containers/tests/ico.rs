//! ICO: which bytes remain, and which sources are rejected.

mod common;

use common::{remains, walk};
use safelight_containers::{Class, icc};
use safelight_core::Limits;

/// Text that a strip must remove.
const SECRET: &[u8] = b"SECRET";

/// An image, and the length that the directory states for it.
type Image = (Vec<u8>, usize);

/// An ICO of images, with a secret after the directory and after each image.
fn ico(images: &[Image]) -> Vec<u8> {
    let mut file = [0, 1, images.len() as u16].map(u16::to_le_bytes).concat();
    let mut at = 6 + 16 * images.len() + SECRET.len();
    for (image, stated) in images {
        // Sides, colours, a reserved byte, planes, bits.
        file.extend([2, 2, 0, if file.len() == 6 { 0 } else { b'!' }, b'S', b'E', b'C', b'R']);
        file.extend([*stated as u32, at as u32].map(u32::to_le_bytes).concat());
        at += image.len() + SECRET.len();
    }
    file.extend(SECRET);
    for (image, _) in images {
        file.extend([image, SECRET].concat());
    }
    file
}

/// A bitmap of 2 by 2 pixels, and the rows of its mask.
fn bitmap(header_bytes: usize, bits: u16, palette: &[u8], fields: &[(usize, u32)]) -> Vec<u8> {
    let mut header = vec![0; header_bytes];
    header[0] = header_bytes as u8;
    match header_bytes {
        12 => header[4..].copy_from_slice(&[2, 0, 4, 0, 1, 0, bits as u8, 0]),
        _ => header[4..16].copy_from_slice(&[2, 0, 0, 0, 4, 0, 0, 0, 1, 0, bits as u8, 0]),
    }
    for (at, value) in fields {
        header[*at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    let row = (2 * usize::from(bits)).div_ceil(32) * 4;
    [&header, palette, &vec![b'x'; 2 * row], b"mask\0\0\0\0"].concat()
}

/// A PNG of a header, samples that no decoder has to read, and the chunks between them.
fn png(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let header = [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0];
    let all = [(b"IHDR", &header[..])].into_iter().chain(chunks.iter().copied());
    let all = all.chain([(b"IDAT", &b"samples"[..]), (b"IEND", b"")]);
    let chunk = |(kind, data): (&[u8; 4], &[u8])| {
        let body = [kind, data].concat();
        [&(data.len() as u32).to_be_bytes(), &body[..], &crc32fast::hash(&body).to_be_bytes()].concat()
    };
    [b"\x89PNG\r\n\x1a\n".to_vec(), all.flat_map(chunk).collect()].concat()
}

fn strip(source: &[u8]) -> Vec<u8> {
    let limits = Limits::default();
    let parts = walk(source, usize::MAX, &limits).expect("a sound source");
    assert_eq!(walk(source, 1, &limits).as_ref(), Ok(&parts), "parts do not depend on chunks");
    parts.into_iter().flat_map(remains).collect()
}

/// Checks that each image becomes the other one, without gaps between them.
fn check(images: &[(Image, Vec<u8>)]) {
    let source = ico(&images.iter().map(|(image, _)| image.clone()).collect::<Vec<_>>());
    let out = strip(&source);
    let mut at = 6 + 16 * images.len();
    for (entry, (_, expected)) in out[6..].chunks_exact(16).zip(images) {
        let numbers = [expected.len() as u32, at as u32].map(u32::to_le_bytes).concat();
        assert_eq!(entry, [&[2, 2, 0, 0, 1, 0, 32, 0], &numbers[..]].concat());
        assert_eq!(out[at..at + expected.len()], *expected, "{}", out.escape_ascii());
        at += expected.len();
    }
    assert_eq!(out.len(), at, "nothing follows the last image");
    assert_eq!(strip(&out), out, "a second strip changes nothing");
}

/// An image that stays, and whose stated length is right.
fn kept(image: Vec<u8>) -> (Image, Vec<u8>) {
    ((image.clone(), image.len()), image)
}

#[test]
fn images_keep_their_pixels_and_nothing_else() {
    let exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0SECRET";
    let (with_text, bare) = (png(&[(b"tEXt", b"Author\0SECRET"), (b"eXIf", exif)]), &exif[..26]);
    let length = with_text.len();
    let palette = [b'p'; 8];
    let images = [
        kept(bitmap(40, 32, &[], &[])),
        kept(bitmap(40, 1, &palette, &[])),
        kept(bitmap(12, 24, &[], &[])),
        kept(png(&[])),
        ((with_text, length), png(&[(b"eXIf", bare)])),
        // Some programs leave out the mask.
        ((bitmap(40, 32, &[], &[]), 40 + 16), bitmap(40, 32, &[], &[])[..40 + 16].to_vec()),
        // A length may reach into what follows.
        ((png(&[]), 1000), png(&[])),
    ];
    check(&images);
}

#[test]
fn profiles_lose_their_names() {
    let profile = moxcms::ColorProfile::new_display_p3().encode().expect("a valid profile");
    let clean = icc::without_identity(&profile).expect("a valid profile");
    let at = bitmap(124, 32, &[], &[]).len() + SECRET.len();
    let embedded = u32::from_le_bytes(*b"DEBM");
    let fields = [(56, embedded), (112, at as u32), (116, profile.len() as u32)];
    let image = |gap: &[u8], profile: &[u8]| [&bitmap(124, 32, &[], &fields), gap, profile].concat();
    let source = image(SECRET, &profile);
    check(&[((source.clone(), source.len()), image(&[0; 6], &clean))]);
}

#[test]
fn entries_may_share_an_image_and_the_last_one_may_be_cut_short() {
    let mut shared = ico(&[(png(&[]), png(&[]).len()), (png(&[]), 0)]);
    let entry: Vec<u8> = shared[6 + 8..6 + 16].to_vec();
    shared[22 + 8..22 + 16].copy_from_slice(&entry);
    let out = strip(&shared);
    assert_eq!((out.len(), &out[14..22]), (38 + png(&[]).len(), &out[30..38]));

    let whole = ico(&[(bitmap(40, 32, &[], &[]), 60)]);
    let cut = &whole[..whole.len() - SECRET.len() - 9];
    let out = strip(cut);
    assert!(out.ends_with(b"xxxxxxxxxxxxxxx"), "{}", out.escape_ascii());
    let parts = walk(&whole, 3, &Limits::default()).expect("a sound source");
    assert!(parts.iter().any(|(part, _)| part.class == Class::Trailer));
}

#[test]
fn what_cannot_be_stripped_is_rejected() {
    let check = |source: &[u8], expected: &str| {
        let error = walk(source, 7, &Limits::default()).expect_err("a source that is rejected");
        assert_eq!(error.to_string(), expected);
    };
    let sound = ico(&[(bitmap(40, 32, &[], &[]), 64), (png(&[]), png(&[]).len())]);
    let changed = |at: usize, value: u32| {
        let mut source = sound.clone();
        source[at..at + 4].copy_from_slice(&value.to_le_bytes());
        source
    };
    let outside = "an image outside of the file, or in the directory";
    check(&changed(6 + 12, 37), &format!("damaged ICO at byte 37: {outside}"));
    check(&changed(6 + 12, 4000), &format!("damaged ICO at byte 4000: {outside}"));
    check(&changed(22 + 8, 0), &format!("damaged ICO at byte {}: {outside}", 44 + 64 + 6));
    check(&changed(22 + 12, 60), "damaged ICO at byte 60: images that overlap");
    check(&changed(44, 200), "unsupported ICO: a bitmap with an unknown header");
    check(&sound[..30], "truncated ICO: ends at byte 30, inside the directory");
    check(&sound[..70], &format!("damaged ICO at byte {}: {outside}", 44 + 64 + 6));
    let limits = Limits { max_source_bytes: 100, ..Limits::default() };
    assert_eq!(
        walk(&sound, 7, &limits).expect_err("a source beyond the limit").to_string(),
        "the size of the ICO exceeds the limit of 100 bytes"
    );
}
