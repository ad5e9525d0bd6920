use crate::{check, damage, profile, walk};
use bytes::Bytes;
use safelight_containers::{Class, Removal};

fn header() -> Vec<u8> {
    [b"GIF89a\x01\0\x01\0\x80\0\0", &[0; 6][..]].concat()
}

fn application(name: &[u8; 11], data: &[u8]) -> [Vec<u8>; 2] {
    let sub_blocks = [&[11][..], name, &[data.len() as u8], data, &[0]].concat();
    [b"!\xFF".to_vec(), sub_blocks]
}

/// An application extension whose data are in sub-blocks of 255 bytes.
fn profile_extension(profile: &[u8]) -> Vec<u8> {
    let sub_blocks = profile.chunks(255).map(|data| [&[data.len() as u8], data].concat());
    [&b"!\xFF\x0BICCRGBG1012"[..], &sub_blocks.collect::<Vec<_>>().concat(), &[0]].concat()
}

const IMAGE: [&[u8]; 2] = [b",\0\0\0\0\x01\0\x01\0\0\x02", b"\x02\x44\x01\0"];

#[test]
fn every_block_has_its_class() {
    let mut blocks = vec![(header(), Class::Structure, Removal::Cut)];
    let mut add = |bytes: &[u8], class| blocks.push((bytes.to_vec(), class, Removal::Cut));
    for (name, class) in [(b"XMP DataXMP", Class::Xmp), (b"MGK8BIM0000", Class::Vendor)] {
        let [introducer, data] = application(name, b"data");
        add(&introducer, class);
        add(&data, class);
    }
    add(b"!\xFF\x0BNETSCAPE2.0", Class::Structure);
    add(b"\x03\x01\0\0", Class::Structure);
    add(b"\0", Class::Structure);
    add(&profile_extension(b"owner: J. Doe"), Class::Icc);
    add(b"!\xFE", Class::Comment);
    add(b"\x05hello\0", Class::Comment);
    add(b"!\xF9\x04\0\0\0\0", Class::Structure);
    add(b"\0", Class::Structure);
    add(IMAGE[0], Class::Structure);
    add(IMAGE[1], Class::ImageData);
    add(b"!\x01", Class::Text);
    add(b"\x0C000000000000\x02me\0", Class::Text);
    add(b";", Class::Structure);
    add(b"behind", Class::Trailer);
    check(&blocks);
}

#[test]
fn a_profile_is_replaced() {
    let (profile, clean) = profile();
    let cut = |bytes: &[u8], class| (bytes.to_vec(), class, Removal::Cut);
    check(&[
        cut(&header(), Class::Structure),
        (profile_extension(&profile), Class::Icc, Removal::Replace(profile_extension(&clean).into())),
        cut(IMAGE[0], Class::Structure),
        cut(IMAGE[1], Class::ImageData),
        cut(b";", Class::Structure),
        cut(b"", Class::Trailer),
    ]);
}

#[test]
fn known_extensions_keep_one_sub_block() {
    let cut = |bytes: &[u8], class| (bytes.to_vec(), class, Removal::Cut);
    check(&[
        cut(&header(), Class::Structure),
        cut(b"!\xFF\x0BNETSCAPE2.0", Class::Structure),
        cut(b"\x05\x02\0\0\0\0", Class::Unknown),
        cut(b"\x03\x01\x07\0", Class::Structure),
        cut(b"\x03\x01me", Class::Unknown),
        cut(b"\x04name", Class::Unknown),
        cut(b"\0", Class::Structure),
        cut(b"!\xF9\x04\0\0\0\0", Class::Structure),
        cut(b"\x04name", Class::Unknown),
        cut(b"\0", Class::Structure),
        // A graphic control of another length is none.
        cut(b"!\xF9", Class::Unknown),
        cut(b"\x05names\0", Class::Unknown),
        cut(IMAGE[0], Class::Structure),
        cut(IMAGE[1], Class::ImageData),
        // Zeros between blocks, which some writers leave there.
        cut(b"\0\0", Class::Unknown),
        cut(IMAGE[0], Class::Structure),
        cut(IMAGE[1], Class::ImageData),
        (b"\0\0name".to_vec(), Class::Trailer, Removal::Replace(Bytes::from_static(b";"))),
    ]);
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
