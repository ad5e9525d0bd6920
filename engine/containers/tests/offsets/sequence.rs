use crate::{
    build::{SECRET, Source, boxed, full},
    contains,
    isobmff::ALPHA,
    refusal, strip,
};

/// A track of samples of 5 bytes, in one chunk at `chunk`.
fn track(id: u32, handler: &[u8], reference: &[u8], entry: &[u8], chunk: u32, samples: u32) -> Vec<u8> {
    let number = |number: u32| number.to_be_bytes();
    let header = [b"SECRET!!", &number(id)[..], &[0; 68]].concat();
    let own = full(b"url ", 0, 1, b"");
    let tables = [
        full(b"stsd", 0, 0, &[&number(1)[..], entry].concat()),
        full(b"stts", 0, 0, &[number(1), number(samples), number(1)].concat()),
        full(b"stsc", 0, 0, &[number(1), number(1), number(samples), number(1)].concat()),
        full(b"stsz", 0, 0, &[&[0; 4], &number(samples)[..], &number(5).repeat(samples as usize)].concat()),
        full(b"stco", 0, 0, &[number(1), number(chunk)].concat()),
        full(b"sgpd", 0, 0, b"SECRET"),
    ];
    let information = [
        full(b"vmhd", 0, 1, &[0; 8]),
        boxed(b"dinf", &full(b"dref", 0, 0, &[&number(1)[..], &own].concat())),
        boxed(b"stbl", &tables.concat()),
    ];
    let media = [
        full(b"mdhd", 0, 0, b"SECRET!!\0\0\0\x01\0\0\0\x01\x55\xc4\0\0"),
        full(b"hdlr", 0, 0, &[&[0; 4], handler, &[0; 12], b"SECRET handler\0"].concat()),
        boxed(b"minf", &information.concat()),
    ];
    let boxes = [
        full(b"tkhd", 0, 7, &header),
        boxed(b"tref", reference),
        boxed(b"mdia", &media.concat()),
        boxed(b"udta", b"SECRET"),
    ];
    boxed(b"trak", &boxes.concat())
}

fn entry(kind: &[u8], properties: &[u8]) -> Vec<u8> {
    boxed(
        kind,
        &[&[0; 42][..], &[b"\x06SECRET"[..].to_vec(), vec![0; 25]].concat(), &[0; 4], properties].concat(),
    )
}

/// Tracks for images, their alpha, a thumbnail and sound, each with a sample in `mdat`.
fn source(more: &[u8]) -> Source {
    let alpha = entry(b"av01", &[boxed(b"av1C", b"\x81alpha"), full(b"auxi", 0, 0, ALPHA)].concat());
    let pictures = entry(b"av01", &[boxed(b"av1C", b"\x81"), boxed(b"btrt", b"SECRET")].concat());
    let of_first = |kind| boxed(kind, &1_u32.to_be_bytes());
    let movie = |media: u32| {
        let boxes = [
            full(b"mvhd", 0, 0, &[b"SECRET!!", &[0; 88][..]].concat()),
            track(1, b"pict", b"", &pictures, media, 3),
            track(2, b"auxv", &of_first(b"auxl"), &alpha, media + 15, 1),
            track(3, b"pict", &of_first(b"thmb"), &pictures, media + 20, 1),
            track(4, b"auxv", &of_first(b"auxl"), &pictures, media + 25, 1),
            track(5, b"soun", b"", &entry(b"mp4a", b""), media + 41, 1),
            boxed(b"udta", b"SECRET"),
            more.to_vec(),
        ];
        boxed(b"moov", &boxes.concat())
    };
    let mut source = Source::with(|source| {
        source.file_type = b"avis\0\0\0\0avif".to_vec();
        source.items[0].2 = vec![b"1stpi2ndpi3rdpialphathumbdepththe picturesound".to_vec()];
    });
    source.movie = movie(0);
    let bytes = source.build();
    let at = bytes.windows(4).position(|window| window == b"mdat").expect("media data") + 4;
    source.movie = movie(at as u32);
    source
}

/// The source with the extent of its item reduced to bytes that no track contains.
fn build(source: &Source) -> Vec<u8> {
    let mut bytes = source.build();
    let at = bytes.windows(4).position(|window| window == b"iloc").expect("locations") + 4 + 16;
    let start = u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes")) + 30;
    bytes[at..at + 8].copy_from_slice(&[start.to_be_bytes(), 11_u32.to_be_bytes()].concat());
    bytes
}

