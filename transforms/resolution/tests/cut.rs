//! Prefixes of real codestreams: their ends, in chunks of any size, and the sources that are rejected.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use safelight_core::{Encode, Kind, Query, Result, Settings, Step, Transform, testing::Output};
use safelight_resolution::Resolution;

fn sample(name: &str) -> Bytes {
    let path = format!("{}/../../engine/containers/tests/codestreams/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}")).into()
}

fn answer_within(source: &Bytes, wanted: u8, chunk: usize, settings: &Settings) -> Result<Output> {
    let query = Query::parse(&format!("resolution={wanted}"), "", Resolution.params())?;
    let Some(Step::Bytes(op)) = Resolution.step(&query)? else { panic!("{query} gives no byte step") };
    assert!(!op.absorb(&mut Encode::default()));
    Output::collect(op.start(settings), source, chunk)
}

fn collect(source: &Bytes, wanted: u8, chunk: usize) -> Result<Output> {
    answer_within(source, wanted, chunk, &Settings::default())
}

/// A prefix ends at `end` of `source`, plus EOC; only comments and Psot differ before.
fn check(name: &str, wanted: u8, end: usize, mime: &str) {
    let source = sample(name);
    let whole = collect(&source, wanted, usize::MAX).unwrap();
    let body = whole.body();
    assert_eq!((body.len(), whole.content_type()), (end + 2, mime), "{name} {wanted}");
    assert_eq!(body[end..], [0xFF, 0xD9]);
    let header = source.windows(2).position(|marker| marker == [0xFF, 0x93]).unwrap();
    assert_eq!(body[header..end], source[header..end], "{name} {wanted}");
    assert!(!body.windows(4).any(|text| text.eq_ignore_ascii_case(b"Open")), "{name} has a comment");
    for chunk in [1, 2, 3, 11, 12, 13, 100, 738, 4096] {
        let cut = collect(&source, wanted, chunk).unwrap();
        assert!(cut.body() == body, "{name} {wanted} in chunks of {chunk}");
        assert!(cut.read < end + chunk + 1, "{name} {wanted} is read beyond the requested resolutions");
    }
}

#[test]
fn a_tile_part_for_each_resolution_is_enough() {
    for (wanted, end) in [(1, 206), (2, 354), (3, 737), (4, 1795), (33, 1795)] {
        check("ht-signed16.j2c", wanted, end, "image/jphc");
    }
    for (wanted, end) in [(1, 361), (2, 631), (3, 1375)] {
        check("ht-rgb8.j2c", wanted, end, "image/jphc");
    }
}

#[test]
fn lengths_of_packets_are_enough() {
    // PLT lists 34, 82, 209, 349 bytes: 0x22, 0x52, 0x81 0x51, 0x82 0x5D.
    for (wanted, end) in [(1, 172), (2, 254), (3, 463), (4, 812)] {
        check("grey12-lengths.j2k", wanted, end, "image/j2c");
    }
    // Two packets, of 107 and 32 bytes, then six, then six.
    for (wanted, end) in [(1, 149 + 107 + 32), (3, 1228)] {
        check("grey12-precincts.j2k", wanted, end, "image/j2c");
    }
}

#[test]
fn a_cut_part_states_its_length() {
    let body = collect(&sample("grey12-lengths.j2k"), 2, 4096).unwrap().body();
    assert_eq!(body[119..123], (254_u32 - 113).to_be_bytes());
}

#[test]
fn codestreams_without_a_prefix_are_rejected_before_the_head() {
    let check = |source: Bytes, expected: &str| {
        for chunk in [1, 4096] {
            let error = collect(&source, 1, chunk).unwrap_err();
            assert_eq!(error.kind, Kind::UnsupportedFormat);
            assert_eq!(error.to_string(), expected);
        }
    };
    let none = "resolution: unsupported source: expected a JPEG 2000 or HTJ2K codestream";
    check(Bytes::new(), none);
    check(Bytes::from_static(b"\xFF\x4F"), none);
    check(Bytes::from_static(b"\x89PNG\r\n\x1A\n"), none);
    check(sample("rgb8.jp2"), none);
    let no_ends = "resolution: unsupported codestream: expected a tile-part for each resolution, or the lengths of packets (PLT)";
    check(sample("ht-whole.j2c"), no_ends);
    let tiles = "resolution: unsupported codestream: expected a codestream of one tile";
    check(sample("ht-tiles.j2c"), tiles);
    let order =
        "resolution: unsupported codestream: expected a codestream ordered by resolution, such as RPCL";
    check(sample("grey12-position.j2k"), order);
}

#[test]
fn a_header_beyond_the_limit_is_rejected() {
    let mut settings = Settings::default();
    settings.limits.max_metadata_bytes = 138;
    let error = answer_within(&sample("ht-signed16.j2c"), 1, 64, &settings).unwrap_err();
    assert_eq!(error.kind, Kind::LimitExceeded);
    settings.limits.max_metadata_bytes = 139;
    assert!(answer_within(&sample("ht-signed16.j2c"), 1, 64, &settings).is_ok());
}

#[test]
fn a_source_that_ends_early_is_corrupt() {
    let source = sample("ht-signed16.j2c");
    for length in 4..354 {
        let error = collect(&source.slice(..length), 2, 50).unwrap_err();
        assert_eq!(error.kind, Kind::Corrupt, "{length}: {error}");
    }
    assert!(collect(&source.slice(..354), 2, 50).is_ok());
}

#[test]
fn no_damage_panics_or_depends_on_chunks() {
    for name in ["ht-signed16.j2c", "grey12-lengths.j2k", "grey12-precincts.j2k"] {
        let source = sample(name);
        for at in 0..source.len() {
            for value in [0, 1, 0x40, 0x7F, 0xFF] {
                let mut damaged = source.to_vec();
                damaged[at] = value;
                let damaged = Bytes::from(damaged);
                let run = |chunk| collect(&damaged, 2, chunk).map(|it| it.body()).map_err(|it| it.kind);
                let whole = run(usize::MAX);
                assert!(whole == run(7), "{name} with {value} at {at}");
                assert!(matches!(whole, Ok(_) | Err(Kind::Corrupt | Kind::UnsupportedFormat)), "{whole:?}");
            }
        }
    }
}
