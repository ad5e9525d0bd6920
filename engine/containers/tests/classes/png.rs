use crate::{check, damage, profile, walk};
use bytes::Bytes;
use safelight_containers::{Class, ExifFraming, Removal};
use safelight_core::Orientation;
use std::fmt::Write as _;

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [&(data.len() as u32).to_be_bytes()[..], kind, data, b"crc!"].concat()
}

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1A\n";

/// `IHDR` of an image of colour type `colour`.
fn header(colour: u8) -> Vec<u8> {
    chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, colour, 0, 0, 0])
}

fn profile_chunk(name: &[u8], profile: &[u8]) -> Vec<u8> {
    let compressed = miniz_oxide::deflate::compress_to_vec_zlib(profile, 6);
    let data = [name, &[0, 0], &compressed].concat();
    let checksum = crc32fast::hash(&[b"iCCP", &data[..]].concat());
    [&(data.len() as u32).to_be_bytes()[..], b"iCCP", &data, &checksum.to_be_bytes()].concat()
}

#[test]
fn every_chunk_has_its_class() {
    let cut = |kind, data: &[u8], class| (chunk(kind, data), class, Removal::Cut);
    let kept = |kind, length| cut(kind, &vec![0; length], Class::Structure);
    let (profile, _) = profile();
    check(&[
        (SIGNATURE.to_vec(), Class::Structure, Removal::Cut),
        (header(2), Class::Structure, Removal::Cut),
        (profile_chunk(b"no profile", b"owner: J. Doe"), Class::Icc, Removal::Cut),
        (profile_chunk(b"another", &profile), Class::Icc, Removal::Cut),
        (chunk(b"eXIf", b"MM"), Class::Exif, Removal::Reorient(ExifFraming::PngChunk)),
        cut(b"eXIf", b"MM", Class::Exif),
        cut(b"iTXt", b"XML:com.adobe.xmp\0<x/>", Class::Xmp),
        cut(b"iTXt", b"Title", Class::Text),
        cut(b"tEXt", b"Author\0me", Class::Text),
        cut(b"zTXt", b"Raw profile type exif\0", Class::ExifText),
        cut(b"tEXt", b"Raw profile type APP1\0", Class::ExifText),
        cut(b"zTXt", b"Raw profile type iptc\0", Class::Text),
        cut(b"tIME", b"now", Class::Time),
        cut(b"caBX", b"jumb", Class::C2pa),
        cut(b"prVt", b"mine", Class::Vendor),
        cut(b"fdAT", b"\0\0\0\x01before acTL", Class::Vendor),
        kept(b"acTL", 8),
        kept(b"fcTL", 26),
        (chunk(b"IDAT", b"samples"), Class::ImageData, Removal::Cut),
        kept(b"fcTL", 26),
        (chunk(b"fdAT", b"\0\0\0\x01samples"), Class::ImageData, Removal::Cut),
        cut(b"gAMA", &[0; 4], Class::Unknown),
        cut(b"IEND", b"", Class::Structure),
        (b"PK\x03\x04".to_vec(), Class::Trailer, Removal::Cut),
    ]);
}

#[test]
fn known_chunks_are_kept_once_and_in_their_length() {
    /// A type of chunk, and its length for colour types.
    type Lengths = (&'static [u8; 4], &'static [(u8, usize)]);
    let lengths: &[Lengths] = &[
        (b"gAMA", &[(2, 4)]),
        (b"cHRM", &[(2, 32)]),
        (b"sRGB", &[(2, 1)]),
        (b"cICP", &[(2, 4)]),
        (b"mDCV", &[(2, 24)]),
        (b"cLLI", &[(2, 8)]),
        (b"pHYs", &[(2, 9)]),
        (b"acTL", &[(2, 8)]),
        (b"PLTE", &[(2, 6), (6, 768)]),
        (b"tRNS", &[(0, 2), (2, 6)]),
        (b"sBIT", &[(0, 1), (2, 3), (3, 3), (4, 2), (6, 4)]),
        (b"bKGD", &[(0, 2), (2, 6), (3, 1), (4, 2), (6, 6)]),
    ];
    for (kind, lengths) in lengths {
        for (colour, length) in *lengths {
            let class = |chunks: &[Vec<u8>]| {
                let image = [chunk(b"IDAT", b"samples"), chunk(b"IEND", b"")].concat();
                let source = [SIGNATURE, &header(*colour), &chunks.concat(), &image].concat();
                walk(&source).expect("a sound source")[1 + chunks.len()].0
            };
            let own = chunk(kind, &vec![0; *length]);
            assert_eq!(class(std::slice::from_ref(&own)), Class::Structure, "{kind:?}");
            assert_eq!(class(&[own.clone(), own]), Class::Unknown, "{kind:?}");
            for length in [length - 1, length + 16] {
                assert_eq!(class(&[chunk(kind, &vec![0; length])]), Class::Unknown, "{kind:?} of {length}");
            }
        }
    }
}

