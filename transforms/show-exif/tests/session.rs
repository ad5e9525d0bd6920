//! Does a session find the block in every container, stop as early as possible, and handle damage?

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use bytes::Bytes;
use common::tiff::{Tiff, Values};
use safelight_core::{Kind, Limits, Settings};

const EXPECTED: &str = r#"{"bigEndian":false,"Image":{"Orientation":6}}"#;
const NOTHING: &str = "{}";

/// A block of one tag, which starts with the TIFF header.
fn block() -> Vec<u8> {
    Tiff { image: vec![(0x0112, Values::Short(vec![6]))], ..Tiff::default() }.to_bytes()
}

fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16 + 2).to_be_bytes();
    [&[0xFF, marker], &length[..], payload].concat()
}

fn exif_segment(payload: &[u8]) -> Vec<u8> {
    segment(0xE1, &[b"Exif\0\0", payload].concat())
}

/// A JPEG with these segments and a scan of this many bytes, which does not decode.
fn jpeg(segments: &[Vec<u8>], picture_bytes: usize) -> Vec<u8> {
    let frame = segment(0xC0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]);
    let scan = segment(0xDA, &[1, 1, 0, 0, 63, 0]);
    [&b"\xFF\xD8"[..], &segments.concat(), &frame, &scan, &vec![0x55; picture_bytes], b"\xFF\xD9"].concat()
}

fn png_chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u32).to_be_bytes();
    // The walker does not check the checksum.
    [&length[..], kind, data, &[0; 4]].concat()
}

fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = png_chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    [&b"\x89PNG\r\n\x1A\n"[..], &header, &chunks.concat(), &png_chunk(b"IEND", b"")].concat()
}

fn webp(chunks: &[(&[u8], &[u8])]) -> Vec<u8> {
    let chunk = |(kind, data): &(&[u8], &[u8])| {
        [kind, &(data.len() as u32).to_le_bytes()[..], data, &vec![0; data.len() % 2]].concat()
    };
    let body = [b"WEBP".to_vec(), chunks.iter().flat_map(chunk).collect()].concat();
    [&b"RIFF"[..], &(body.len() as u32).to_le_bytes(), &body].concat()
}

/// Checks the response for chunks of several sizes.
fn check(source: &[u8], expected: Result<&str, Kind>) {
    let source = Bytes::copy_from_slice(source);
    for chunk_bytes in [1, 2, 3, 7, 1000, usize::MAX / 2] {
        let found = common::show(&source, chunk_bytes, &common::all());
        let found = found.map(|output| String::from_utf8(output.body()).unwrap()).map_err(|error| error.kind);
        assert_eq!(found, expected.map(str::to_owned), "in chunks of {chunk_bytes} bytes");
    }
}

fn read_bytes(source: &[u8], chunk_bytes: usize) -> usize {
    let source = Bytes::copy_from_slice(source);
    common::show(&source, chunk_bytes, &common::all()).unwrap().read
}