#[test]
fn picture_tracks_stay_and_others_go() {
    let bytes = build(&source(b""));
    let out = strip(&bytes).expect("a sound source");
    assert_eq!(out.len(), bytes.len());
    assert!(!contains(&out, SECRET), "{}", String::from_utf8_lossy(&out));
    assert!(contains(&out, b"1stpi2ndpi3rdpialpha\0\0\0\0\0\0\0\0\0\0the picture\0\0\0\0\0"));
    assert_eq!(out.windows(4).filter(|window| window == b"trak").count(), 2);
    assert!(contains(&out, b"\x81alpha") && contains(&out, ALPHA) && contains(&out, b"\x55\xc4"));
    assert_eq!(strip(&out).expect("still a sound source"), out);
}

#[test]
fn a_sequence_needs_no_primary_item() {
    let without = |kind: &[u8; 4]| {
        let mut bytes = build(&source(b""));
        let at = bytes.windows(4).position(|window| window == kind).expect("the box");
        bytes[at..at + 4].copy_from_slice(b"free");
        bytes
    };
    // Without a primary item, and without an index of items.
    for kind in [b"pitm", b"meta"] {
        let bytes = without(kind);
        let out = strip(&bytes).expect("a sound source");
        assert!(!contains(&out, SECRET), "{}", String::from_utf8_lossy(&out));
        assert!(contains(&out, b"1stpi2ndpi3rdpialpha\0") && !contains(&out, b"the picture"));
        assert_eq!(strip(&out).expect("still a sound source"), out);
    }
    let mut still = without(b"pitm");
    let at = still.windows(4).position(|window| window == b"avis").expect("a brand");
    still[at..at + 4].copy_from_slice(b"avif");
    assert!(refusal(&still).ends_with("an index without a primary item"));
}

#[test]
fn tables_end_with_their_entries() {
    let mut bytes = build(&source(b""));
    let out = strip(&bytes).expect("a sound source");
    // The free box after the chunk offsets of the first track becomes part of them.
    let at = bytes.windows(4).position(|window| window == b"stco").expect("a table");
    let group = bytes[at..].windows(4).position(|window| window == b"sgpd").expect("a box") + at;
    bytes[at - 1] += 18;
    let size = u32::from_be_bytes(bytes[at - 4..at].try_into().expect("four bytes")) as usize;
    assert_eq!(at - 4 + size, group - 4 + 18, "the table contains the box");
    let longer = strip(&bytes).expect("a sound source");
    assert!(!contains(&longer, SECRET));
    assert_eq!(longer.len(), out.len());
}

#[test]
fn a_still_image_needs_no_tracks() {
    let mut source = source(b"");
    source.file_type = b"avif\0\0\0\0mif1".to_vec();
    let out = strip(&build(&source)).expect("a sound source");
    assert!(!contains(&out, b"moov") && !contains(&out, b"1stpi") && contains(&out, b"the picture"));
}

#[test]
fn unsupported_sequences_are_rejected() {
    let fragmented = build(&source(&boxed(b"mvex", b"")));
    assert_eq!(refusal(&fragmented), "unsupported AVIF: a fragmented sequence");
    let bytes = build(&source(b""));
    let check = |after: &[u8; 4], skip: usize, patch: &[u8], expected: &str| {
        let at = bytes.windows(4).position(|window| window == after).expect("the box") + 4 + skip;
        let mut bytes = bytes.clone();
        bytes[at..at + patch.len()].copy_from_slice(patch);
        let message = refusal(&bytes);
        assert!(message.ends_with(expected), "{message}");
    };
    check(b"stsz", 8, &[0xFF; 4], "samples without a chunk");
    check(b"stsz", 4, &[0xFF; 4], "image data outside of the media data");
    check(b"stsc", 4, &[0xFF; 4], "a box that is too small for its fields");
    check(b"stco", 4, &[0xFF; 4], "too many chunks");
    check(b"stco", 8, &[0; 4], "image data outside of the media data");
    check(b"stsc", 12, &[0, 0, 0, 1], "samples without a chunk");
    check(b"stsd", 12, b"jpeg", "an unknown coding of the sequence");
    check(b"url ", 0, &[0; 4], "the sequence is in another file");
}
