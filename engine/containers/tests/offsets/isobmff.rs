use crate::{
    all_of,
    build::{Place, SECRET, Source, boxed, full},
    contains, profile, refusal, strip, walk,
};
use safelight_containers::{Class, ContainerError};
use safelight_core::Limits;

/// Strips a valid source and checks the properties that every result has.
fn stripped(source: &Source) -> Vec<u8> {
    let bytes = source.build();
    for chunk in [1, 2, 3, 7, 1000] {
        // The parts do not depend on the ends of chunks.
        let whole = walk(&bytes, usize::MAX, &Limits::default()).expect("a sound source");
        assert!(
            walk(&bytes, chunk, &Limits::default()).expect("a sound source") == whole,
            "chunks of {chunk}"
        );
    }
    let out = strip(&bytes).expect("a sound source");
    assert!(!contains(&out, SECRET), "{}", String::from_utf8_lossy(&out));
    assert!(contains(&out, b"the picture"));
    out
}

pub(crate) const ALPHA: &[u8] = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0";
const EXIF: &[u8] =
    b"\0\0\0\x06Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0 SECRET place";

#[test]
fn an_image_keeps_its_bytes_and_properties() {
    let source = Source::default();
    let out = stripped(&source);
    assert_eq!(out.len(), source.build().len());
    for kept in [&b"avif\0\0\0\0mif1"[..], b"infe", b"av01", b"av1C\x81\0\0\0", b"irot\x01", b"ispe"] {
        assert!(contains(&out, kept), "{kept:?}");
    }
    // Handler, primary item and associations are unchanged.
    assert!(contains(&out, b"pict\0\0\0\0"));
    assert!(contains(&out, b"pitm\0\0\0\0\0\x01"));
    assert!(contains(&out, b"\0\x01\x03\x01\x82\x83"));
}

#[test]
fn metadata_items_go() {
    let source = Source::with(|source| {
        let exif = source.item(b"Exif", EXIF);
        let xmp = source.item(b"mimeapplication/rdf+xml\0", b"<x>SECRET</x>");
        let other = source.item(b"mimetext/plain\0", b"SECRET text");
        let uri = source.item(b"uri urn:SECRET\0", b"SECRET uri");
        let c2pa = source.item(b"mimeapplication/x-c2pa-manifest-store\0", b"SECRET claim");
        source.references.extend([exif, xmp, other, uri, c2pa].map(|from| (b"cdsc", from, vec![1])));
        source.associations.push((xmp, vec![1]));
    });
    let out = stripped(&source);
    assert_eq!(out.len(), source.build().len());
    // The EXIF item is kept, with the orientation only.
    assert!(contains(&out, b"\0\0\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0\0\0"));
    assert!(contains(&out, b"\0\x02\0\0Exif\0") && !contains(&out, b"mime") && !contains(&out, b"uri "));
    assert_eq!(out.windows(4).filter(|window| window == b"cdsc").count(), 1);
    // A removed item has no property and no location.
    assert!(contains(&out, b"\0\x03\x01\0"));

    let bytes = source.build();
    assert_eq!(all_of(&bytes, Class::Exif), EXIF);
    assert_eq!(all_of(&bytes, Class::Xmp), b"<x>SECRET</x>");
    assert_eq!(all_of(&bytes, Class::C2pa), b"SECRET claim");
    assert_eq!(all_of(&bytes, Class::Vendor), b"SECRET textSECRET uri");
}