#[test]
fn palettes_limit_what_refers_to_them() {
    let cut = |kind, length: usize, class| (chunk(kind, &vec![0; length]), class, Removal::Cut);
    let palette = chunk(b"PLTE", &[7; 6]);
    check(&[
        (SIGNATURE.to_vec(), Class::Structure, Removal::Cut),
        (header(3), Class::Structure, Removal::Cut),
        (palette.clone(), Class::Structure, Removal::Cut),
        cut(b"tRNS", 3, Class::Unknown),
        cut(b"tRNS", 2, Class::Structure),
        cut(b"hIST", 6, Class::Unknown),
        cut(b"hIST", 4, Class::Structure),
        (palette, Class::Unknown, Removal::Cut),
        (chunk(b"IDAT", b""), Class::ImageData, Removal::Cut),
    ]);
    // One bit names two entries.
    let mut of_one_bit = header(3);
    of_one_bit[16] = 1;
    let source = [SIGNATURE, &of_one_bit, &chunk(b"PLTE", &[7; 12]), &chunk(b"IDAT", b"")].concat();
    let (class, removal, _) = walk(&source).expect("a sound source").swap_remove(2);
    let Removal::Replace(shorter) = removal else { panic!("{class:?}") };
    assert_eq!(shorter[..14], chunk(b"PLTE", &[7; 6])[..14]);
    let source = [SIGNATURE, &header(3), &chunk(b"PLTE", &[7; 5])].concat();
    assert_eq!(damage(&source), "damaged PNG at byte 33: a palette of a wrong length");
}