#[test]
fn the_block_is_found_in_every_container() {
    check(&jpeg(&[exif_segment(&block())], 9), Ok(EXPECTED));
    check(&png(&[png_chunk(b"eXIf", &block()), png_chunk(b"IDAT", &[0; 9])]), Ok(EXPECTED));
    check(&png(&[png_chunk(b"IDAT", &[0; 9]), png_chunk(b"eXIf", &block())]), Ok(EXPECTED));
    let flagged = [8, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let prefixed = [b"Exif\0\0", &block()[..]].concat();
    for block in [&block(), &prefixed] {
        check(&webp(&[(b"VP8X", &flagged), (b"VP8 ", &[0; 9]), (b"EXIF", block)]), Ok(EXPECTED));
    }
    let boxed =
        |kind: &[u8; 4], body: &[u8]| [&(8 + body.len() as u32).to_be_bytes(), &kind[..], body].concat();
    let (exif, codestream) = (boxed(b"Exif", &[&[0; 4], &block()[..]].concat()), boxed(b"jxlc", b"\xFF\x0A"));
    for boxes in [[&exif, &codestream], [&codestream, &exif]] {
        check(
            &[b"\0\0\0\x0CJXL \r\n\x87\n".to_vec(), [boxes[0].as_slice(), boxes[1]].concat()].concat(),
            Ok(EXPECTED),
        );
    }
    check(&block(), Ok(EXPECTED));
}

/// The data of a text chunk with a block, as `ImageMagick` writes it.
fn exif_text(keyword: &str, block: &[u8]) -> Vec<u8> {
    let block = [b"Exif\0\0", block].concat();
    let digits = block.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
    let lines: Vec<_> = digits.as_bytes().chunks(72).map(|line| str::from_utf8(line).unwrap()).collect();
    let text = format!("{keyword}\0\nexif\n{:8}\n{}\n", block.len(), lines.join("\n"));
    text.into_bytes()
}

#[test]
fn a_block_in_png_text_is_shown_if_there_is_no_other() {
    for keyword in ["Raw profile type exif", "Raw profile type APP1"] {
        let text = png_chunk(b"tEXt", &exif_text(keyword, &block()));
        check(&png(&[text.clone(), png_chunk(b"IDAT", &[0; 9])]), Ok(EXPECTED));
        check(&png(&[png_chunk(b"IDAT", &[0; 9]), text]), Ok(EXPECTED));
    }
    let other = Tiff { image: vec![(0x0112, Values::Short(vec![3]))], ..Tiff::default() }.to_bytes();
    let text = png_chunk(b"tEXt", &exif_text("Raw profile type exif", &other));
    check(&png(&[text.clone(), png_chunk(b"IDAT", &[0; 9]), png_chunk(b"eXIf", &block())]), Ok(EXPECTED));
    check(&png(&[png_chunk(b"eXIf", &block()), text, png_chunk(b"IDAT", &[0; 9])]), Ok(EXPECTED));
    // XMP under the same keyword is not EXIF, and a second block may be.
    let xmp = png_chunk(b"tEXt", b"Raw profile type APP1\0\nAPP1\n 4\n3c782f3e\n");
    let text = png_chunk(b"tEXt", &exif_text("Raw profile type exif", &block()));
    check(&png(&[xmp.clone(), png_chunk(b"IDAT", &[0; 9])]), Ok(NOTHING));
    check(&png(&[xmp, text, png_chunk(b"IDAT", &[0; 9])]), Ok(EXPECTED));
}

#[test]
fn the_block_is_found_in_every_sample() {
    let check = |sample: &str, orientation: u8| {
        let source = Bytes::from(safelight_images::read(sample));
        for chunk_bytes in [1, 1000, usize::MAX] {
            let output = common::show(&source, chunk_bytes, &common::all()).unwrap();
            let found: serde_json::Value = serde_json::from_slice(&output.body()).unwrap();
            assert_eq!(
                found["Image"]["Orientation"], orientation,
                "{sample} in chunks of {chunk_bytes} bytes"
            );
        }
    };
    check("photo.jpg", 1);
    check("orientation-5.jpg", 5);
    check("orientation-6.png", 6);
    check("orientation-6.webp", 6);
    check("animated.webp", 1);
    check("photo.avif", 6);
    check("photo.tiff", 1);
}

#[test]
fn the_block_is_found_in_a_jpeg_of_every_coding() {
    for coding in [0xC1, 0xC3, 0xC9, 0xCA] {
        let mut file = jpeg(&[exif_segment(&block())], 9);
        let frame = file.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
        (file[frame + 1], file[frame + 4]) = (coding, 12);
        check(&file, Ok(EXPECTED));
    }
}

#[test]
fn an_image_without_a_block_has_an_empty_response() {
    check(&jpeg(&[segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>")], 9), Ok(NOTHING));
    check(&jpeg(&[exif_segment(b"")], 9), Ok(NOTHING));
    check(&png(&[png_chunk(b"IDAT", &[0; 9])]), Ok(NOTHING));
    check(&webp(&[(b"VP8 ", &[0; 9])]), Ok(NOTHING));
    check(b"GIF89a", Ok(NOTHING));
}

#[test]
fn a_block_continues_in_the_next_segments() {
    let block = block();
    let (one, rest) = block.split_at(10);
    let (two, three) = rest.split_at(5);
    check(&jpeg(&[exif_segment(one), exif_segment(two), exif_segment(three)], 9), Ok(EXPECTED));
    // A second block does not continue the first.
    let other = Tiff { big_endian: true, ..Tiff::default() }.to_bytes();
    check(&jpeg(&[exif_segment(&block), exif_segment(&other)], 9), Ok(EXPECTED));
    check(&jpeg(&[exif_segment(one), segment(0xFE, b"comment"), exif_segment(rest)], 9), Err(Kind::Corrupt));
}

#[test]
fn a_session_reads_only_up_to_the_block() {
    const PICTURE: usize = 1 << 20;
    const CHUNK: usize = 256;
    assert!(read_bytes(&jpeg(&[exif_segment(&block())], PICTURE), CHUNK) <= CHUNK);
    assert!(read_bytes(&jpeg(&[], PICTURE), CHUNK) <= CHUNK);
    assert!(read_bytes(&[b"GIF89a".to_vec(), vec![0; PICTURE]].concat(), CHUNK) <= CHUNK);
    // Pixels before the block and other segments are skipped.
    let exif_last = png(&[png_chunk(b"IDAT", &vec![0; PICTURE]), png_chunk(b"eXIf", &block())]);
    assert!(read_bytes(&exif_last, CHUNK) <= 2 * CHUNK);
    let exif_last = webp(&[
        (b"VP8X", &[8, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        (b"VP8 ", &vec![0; PICTURE]),
        (b"EXIF", &block()),
    ]);
    assert!(read_bytes(&exif_last, CHUNK) <= 2 * CHUNK);
    let xmp_first = jpeg(&[segment(0xE1, &vec![0; 60_000]), exif_segment(&block())], PICTURE);
    assert!(read_bytes(&xmp_first, CHUNK) <= 2 * CHUNK);
}

#[test]
fn damage_is_an_error_only_before_the_end_of_the_block() {
    let whole = jpeg(&[exif_segment(&block())], 9);
    let end_of_block = 2 + 10 + block().len();
    for end in 0..whole.len() {
        let expected = match end {
            0..3 => Err(Kind::UnsupportedFormat),
            _ if end < end_of_block => Err(Kind::Corrupt),
            _ => Ok(EXPECTED),
        };
        check(&whole[..end], expected);
    }
    check(&[&whole[..end_of_block], b"\xFF\x00no marker"].concat(), Ok(EXPECTED));
    check(&jpeg(&[exif_segment(b"no TIFF header")], 9), Err(Kind::Corrupt));
    check(b"no picture at all", Err(Kind::UnsupportedFormat));
    check(b"", Err(Kind::UnsupportedFormat));
}

#[test]
fn limits_apply_to_the_block_the_tiff_its_entries_and_the_response() {
    let rejected = |source: &[u8], limits| {
        let settings = Settings { limits, ..common::all() };
        let error = common::show(&Bytes::copy_from_slice(source), 1000, &settings).unwrap_err();
        assert_eq!(error.kind, Kind::LimitExceeded);
        error.to_string()
    };
    let limits = Limits { max_metadata_bytes: 20, max_source_bytes: 20, ..Limits::default() };
    let large_block = rejected(&jpeg(&[exif_segment(&block())], 9), limits.clone());
    assert_eq!(large_block, "the EXIF block exceeds the limit of 20 bytes");
    // The checksum after a block of exactly the limit does not count.
    let limits = Limits { max_metadata_bytes: block().len() as u64, ..limits };
    let settings = Settings { limits: limits.clone(), ..common::all() };
    let png = Bytes::from(png(&[png_chunk(b"eXIf", &block())]));
    for chunk_bytes in [1, 1000] {
        assert_eq!(common::show(&png, chunk_bytes, &settings).unwrap().body(), EXPECTED.as_bytes());
    }
    let large_tiff = rejected(&block(), limits);
    assert_eq!(large_tiff, "the TIFF exceeds the limit of 20 bytes");

    // A hundred directories of 65535 entries each, at consecutive offsets, in 800 kB.
    let pointers = (0..100).map(|pointer| (0x8769, Values::Raw(4, 1, 2000 + pointer)));
    let mut bomb = Tiff { image: pointers.collect(), ..Tiff::default() }.to_bytes();
    bomb.resize(800_000, 0xFF);
    let many_entries = rejected(&bomb, Limits::default());
    assert_eq!(many_entries, "the EXIF block exceeds the limit of 16384 entries");

    // Each of three lists has at most 5 bytes of JSON for each of its 60,000 bytes. Those that exceed the limit are null.
    let values = (0..3).map(|tag| (tag, Values::Raw(1, 60_000, 20_000 + 60_000 * u32::from(tag))));
    let mut lists = Tiff { image: values.collect(), ..Tiff::default() }.to_bytes();
    lists.resize(200_000, 200);
    let limits = Limits { max_metadata_bytes: 200_000, ..Limits::default() };
    let settings = Settings { limits, ..common::all() };
    let output = common::show(&Bytes::from(lists), 1000, &settings).unwrap();
    assert!((240_000..400_000).contains(&output.body().len()), "{}", output.body().len());
    assert!(String::from_utf8(output.body()).unwrap().contains(r#""1":null,"2":null"#));
}

#[test]
fn a_response_is_bounded_by_its_block_however_its_values_overlap() {
    /// Base64, punctuation and keys of the entries.
    const MAX_RATIO: usize = 3;
    // 500 values share 50 kB of a block of 56 kB, which fits into a segment.
    let values = (0..500).map(|tag| (tag, Values::Raw(7, 50_000, 6100)));
    let mut block = Tiff { image: values.collect(), ..Tiff::default() }.to_bytes();
    block.resize(56_100, 0);
    let source = Bytes::from(jpeg(&[exif_segment(&block)], 9));
    let output = common::show(&source, 1000, &common::all()).unwrap();
    assert!(output.body().len() < MAX_RATIO * source.len(), "{}", output.body().len());
    let json = String::from_utf8(output.body()).unwrap();
    // The first value is shown, and every entry has its key.
    assert!(json.contains(r#""0":"AAAA"#) && json.contains(r#""499":null"#));

    // Values that share a few bytes are shown.
    let values = [(0x011A, Values::Raw(5, 1, 60)), (0x011B, Values::Raw(5, 1, 60))];
    let mut block = Tiff { image: values.to_vec(), ..Tiff::default() }.to_bytes();
    block.resize(60, 0);
    block.extend(b"\x48\0\0\0\x01\0\0\0");
    check(&block, Ok(r#"{"bigEndian":false,"Image":{"XResolution":72,"YResolution":72}}"#));
}

#[test]
fn directories_in_a_cycle_are_read_once() {
    let mut circle = block();
    let next = circle.len() - 4;
    circle[next] = 8;
    check(&circle, Ok(EXPECTED));
    let tiff = Tiff { image: vec![(0x8769, Values::Long(vec![8]))], ..Tiff::default() };
    check(&tiff.to_bytes(), Ok(r#"{"bigEndian":false,"Image":{"ExifTag":8}}"#));
}

#[test]
fn mutated_blocks_give_json_or_a_known_error() {
    let tiff = Tiff {
        big_endian: true,
        image: vec![
            (0x010F, Values::Ascii(b"Maker of cameras\0".to_vec())),
            (0x011A, Values::Rational(vec![(72, 1)])),
        ],
        thumbnail: vec![(0x0201, Values::Long(vec![1]))],
        photo: vec![
            (0x9286, Values::Undefined(vec![7; 40])),
            (0x9003, Values::Ascii(b"2008:11:01 21:15:07\0".into())),
        ],
        gps: vec![(0x0002, Values::Rational(vec![(48, 1), (51, 1), (2966, 100)]))],
        iop: vec![(0x0001, Values::Ascii(b"R98\0".to_vec()))],
    };
    let block = tiff.to_bytes();
    // A linear congruential generator (Knuth, MMIX) gives the same numbers on every machine.
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut responses = 0;
    for _ in 0..20_000 {
        let mut mutated = block.clone();
        for _ in 0..=random(4) {
            let at = random(block.len());
            mutated[at] = [0, 1, 0x7F, 0xFF, random(256) as u8][random(5)];
        }
        mutated.truncate(block.len() - random(8) * random(8));
        match common::show(&Bytes::from(mutated), 1000, &common::all()) {
            Ok(output) => {
                let _: serde_json::Value = serde_json::from_slice(&output.body()).unwrap();
                responses += 1;
            }
            Err(error) => assert!(matches!(error.kind, Kind::Corrupt | Kind::UnsupportedFormat), "{error}"),
        }
    }
    assert!(15_000 < responses, "{responses} mutations had a response");
}

#[test]
fn the_memory_bound_follows_the_limits() {
    let memory = |limits| common::op("showExif=true").memory(&Settings { limits, ..common::all() });
    let (source, metadata) = (128 << 20, 4 << 20);
    assert_eq!(memory(Limits::default()), 2 * source + 6 * metadata + 256 * 16_384);
    assert_eq!(
        memory(Limits { max_source_bytes: u64::MAX, max_metadata_bytes: 0, ..Limits::default() }),
        u64::MAX
    );
}