#[test]
fn items_that_the_image_refers_to_are_kept() {
    let source = Source::with(|source| {
        source.items[0].0 = b"grid";
        let tiles = [source.item(b"av01", b"tile one"), source.item(b"av01", b"tile two")];
        let alpha = source.item(b"av01", b"alpha");
        let depth = source.item(b"av01", b"depth SECRET");
        let thumbnail = source.item(b"av01", b"thumbnail SECRET");
        let tone_mapped = source.item(b"tmap", b"SECRET tone map");
        let gain_map = source.item(b"av01", b"gain map SECRET");
        let exif_of_thumbnail = source.item(b"Exif", b"SECRET thumbnail's, and long enough to hold it");
        source.references = vec![
            (b"dimg", 1, tiles.to_vec()),
            (b"auxl", alpha, vec![1]),
            (b"prem", 1, vec![alpha]),
            (b"auxl", depth, vec![1]),
            (b"thmb", thumbnail, vec![1]),
            (b"dimg", tone_mapped, vec![1, gain_map]),
            (b"cdsc", exif_of_thumbnail, vec![thumbnail]),
        ];
        source.properties.extend([
            full(b"auxC", 0, 0, ALPHA),
            full(b"auxC", 0, 0, b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth\0"),
        ]);
        source.associations.extend([(alpha, vec![1, 4]), (depth, vec![1, 5])]);
        source.more =
            boxed(b"grpl", &full(b"altr", 0, 0, &[&[0, 0, 0, 99, 0, 0, 0, 2][..], &[0; 8]].concat()));
    });
    let out = stripped(&source);
    for kept in [&b"tile one"[..], b"tile two", b"alpha", b"dimg\0\x01", b"auxl\0\x04", b"prem\0\x01", ALPHA]
    {
        assert!(contains(&out, kept), "{}", String::from_utf8_lossy(kept));
    }
    for gone in [&b"depth"[..], b"thmb", b"tmap", b"dimg\0\x07", b"auxl\0\x05", b"Exif", b"grpl", b"cdsc"] {
        assert!(!contains(&out, gone), "{}", String::from_utf8_lossy(gone));
    }
    let bytes = source.build();
    assert_eq!(all_of(&bytes, Class::Thumbnail), b"thumbnail SECRET");
    assert!(contains(&all_of(&bytes, Class::Secondary), b"gain map SECRET"));
}

#[test]
fn brands_name_what_is_left() {
    // Readers reject a file of this brand without a tone map.
    let source = Source::with(|source| {
        source.file_type = b"avif\0\0\0\x01avifmif1tmapSECRmiaf!".to_vec();
        let gain_map = source.item(b"av01", b"gain map SECRET");
        let tone_mapped = source.item(b"tmap", b"SECRET tone map");
        source.references = vec![(b"dimg", tone_mapped, vec![1, gain_map])];
    });
    let out = stripped(&source);
    assert!(contains(&out, b"avif\0\0\0\x01avifmif1avifavifmiaf\0"), "{}", String::from_utf8_lossy(&out));
    assert!(!contains(&out, b"tmap"));
    // A primary item may be tone-mapped itself.
    let source = Source::with(|source| {
        source.file_type = b"avif\0\0\0\0tmap".to_vec();
        source.items[0].0 = b"tmap";
        let base = source.item(b"av01", b"the base");
        source.references = vec![(b"dimg", 1, vec![base])];
    });
    assert!(contains(&stripped(&source), b"avif\0\0\0\0tmap"));
}

#[test]
fn the_index_may_reach_to_the_end() {
    let mut source = Source::with(|source| {
        source.items[0].1 = Place::Inside;
        source.item(b"Exif", EXIF);
        source.more = boxed(b"free", b"SECRET");
    });
    source.is_index_last = true;
    let mut bytes = source.build();
    let at = bytes.windows(4).position(|window| window == b"meta").expect("the index");
    bytes[at - 4..at].fill(0);
    let out = strip(&bytes).expect("a sound source");
    assert!(contains(&out, b"the picture") && !contains(&out, SECRET));
    assert_eq!(strip(&out).expect("still a sound source"), out);
    for chunk in [1, 7, 100] {
        let whole = walk(&bytes, usize::MAX, &Limits::default());
        assert_eq!(walk(&bytes, chunk, &Limits::default()), whole);
    }
    let limits = Limits { max_metadata_bytes: 100, ..Limits::default() };
    let message = walk(&bytes, 10, &limits).expect_err("a limit").to_string();
    assert_eq!(message, "the index of the AVIF exceeds the limit of 100 bytes");
}

#[test]
fn known_properties_end_with_their_fields() {
    let source = Source::with(|source| {
        for property in &mut source.properties {
            if &property[4..8] != b"av1C" {
                property[3] += SECRET.len() as u8;
                property.extend(SECRET);
            }
        }
        source.properties.extend([
            boxed(b"colr", b"nclx\0\x01\0\x0d\0\x06\x80SECRET"),
            full(b"pixi", 0, 0, b"\x03\x08\x08\x08SECRET"),
            boxed(b"pasp", b"\0\0\0\x01\0\0\0\x01SECRET"),
            boxed(b"colr", b"profowner: SECRET"),
        ]);
        source.associations = vec![(1, vec![1, 0x82, 0x83, 4, 5, 6, 7])];
    });
    let out = stripped(&source);
    assert!(contains(&out, b"nclx\0\x01\0\x0d\0\x06\x80\0") && contains(&out, b"\x03\x08\x08\x08\0"));
    assert!(!contains(&out, b"colrprof"));
}

#[test]
fn data_may_lie_inside_the_index() {
    let source = Source::with(|source| {
        source.items.push((b"mimeapplication/rdf+xml\0", Place::Inside, vec![b"SECRET xmp".to_vec()]));
        source.items.push((b"Exif", Place::Inside, vec![EXIF.to_vec()]));
        source.items[0].1 = Place::Inside;
    });
    let out = stripped(&source);
    assert!(contains(&out, b"the picture\0\0\0\0\0\0\0\0\0\0\0\0\0\0MM\0*"));
    assert_eq!(all_of(&source.build(), Class::Exif), EXIF);
}

#[test]
fn offsets_may_have_64_bits_and_the_index_may_come_last() {
    for (is_wide, is_index_last) in [(true, false), (false, true), (true, true)] {
        let source = Source::with(|source| {
            (source.is_wide, source.is_index_last) = (is_wide, is_index_last);
            source.item(b"Exif", EXIF);
        });
        assert_eq!(stripped(&source).len(), source.build().len());
    }
}

#[test]
fn items_may_come_in_pieces() {
    let source = Source::with(|source| {
        let pieces = [&b"the picture"[..], b"and its rest"].map(<[u8]>::to_vec);
        source.items[0].2 = pieces.to_vec();
        source.items.push((b"Exif", Place::Media, vec![EXIF.to_vec(), b"SECRET maker note".to_vec()]));
    });
    let out = stripped(&source);
    assert!(contains(&out, b"and its rest") && contains(&out, b"\0\0\0\x01\0\x06"));
    assert_eq!(all_of(&source.build(), Class::Exif), [EXIF, b"SECRET maker note"].concat());
}

#[test]
fn an_exif_item_too_short_for_an_orientation_is_removed() {
    let out = stripped(&Source::with(|source| {
        source.item(b"Exif", b"\0\0\0\0MM\0*SECRET");
    }));
    assert!(!contains(&out, b"Exif"));
}

#[test]
fn only_known_properties_of_the_image_are_kept() {
    let (profile, clean_profile) = profile();
    let source = Source::with(|source| {
        source.properties.extend([
            boxed(b"colr", &[b"prof", &profile[..]].concat()),
            full(b"udes", 0, 0, b"en\0SECRET\0SECRET\0\0"),
            full(b"crtt", 0, 0, b"SECRET!!"),
            boxed(b"colr", b"nclx\0\x01\0\x0d\0\x06\x80"),
            boxed(b"colr", b"SECRET"),
            full(b"auxC", 0, 0, b"urn:SECRET\0"),
        ]);
        source.associations = vec![(1, vec![1, 0x82, 0x83, 4, 5, 6, 7, 8])];
    });
    let out = stripped(&source);
    assert!(contains(&out, &boxed(b"colr", &[b"prof", &clean_profile[..]].concat())));
    assert!(contains(&out, b"nclx\0\x01\0\x0d"));
    assert!(contains(&out, &[b"\0\0\0\x1efree"[..].to_vec(), vec![0; 22]].concat()));
    assert_eq!(all_of(&source.build(), Class::Icc), profile);

    let essential = Source::with(|source| {
        source.properties.push(boxed(b"newp", b"turn it"));
        source.associations = vec![(1, vec![1, 0x82, 0x84])];
    });
    let expected = "unsupported AVIF: an unknown essential property of the image";
    assert_eq!(refusal(&essential.build()), expected);
}

#[test]
fn unknown_boxes_become_free() {
    let c2pa = b"\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81SECRET";
    let url = full(b"url ", 1, 0, b"SECRET");
    let own = full(b"url ", 0, 1, b"SECRET");
    let references = full(b"dref", 0, 0, &[&[0, 0, 0, 2][..], &own, &url].concat());
    let source = Source::with(|source| {
        source.before = [boxed(b"uuid", c2pa), boxed(b"SECR", b"SECRET"), boxed(b"free", b"SECRET")].concat();
        source.more = [boxed(b"xml ", b"SECRET"), boxed(b"dinf", &references)].concat();
    });
    let bytes = [source.build(), boxed(b"mpvd", b"SECRET film"), b"SECRET trailer".to_vec()].concat();
    let out = strip(&bytes).expect("a sound source");
    assert!(!contains(&out, SECRET));
    // Bytes after the last one that is needed are cut; bytes before it keep their length.
    let media_end = source.build().len();
    assert_eq!(out.len(), media_end);
    assert!(contains(&out, b"\0\0\0\x1efree\0\0\0\0") && contains(&out, b"url \0\0\0\x01"));
    assert!(all_of(&bytes, Class::C2pa).ends_with(c2pa));
    assert_eq!(all_of(&bytes, Class::Secondary), boxed(b"mpvd", b"SECRET film"));
    assert_eq!(all_of(&bytes, Class::Trailer), b"SECRET trailer");
}

#[test]
fn an_open_ended_box_ends_with_the_source() {
    let mut bytes = Source::default().build();
    let media = bytes.windows(4).position(|window| window == b"mdat").expect("media data");
    bytes[media - 4..media].fill(0);
    let out = strip(&bytes).expect("a sound source");
    assert!(contains(&out, b"the picture") && !contains(&out, SECRET));
    assert_eq!(all_of(&bytes, Class::Trailer), b"orphan SECRET ");
}

#[test]
fn private_bytes_shared_with_the_image_are_rejected() {
    let bytes = Source::with(|source| {
        source.item(b"Exif", EXIF);
    })
    .build();
    let locations = bytes.windows(4).position(|window| window == b"iloc").expect("locations") + 4;
    // The extents of the image and of the EXIF item, 14 bytes later.
    let extent = |item: usize| locations + 8 + item * 16 + 8..locations + 8 + item * 16 + 16;
    let mut shared = bytes.clone();
    shared.copy_within(extent(0), extent(1).start);
    assert!(refusal(&shared).ends_with("metadata that share their bytes with the image"));
    // Another image may share them; they still belong to the image.
    let kind = shared.windows(4).position(|window| window == b"Exif").expect("a type");
    shared[kind..kind + 4].copy_from_slice(b"av01");
    assert!(contains(&strip(&shared).expect("a sound source"), b"the picture"));
}

#[test]
fn unsupported_sources_are_rejected() {
    let check = |change: &dyn Fn(&mut Source), expected: &str| {
        let bytes = Source::with(|source| change(source)).build();
        let message = refusal(&bytes);
        assert!(message.ends_with(expected), "{message}");
    };
    check(&|source| source.items[0].0 = b"jpeg", "an unknown coding of the image");
    check(&|source| source.primary = 7, "the image refers to a missing item");
    check(&|source| source.references.push((b"dimg", 1, vec![9])), "the image refers to a missing item");
    check(&|source| source.items[0].2 = vec![], "an image without data");
    check(&|source| source.items[0].2 = vec![vec![]], "an image without data");
    check(&|source| source.associations[0].1.push(100), "a reference to a missing property");
    check(&|source| source.more = full(b"pitm", 0, 0, &[0, 2]), "a box that occurs twice");
    check(&|source| source.more = boxed(b"xml ", b"")[..6].to_vec(), "a truncated box");
    check(
        &|source| source.properties.push(b"\0\0\0\x07ispe".to_vec()),
        "a box that is smaller than its own head",
    );
    check(
        &|source| source.properties.push(b"\0\0\0\x09ispe".to_vec()),
        "a box that is larger than its parent",
    );
    check(&|source| source.before = boxed(b"mini", b""), "a minimized index");
}

#[test]
fn damaged_indexes_are_rejected() {
    let bytes = Source::with(|source| {
        source.item(b"Exif", EXIF);
    })
    .build();
    let check = |after: &[u8; 4], skip: usize, patch: &[u8], expected: &str| {
        let at = bytes.windows(4).position(|window| window == after).expect("the box") + 4 + skip;
        let mut bytes = bytes.clone();
        bytes[at..at + patch.len()].copy_from_slice(patch);
        let message = refusal(&bytes);
        assert!(message.ends_with(expected), "{message}");
    };
    // Wrong counts and versions.
    check(b"iinf", 4, &[0xFF, 0xFF], "a wrong number of items");
    check(b"iloc", 6, &[0xFF, 0xFF], "a box that is too small for its fields");
    check(b"iloc", 6, &[0, 1], "a box with bytes after its last field");
    check(b"iloc", 4, &[0x43], "fields of a wrong size");
    check(b"iloc", 0, &[3], "an unknown version of item locations");
    check(b"iloc", 11, &[2], "items that consist of parts of other items");
    check(b"iloc", 13, &[1], "the image is in another file");
    check(b"iloc", 24, &[0, 1], "an item that is located twice");
    check(b"iloc", 16, &[0, 0, 0, 4], "image data outside of the media data");
    check(b"iloc", 20, &[0, 0, 1, 0], "metadata that share their bytes with the image");
    check(b"ipma", 4, &[0xFF; 4], "a box that is too small for its fields");
    check(b"infe", 6, &[0, 1], "the image is encrypted");
    check(b"infe", 0, &[9], "an item of an unknown version");
    check(b"meta", 0, &[1], "an unknown version of the index");
    check(b"hdlr", 8, b"mdir", "an index that does not describe an image");
}

#[test]
fn empty_extents_are_limited() {
    // Offset, length and index have a size of 0, so an item has only its count of extents.
    let mut bytes = Source::default().build();
    let at = bytes.windows(4).position(|window| window == b"iloc").expect("the box");
    let locations =
        full(b"iloc", 1, 0, &[&[0, 0, 0, 3][..], &[0, 1, 0, 0, 0, 0, 0xFF, 0xFF].repeat(3)].concat());
    let old = u32::from_be_bytes(bytes[at - 4..at].try_into().expect("four bytes")) as usize;
    bytes.splice(at - 4..at - 4 + old, locations.iter().copied());
    let meta = bytes.windows(4).position(|window| window == b"meta").expect("the index");
    let size = u32::from_be_bytes(bytes[meta - 4..meta].try_into().expect("four bytes"));
    let size = size + locations.len() as u32 - old as u32;
    bytes[meta - 4..meta].copy_from_slice(&size.to_be_bytes());
    let message = refusal(&bytes);
    assert!(message.ends_with("an item that is located twice"), "{message}");
}

#[test]
fn a_truncated_source_is_accepted_only_inside_the_image() {
    let bytes = Source::with(|source| {
        source.item(b"Exif", EXIF);
    })
    .build();
    let picture = bytes.windows(11).position(|window| window == b"the picture").expect("the picture");
    for end in 24..bytes.len() {
        let found = walk(&bytes[..end], usize::MAX, &Limits::default());
        let is_inside = (picture..picture + 11).contains(&end);
        assert_eq!(found.is_ok(), is_inside, "cut at {end}: {found:?}");
        assert!(
            is_inside || matches!(found, Err(ContainerError::Truncated(..) | ContainerError::Damaged(..)))
        );
    }
}

#[test]
fn limits_are_stated() {
    let source = Source::with(|source| source.more = boxed(b"free", &[0; 1000]));
    let limits = |max_source_bytes, max_metadata_bytes| Limits {
        max_source_bytes,
        max_metadata_bytes,
        ..Limits::default()
    };
    let check = |source: &Source, limits: Limits, expected: &str| {
        let message = walk(&source.build(), 16, &limits).expect_err("a limit").to_string();
        assert_eq!(message, expected);
    };
    assert!(walk(&source.build(), 16, &limits(2000, 2000)).is_ok());
    check(&source, limits(2000, 999), "the index of the AVIF exceeds the limit of 999 bytes");
    let last =
        Source { is_index_last: true, items: vec![(b"av01", Place::Media, vec![vec![1; 3000]])], ..source };
    check(&last, limits(2000, 2000), "the data before the index of the AVIF exceeds the limit of 2000 bytes");
}
