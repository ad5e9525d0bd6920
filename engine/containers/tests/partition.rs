//! The parts that a walker finds are the source: no byte lost, none twice, none out of order, however
//! the source was cut into chunks.

use bytes::Bytes;
use safelight_containers::{Class, ContainerError, Event, Walker};
use safelight_core::Limits;

/// Every part with its bytes.
fn walk(source: &Bytes, chunk: usize) -> Result<Vec<(Class, Vec<u8>)>, ContainerError> {
    let mut walker = Walker::new(Limits::default());
    let mut parts = Vec::new();
    let mut drain = |walker: &mut Walker| -> Result<(), ContainerError> {
        while let Some(event) = walker.next()? {
            match event {
                Event::Begin(part) => match parts.last() {
                    // Where chunks end, samples and sub-blocks are cut into several parts.
                    Some((class, _)) if *class == part.class => (),
                    _ => parts.push((part.class, Vec::new())),
                },
                Event::Framing(bytes) | Event::Payload(bytes) => {
                    let (_, part) = parts.last_mut().expect("a part begins before its bytes");
                    part.extend_from_slice(&bytes);
                }
            }
        }
        Ok(())
    };
    for chunk in source.chunks(chunk) {
        walker.push(source.slice_ref(chunk));
        drain(&mut walker)?;
    }
    walker.finish();
    drain(&mut walker)?;
    Ok(parts)
}

#[test]
fn parts_cover_the_source_for_every_chunking() {
    let files = safelight_images::every_file();
    for path in &files {
        let source = Bytes::from(std::fs::read(path).expect("a listed file is there"));
        let whole = walk(&source, usize::MAX);
        if let Ok(parts) = &whole {
            let bytes: Vec<u8> = parts.iter().flat_map(|(_, bytes)| bytes).copied().collect();
            assert_eq!(bytes.len(), source.len(), "{}", path.display());
            assert!(bytes == source, "{}", path.display());
        }
        // Single bytes are slow, so only the first megabyte is pushed this way.
        let smallest = if source.len() < 1 << 20 { 1 } else { 61 };
        for chunk in [smallest, 2, 3, 7, 1000, 65_536] {
            if smallest <= chunk {
                assert!(walk(&source, chunk) == whole, "{} in chunks of {chunk}", path.display());
            }
        }
    }
    assert!(10 < files.len());
}

/// Metadata is found without decoding, so the coding of a JPEG makes no difference.
#[test]
fn jpegs_of_every_coding_have_the_same_parts() {
    let segment = |marker: u8, body: &[u8]| [&[0xFF, marker, 0, body.len() as u8 + 2], body].concat();
    for (marker, bits) in [(0xC1, 12), (0xC3, 16), (0xC9, 8), (0xCA, 12)] {
        let source = Bytes::from(
            [
                b"\xFF\xD8".to_vec(),
                segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"),
                segment(0xCC, &[0, 0x10, 0x10, 5]),
                segment(marker, &[bits, 0, 8, 0, 8, 1, 1, 0x11, 0]),
                segment(0xFE, b"private"),
                segment(0xDA, &[1, 1, 0, 1, 0, 0]),
                b"\x12\xFF\0\x34\xFF\xD0\xFF\xD9".to_vec(),
            ]
            .concat(),
        );
        let parts = walk(&source, 5).expect("the file is valid");
        let classes: Vec<_> = parts.iter().map(|(class, _)| *class).collect();
        let expected = [
            Class::Structure,
            Class::Exif,
            Class::Structure,
            Class::Comment,
            Class::Structure,
            Class::ImageData,
            Class::Structure,
            Class::Trailer,
        ];
        assert_eq!(classes, expected, "{marker:X}");
        assert_eq!(parts[5].1, b"\x12\xFF\0\x34\xFF\xD0");
    }
}
