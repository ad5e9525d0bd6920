use crate::{check, damage, profile, walk};
use safelight_containers::{Class, ExifFraming, Removal};

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
    let (profile, clean) = profile();
    let chunks = [
        extended(0xFF),
        chunk(b"ICCP", &profile),
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
        (
            chunks[1].clone(),
            Class::Icc,
            Removal::Blank(chunk(b"ICCP", &clean)[..8 + clean.len()].to_vec().into()),
        ),
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
        (0, vec![chunk(b"ICCP", &profile().0), chunk(b"VP8L", b"samples!")], 0x20),
        (0x20, vec![chunk(b"ICCP", b"owner: J. Doe"), chunk(b"VP8L", b"samples!")], 0),
    ] {
        let chunks = [vec![extended(flags)], chunks].concat();
        let source = [header(&chunks), chunks.concat()].concat();
        let removal = walk(&source).expect("a sound source").swap_remove(1).1;
        assert_eq!(removal, Removal::Replace(extended(expected).into()), "{flags:#x}");
    }
}

#[test]
fn what_decoders_do_not_read_is_junk() {
    let chunks = [
        extended(0),
        chunk(b"ANIM", b"\0\0\0\0\0\0 and a name"),
        chunk(b"VP8L", b"samples!"),
        chunk(b"VP8 ", b"a second"),
        chunk(b"ALPH", b"a third!"),
        chunk(b"ICCP", b"too late"),
        chunk(b"ANIM", &[0; 6]),
    ];
    let parts = walk(&[header(&chunks), chunks.concat()].concat()).expect("a sound source");
    let expected = Removal::Blank(chunks[1][..14].to_vec().into());
    assert_eq!(parts[2], (Class::Index, expected, chunks[1].len()));
    assert_eq!(parts[3].0, Class::ImageData);
    for (part, length) in parts[4..].iter().zip([8, 8, 8, 6]) {
        assert_eq!(part.1, junk(length), "{part:?}");
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
    check(&[b"VP8 \xFF\0\0\0".to_vec()], "damaged WebP at byte 12: a chunk that is longer than its parent");
    check(
        &[extended(2), chunk(b"ANIM", &[0; 5])],
        "damaged WebP at byte 30: an ANIM chunk that is too small",
    );
    check(&[b"VP8".to_vec()], "truncated WebP: ends at byte 15, inside a chunk");
}