#[test]
fn a_profile_is_replaced() {
    let (profile, clean) = profile();
    // Numbers that do not become shorter, and zeros that do.
    let noise: Vec<u8> = (0..40_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let cases = [
        (profile.clone(), clean.clone()),
        with_curve(&profile, &noise),
        with_curve(&profile, &vec![0; 40_000]),
    ];
    for (profile, clean) in cases {
        let source =
            [SIGNATURE, &header(2), &profile_chunk(b"J. Doe's iMac", &profile), &chunk(b"IDAT", b"")]
                .concat();
        let (class, removal, _) = walk(&source).expect("a sound source").swap_remove(2);
        let Removal::Replace(chunk) = removal else { panic!("{class:?} {removal:?}") };
        let length = u32::from_be_bytes(chunk[..4].try_into().expect("four bytes")) as usize;
        assert_eq!((class, length), (Class::Icc, chunk.len() - 12));
        assert_eq!(&chunk[4..13], b"iCCPicc\0\0");
        let inflated = miniz_oxide::inflate::decompress_to_vec_zlib(&chunk[13..8 + length]);
        assert_eq!(inflated.expect("a zlib stream"), clean);
        assert_eq!(chunk[8 + length..], crc32fast::hash(&chunk[4..8 + length]).to_be_bytes());
        assert!(length <= profile.len() + 32);
    }
}

/// `profile` with a curve of these bytes at its end, and the profile that remains of it.
fn with_curve(profile: &[u8], numbers: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let curve = [&b"curv\0\0\0\0"[..], &(numbers.len() as u32 / 2).to_be_bytes(), numbers].concat();
    let mut profile = [profile, &curve].concat();
    let total = profile.len() as u32;
    profile[..4].copy_from_slice(&total.to_be_bytes());
    let entry = 132 + profile[132..].windows(4).position(|name| name == b"rTRC").expect("a curve");
    let place = [total - curve.len() as u32, curve.len() as u32].map(u32::to_be_bytes).concat();
    profile[entry + 4..entry + 12].copy_from_slice(&place);
    let clean = safelight_containers::icc::without_identity(&profile).expect("a valid profile");
    assert!(clean.ends_with(numbers));
    (profile, clean)
}

#[test]
fn what_is_no_profile_is_cut() {
    let (profile, _) = profile();
    for data in [
        profile_chunk(b"", b"owner: J. Doe"),
        chunk(b"iCCP", b"name\0\0no compressed data"),
        chunk(b"iCCP", b"a name without end"),
        profile_chunk(&[b'n'; 81], &profile),
        chunk(b"iCCP", &[&b"name\0\x01"[..], &profile_chunk(b"", &profile)[10..]].concat()),
    ] {
        let source = [SIGNATURE, &header(2), &data, &chunk(b"IDAT", b"")].concat();
        let part = walk(&source).expect("a sound source").swap_remove(2);
        assert_eq!(part, (Class::Icc, Removal::Cut, data.len()));
    }
}

#[test]
fn the_end_has_no_data() {
    let source = [SIGNATURE, &header(2), &chunk(b"IDAT", b""), &chunk(b"IEND", b"name")].concat();
    let (class, removal, _) = walk(&source).expect("a sound source").swap_remove(3);
    let end = b"\0\0\0\0IEND\xAE\x42\x60\x82";
    assert_eq!((class, removal), (Class::Index, Removal::Replace(Bytes::from_static(end))));
}

#[test]
fn damage_is_named() {
    let check = |rest: &[u8], expected| assert_eq!(damage(&[SIGNATURE, rest].concat()), expected);
    let header = header(2);
    check(&chunk(b"IDAT", b""), "damaged PNG at byte 8: the first chunk is not IHDR");
    check(&chunk(b"IHDR", b"data"), "damaged PNG at byte 8: an IHDR chunk of a wrong length");
    check(&[&header[..], &header].concat(), "damaged PNG at byte 33: a second IHDR");
    check(&chunk(b"CgBI", b""), "unsupported PNG: Apple's CgBI variant");
    check(
        &[&header[..], &chunk(b"ABCD", b"")].concat(),
        "damaged PNG at byte 33: a critical chunk of unknown type",
    );
    check(
        &[&header[..], &chunk(b"IEND", b"")].concat(),
        "damaged PNG at byte 33: the file ends before any image data",
    );
    check(
        &[&header[..], b"\0\0\0\0\0\0\0\0"].concat(),
        "damaged PNG at byte 33: no chunk where one must begin",
    );
    check(&header, "truncated PNG: ends at byte 33, inside a chunk");
    check(&header[..10], "truncated PNG: ends at byte 18, inside a chunk");
}

#[test]
fn an_orientation_in_text_becomes_a_chunk() {
    let exif = |orientation: u8| {
        let tiff = [b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", &[orientation, 0, 0, 0, 0, 0, 0][..]]
            .concat();
        let mut digits = String::new();
        for byte in [&b"Exif\0\0"[..], &tiff].concat() {
            write!(digits, "{byte:02x}").expect("a string takes any text");
        }
        let text = format!("\nexif\n      {}\n{digits}\n", tiff.len() + 6);
        let zlib = miniz_oxide::deflate::compress_to_vec_zlib(text.as_bytes(), 6);
        let chunk = chunk(b"zTXt", &[&b"Raw profile type exif\0\0"[..], &zlib].concat());
        (chunk, Removal::Replace(ExifFraming::PngChunk.minimal(Orientation::new(orientation))))
    };
    let check = |chunks: &[(Vec<u8>, Removal)]| {
        let image = [chunk(b"IDAT", b"samples"), chunk(b"IEND", b"")].concat();
        let sources: Vec<u8> = chunks.iter().flat_map(|(chunk, _)| chunk.clone()).collect();
        let parts = walk(&[SIGNATURE, &header(2), &sources, &image].concat()).expect("a sound source");
        for ((_, removal), part) in chunks.iter().zip(&parts[2..]) {
            assert_eq!(part.1, *removal);
        }
    };
    let ((turned, replaced), (upright, _), (again, _)) = (exif(6), exif(1), exif(3));
    let block = |removal| (chunk(b"eXIf", b"MM"), removal);
    check(&[(upright, Removal::Cut), (turned.clone(), replaced), (again, Removal::Cut), block(Removal::Cut)]);
    check(&[block(Removal::Reorient(ExifFraming::PngChunk)), (turned, Removal::Cut)]);
}
