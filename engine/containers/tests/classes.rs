//! The class and the removal of each block in JPEG, PNG, WebP and GIF.

use bytes::Bytes;
use safelight_containers::{Class, ContainerError, Event, ExifFraming, Part, Removal, Walker};
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

fn damage(source: &[u8]) -> String {
    walk(source).expect_err("a damaged source").to_string()
}

mod jpeg {
    use super::*;

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        [&[0xFF, marker], &(body.len() as u16 + 2).to_be_bytes()[..], body].concat()
    }

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
            (
                segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\0"),
                Class::Exif,
                Removal::Reorient(ExifFraming::Segment),
            ),
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
            cut(segment(0xC4, &[0; 19]), Class::Structure),
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
        ] {
            let source = [&SOI[..], &hiding, &segment(0xC0, &[8]), &segment(0xDA, &[0]), &[1]].concat();
            let (class, removal, length) = walk(&source).expect("a sound source").swap_remove(1);
            assert_eq!((class, length), (Class::Index, hiding.len()));
            assert_eq!(removal, Removal::Replace(Bytes::from(kept)));
        }
    }

    #[test]
    fn damage_is_named() {
        let check = |rest: &[u8], expected| assert_eq!(damage(&[&SOI[..], rest].concat()), expected);
        check(&EOI, "damaged JPEG at byte 2: the file ends before any scan");
        check(&segment(0xDA, &[0]), "damaged JPEG at byte 2: a scan before its frame header");
        check(
            b"\xFF\xE1\0\x01",
            "damaged JPEG at byte 2: a segment that is shorter than its own length field",
        );
        check(b"\xFF\x02\0\x02", "damaged JPEG at byte 2: a reserved marker");
        check(b"\xFF\xD8", "damaged JPEG at byte 2: a second start of image");
        check(b"\xFF\xE1\0\x09Ex", "truncated JPEG: ends at byte 8, inside a segment");
        check(b"\xFF", "truncated JPEG: ends at byte 3, inside a marker");
    }
}

mod png {
    use super::*;

    fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        [&(data.len() as u32).to_be_bytes()[..], kind, data, b"crc!"].concat()
    }

    const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1A\n";

    #[test]
    fn every_chunk_has_its_class() {
        let cut = |kind, data: &[u8], class| (chunk(kind, data), class, Removal::Cut);
        let kept = |kind| cut(kind, b"data", Class::Structure);
        check(&[
            (SIGNATURE.to_vec(), Class::Structure, Removal::Cut),
            kept(b"IHDR"),
            cut(b"iCCP", b"profile", Class::Icc),
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
            kept(b"acTL"),
            kept(b"fcTL"),
            (chunk(b"IDAT", b"samples"), Class::ImageData, Removal::Cut),
            kept(b"fcTL"),
            (chunk(b"fdAT", b"samples"), Class::ImageData, Removal::Cut),
            cut(b"IEND", b"", Class::Structure),
            (b"PK\x03\x04".to_vec(), Class::Trailer, Removal::Cut),
        ]);
    }

    #[test]
    fn damage_is_named() {
        let check = |rest: &[u8], expected| assert_eq!(damage(&[SIGNATURE, rest].concat()), expected);
        let header = chunk(b"IHDR", b"data");
        check(&chunk(b"IDAT", b""), "damaged PNG at byte 8: the first chunk is not IHDR");
        check(&chunk(b"CgBI", b""), "unsupported PNG: Apple's CgBI variant");
        check(
            &[&header[..], &chunk(b"ABCD", b"")].concat(),
            "damaged PNG at byte 24: a critical chunk of unknown type",
        );
        check(
            &[&header[..], &chunk(b"IEND", b"")].concat(),
            "damaged PNG at byte 24: the file ends before any image data",
        );
        check(
            &[&header[..], b"\0\0\0\0\0\0\0\0"].concat(),
            "damaged PNG at byte 24: no chunk where one must begin",
        );
        check(&header, "truncated PNG: ends at byte 24, inside a chunk");
        check(&header[..10], "truncated PNG: ends at byte 18, inside a block");
    }
}

mod webp {
    use super::*;

    fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let padding = &[0][..data.len() % 2];
        [kind, &(data.len() as u32).to_le_bytes()[..], data, padding].concat()
    }

    fn header(chunks: &[Vec<u8>]) -> Vec<u8> {
        let bytes = 4 + chunks.iter().map(Vec::len).sum::<usize>() as u32;
        [b"RIFF", &bytes.to_le_bytes()[..], b"WEBP"].concat()
    }

    fn junk(bytes: u32) -> Removal {
        Removal::Blank([b"JUNK", &bytes.to_le_bytes()[..]].concat().into())
    }

    fn extended(flags: u8) -> Vec<u8> {
        chunk(b"VP8X", &[flags, 0, 0, 0, 1, 0, 0, 1, 0, 0])
    }

    #[test]
    fn every_chunk_has_its_class() {
        let frame = [0; 16];
        let animation =
            chunk(b"ANMF", &[&frame[..], &chunk(b"VP8 ", b"samples"), &chunk(b"name", b"me")].concat());
        let chunks = [
            extended(0xFF),
            chunk(b"ICCP", b"profile"),
            chunk(b"ANIM", &[0; 6]),
            animation.clone(),
            chunk(b"EXIF", b"MM"),
            chunk(b"EXIF", b"MM"),
            chunk(b"XMP ", b"<x/>"),
            chunk(b"mine", b"odd"),
        ];
        let flags = Removal::Replace(extended(0x02 | 0x08 | 0x10 | 0x20).into());
        let at = 8 + frame.len();
        check(&[
            (header(&chunks), Class::Structure, Removal::Cut),
            (chunks[0].clone(), Class::Index, flags),
            (chunks[1].clone(), Class::Icc, Removal::Cut),
            (chunks[2].clone(), Class::Structure, Removal::Cut),
            (animation[..at].to_vec(), Class::Structure, Removal::Cut),
            (animation[at..at + 16].to_vec(), Class::ImageData, Removal::Cut),
            (animation[at + 16..].to_vec(), Class::Unknown, junk(2)),
            (chunks[4].clone(), Class::Exif, Removal::Reorient(ExifFraming::WebpChunk(10))),
            (chunks[5].clone(), Class::Exif, junk(2)),
            (chunks[6].clone(), Class::Xmp, junk(4)),
            (chunks[7].clone(), Class::Unknown, junk(3)),
            (b"behind".to_vec(), Class::Trailer, Removal::Cut),
        ]);
    }

    #[test]
    fn flags_tell_the_truth() {
        for (flags, chunks, expected) in [
            (0x20 | 0x04, vec![chunk(b"VP8L", b"samples!")], 0),
            (0, vec![chunk(b"ICCP", b"profile!"), chunk(b"VP8L", b"samples!")], 0x20),
        ] {
            let chunks = [vec![extended(flags)], chunks].concat();
            let source = [header(&chunks), chunks.concat()].concat();
            let removal = walk(&source).expect("a sound source").swap_remove(1).1;
            assert_eq!(removal, Removal::Replace(extended(expected).into()), "{flags:#x}");
        }
    }

    #[test]
    fn an_exif_chunk_without_its_flag_is_no_orientation() {
        let chunks = [extended(0), chunk(b"VP8L", b"samples!"), chunk(b"EXIF", b"MM")];
        let parts = walk(&[header(&chunks), chunks.concat()].concat()).expect("a sound source");
        assert_eq!(parts[3], (Class::Exif, junk(2), 10));
    }

    #[test]
    fn damage_is_named() {
        let check = |chunks: &[Vec<u8>], expected| {
            assert_eq!(damage(&[header(chunks), chunks.concat()].concat()), expected);
        };
        check(
            &[chunk(b"EXIF", b"MM")],
            "damaged WebP at byte 12: the first chunk is neither image data nor VP8X",
        );
        check(
            &[chunk(b"VP8X", &[0; 12])],
            "damaged WebP at byte 12: a VP8X header of the wrong size or in the wrong position",
        );
        check(
            &[b"VP8 \xFF\0\0\0".to_vec()],
            "damaged WebP at byte 12: a chunk that is longer than its parent",
        );
        check(&[b"VP8".to_vec()], "truncated WebP: ends at byte 15, inside a chunk");
    }
}

mod gif {
    use super::*;

    fn header() -> Vec<u8> {
        [b"GIF89a\x01\0\x01\0\x80\0\0", &[0; 6][..]].concat()
    }

    fn application(name: &[u8; 11], data: &[u8]) -> [Vec<u8>; 2] {
        let sub_blocks = [&[11][..], name, &[data.len() as u8], data, &[0]].concat();
        [b"!\xFF".to_vec(), sub_blocks]
    }

    #[test]
    fn every_block_has_its_class() {
        let mut blocks = vec![(header(), Class::Structure, Removal::Cut)];
        let mut add = |bytes: &[u8], class| blocks.push((bytes.to_vec(), class, Removal::Cut));
        for (name, class) in [
            (b"NETSCAPE2.0", Class::Structure),
            (b"ICCRGBG1012", Class::Icc),
            (b"XMP DataXMP", Class::Xmp),
            (b"MGK8BIM0000", Class::Vendor),
        ] {
            let [introducer, data] = application(name, b"data");
            add(&introducer, class);
            add(&data, class);
        }
        add(b"!\xFE", Class::Comment);
        add(b"\x05hello\0", Class::Comment);
        add(b"!\xF9", Class::Structure);
        add(b"\x04\0\0\0\0\0", Class::Structure);
        add(b",\0\0\0\0\x01\0\x01\0\0\x02", Class::Structure);
        add(b"\x02\x44\x01\0", Class::ImageData);
        add(b"!\x01", Class::Text);
        add(b"\x0C000000000000\x02me\0", Class::Text);
        add(b";", Class::Structure);
        add(b"behind", Class::Trailer);
        check(&blocks);
    }

    #[test]
    fn an_unknown_block_after_an_image_is_its_end() {
        let picture = b",\0\0\0\0\x01\0\x01\0\0\x02";
        let source = [&header()[..], picture, b"\x02\x44\x01\0", b"?rest"].concat();
        let trailer = walk(&source).expect("a sound source").pop();
        assert_eq!(trailer, Some((Class::Trailer, Removal::Replace(Bytes::from_static(b";")), 5)));
    }

    #[test]
    fn damage_is_named() {
        let check = |rest: &[u8], expected| assert_eq!(damage(&[&header()[..], rest].concat()), expected);
        check(b";", "damaged GIF at byte 19: the file ends before any image data");
        check(b"?", "damaged GIF at byte 19: expected a block");
        check(b"!\xFE\x05he", "truncated GIF: ends at byte 24, inside a block");
        check(b"", "truncated GIF: ends at byte 19, inside a block");
    }
}
