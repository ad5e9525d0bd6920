use super::*;
use safelight_core::{Error, Kind, Size};

/// A codestream of the tests' folder.
fn sample(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/codestreams/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn main_header(codestream: &[u8]) -> &[u8] {
    let end = HeaderScan::main().find(codestream).unwrap().unwrap();
    &codestream[..end]
}

#[test]
fn headers_state_the_options_of_the_encoder() {
    let frame = sample("ht-signed16.j2c");
    let header = MainHeader::read(main_header(&frame)).unwrap();
    assert_eq!((header.sizes.picture(), header.sizes.tiles()), (Size::new(40, 30), 1));
    assert_eq!(header.sizes.components, [Component { bits: 16, is_signed: true, step: (1, 1) }]);
    assert_eq!((header.progression, header.layers, header.resolutions()), (Progression::Rpcl, 1, 4));
    assert_eq!((header.tile_parts, header.is_high_throughput()), (Some(4), true));

    let header = MainHeader::read(main_header(&sample("ht-rgb8.j2c"))).unwrap();
    let depths: Vec<_> = header.sizes.components.iter().map(|it| (it.bits, it.is_signed)).collect();
    assert_eq!(depths, [(8, false); 3]);

    let header = MainHeader::read(main_header(&sample("grey12-layers.j2k"))).unwrap();
    assert_eq!((header.sizes.tiles(), header.layers), (6, 3));
    assert_eq!((header.progression, header.tile_parts), (Progression::Lrcp, None));
    assert!(!header.is_high_throughput());
}

#[test]
fn packets_are_counted() {
    let check = |name, expected: &[u64]| {
        let header = MainHeader::read(main_header(&sample(name))).unwrap();
        let found: Vec<_> = (0..header.resolutions()).map(|it| header.packets(it)).collect();
        assert_eq!(found, expected, "{name}");
    };
    check("ht-rgb8.j2c", &[3, 3, 3]);
    // 10 × 8 and 20 × 15 samples in precincts of 8, 40 × 30 in precincts of 16.
    check("grey12-precincts.j2k", &[2, 6, 6]);
    let header = MainHeader::read(main_header(&sample("ht-rgb8.j2c"))).unwrap();
    assert_eq!(header.packets(33), 0);
}

#[test]
fn a_header_is_found_however_it_arrives() {
    let codestream = sample("ht-grey16.j2c");
    let end = main_header(&codestream).len();
    let mut scan = HeaderScan::main();
    for length in 0..end + 2 {
        assert_eq!(scan.find(&codestream[..length]), Ok(None), "{length}");
    }
    assert_eq!(scan.find(&codestream[..end + 2]), Ok(Some(end)));
    let part = &codestream[end..];
    assert_eq!(HeaderScan::tile_part().find(part), Ok(Some(12)));
    assert_eq!(HeaderScan::tile_part().find(b"\xFF\x90\0\x02\x12"), Ok(None));
    assert_eq!(
        HeaderScan::tile_part().find(b"\xFF\x90\0\x02\x12\x34"),
        Err(CodestreamError::Damaged("a marker is missing"))
    );
}

#[test]
fn comments_are_blanked_in_place() {
    let codestream = sample("ht-grey16.j2c");
    let header = main_header(&codestream);
    let mut blank = header.to_vec();
    blank_comments(&mut blank[2..]);
    let text = header.windows(7).position(|it| it == b"OpenJPH").unwrap();
    // The comment's length counts itself and its kind.
    assert!(blank[text..text + 19].iter().all(|byte| *byte == b' '));
    blank[text..text + 19].copy_from_slice(&header[text..text + 19]);
    assert_eq!(blank, header);
}

#[test]
fn no_damage_panics() {
    for name in ["ht-rgb8.j2c", "grey12-precincts.j2k", "grey12-layers.j2k"] {
        let codestream = sample(name);
        let header = main_header(&codestream);
        for at in 0..header.len() {
            // Behind the coding style come segments that are not read.
            assert!(MainHeader::read(&header[..at]).is_err() || 59 <= at, "{name} cut to {at}");
            for value in [0, 1, 0x7F, 0x80, 0xFE, 0xFF] {
                let mut damaged = header.to_vec();
                damaged[at] = value;
                if let Ok(header) = MainHeader::read(&damaged) {
                    let _ = (0..header.resolutions()).map(|it| header.packets(it)).sum::<u64>();
                    assert!(0 < header.sizes.picture().pixels() && 0 < header.sizes.tiles());
                }
                blank_comments(&mut damaged[2..]);
            }
        }
    }
}

#[test]
fn unsupported_parts_are_named() {
    let codestream = sample("ht-grey16.j2c");
    let header = main_header(&codestream);
    let check = |segment: &[u8], message: &str| {
        let error = Error::from(MainHeader::read(&[header, segment].concat()).unwrap_err());
        assert_eq!(error.kind, Kind::UnsupportedFormat);
        assert!(error.message.contains(message), "{error}");
    };
    check(b"\xFF\x5E\0\x02", "regions of interest");
    check(b"\xFF\x5F\0\x02", "progression order changes");
    check(b"\xFF\x60\0\x02", "packed packet headers");
    check(b"\xFF\x74\0\x02", "an unknown marker segment");
}
