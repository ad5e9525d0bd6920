//! Are TIFFs of every layout that libtiff reads decoded to the right pixels?

#![cfg(all(feature = "tiff", feature = "jpeg"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::tiff::{File, Value};
use common::{assert_survives, decode, header, icc, try_decode, wanted};
use safelight_codecs::Tiff;
use safelight_core::{Decoder, Kind, Limits, Model, Samples};
use weezl::{BitOrder, encode::Encoder};

const GREY: u16 = 1;
const RGB: u16 = 2;
const PALETTE: u16 = 3;
const CMYK: u16 = 5;

const COMPRESSION: u16 = 259;
const FILL_ORDER: u16 = 266;
const ROWS_PER_STRIP: u16 = 278;
const PLANAR: u16 = 284;
const PREDICTOR: u16 = 317;
const TILE: [u16; 2] = [322, 323];
const EXTRA_SAMPLES: u16 = 338;

/// The model and samples of the decoded image.
fn pixels(file: &File) -> (Model, Samples) {
    let image = decode(&Tiff, &file.bytes());
    let [frame] = &*image.frames else { panic!("a TIFF has one frame") };
    (frame.model, frame.planes[0].samples.clone())
}

fn bytes(file: &File) -> Vec<u8> {
    match pixels(file).1 {
        Samples::U8(samples) => samples,
        Samples::U16(_) => panic!("the samples have 16 bits"),
    }
}

fn ramp(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at * 7 % 251) as u8).collect()
}

fn big_endian(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

#[test]
fn associated_alpha_becomes_straight() {
    let samples = vec![37, 27, 8, 120, 7, 43, 2, 60];
    let rgba = |kind: u16| File::new((2, 1), RGB, &[8; 4], samples.clone()).with(EXTRA_SAMPLES, &[kind]);
    assert_eq!(bytes(&rgba(1)), [78, 57, 17, 120, 29, 182, 8, 60]);
    // Stated as unassociated, or not stated.
    assert_eq!(bytes(&rgba(2)), samples);
    assert_eq!(bytes(&rgba(0)), samples);

    let wide: Vec<u16> = [37_u16, 27, 8, 120].iter().map(|level| level * 257).collect();
    let mut file = File::new((1, 1), RGB, &[16; 4], big_endian(&wide)).with(EXTRA_SAMPLES, &[1]);
    file.is_big_endian = true;
    let expected = [37_u32, 27, 8].map(|level| (level * 257 * 65_535 / (120 * 257)) as u16);
    assert_eq!(pixels(&file), (Model::Rgba, Samples::U16([&expected[..], &[120 * 257]].concat())));

    let grey = File::new((2, 1), GREY, &[8, 8], vec![50, 100, 9, 0]).with(EXTRA_SAMPLES, &[1]);
    assert_eq!(pixels(&grey), (Model::GreyAlpha, Samples::U8(vec![127, 100, 0, 0])));
    // The second extra sample is the opacity.
    let second = File::new((1, 1), GREY, &[8; 3], vec![50, 7, 100]).with(EXTRA_SAMPLES, &[0, 1]);
    assert_eq!(bytes(&second), [127, 100]);
}

#[test]
fn profiles_are_applied() {
    let check = |file: File, icc: &[u8], expected: &[u8]| {
        let found = bytes(&file.with_profile(icc));
        let is_near = found.iter().zip(expected).all(|(found, expected)| found.abs_diff(*expected) <= 1);
        assert!(is_near && found.len() == expected.len(), "{found:?}, not {expected:?}");
    };
    let linear = icc::linear_grey();
    check(File::new((2, 1), GREY, &[8], vec![128, 192]), &linear, &[188, 225]);
    let white_is_zero = File::new((2, 1), 0, &[8], vec![127, 63]);
    check(white_is_zero, &linear, &[188, 225]);
    check(File::new((1, 1), GREY, &[8, 8], vec![128, 9]), &linear, &[188, 9]);
    let swapped = icc::swapped_red_and_green();
    check(File::new((1, 1), RGB, &[8; 3], vec![220, 60, 30]), &swapped, &[60, 220, 30]);
    let mut wide = File::new((2, 1), GREY, &[16], big_endian(&[128 * 257, 192 * 257])).with_profile(&linear);
    wide.is_big_endian = true;
    let (_, Samples::U16(found)) = pixels(&wide) else { panic!("16 bits stay 16") };
    assert_eq!(found.iter().map(|it| (u32::from(*it) + 128) / 257).collect::<Vec<_>>(), [188, 225]);

    // Cyan is lighter than it would be without the profile.
    let grey_inks = icc::cmyk(2, |[c, m, y, k]| [(1.0 - k) * (100.0 - 20.0 * (c + m + y)), 0.0, 0.0]);
    let cyan = bytes(&File::new((1, 1), CMYK, &[8; 4], vec![255, 0, 0, 0]).with_profile(&grey_inks));
    assert_eq!(cyan, [198; 3], "a lightness of 80 and no hue");
    let with_alpha = File::new((1, 1), CMYK, &[8; 5], vec![255, 0, 0, 0, 77]).with(EXTRA_SAMPLES, &[2]);
    assert_eq!(bytes(&with_alpha.with_profile(&grey_inks)), [198, 198, 198, 77]);
    let deep = File::new((1, 1), CMYK, &[16; 4], vec![0xFF, 0xFF, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes(&deep.with_profile(&grey_inks)), cyan);
}

#[test]
fn the_order_of_bits_is_honoured_in_every_coding() {
    let samples = ramp(16 * 9);
    let lzw = Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(&samples).unwrap();
    let packed: Vec<u8> = samples.chunks(16).flat_map(|row| [&[15], row].concat()).collect();
    let codings = [
        (1, samples.clone()),
        (5, lzw),
        (8, fdeflate::compress_to_vec(&samples)),
        (32946, fdeflate::compress_to_vec(&samples)),
        (32773, packed),
    ];
    for (compression, coded) in codings {
        let file = File::new((16, 9), GREY, &[8], coded.clone()).with(COMPRESSION, &[compression]);
        assert!(bytes(&file) == samples, "compression {compression}");
        let reversed = coded.iter().map(|byte| byte.reverse_bits()).collect();
        let file = file.with_pieces(vec![reversed]).with(FILL_ORDER, &[2]);
        assert!(bytes(&file) == samples, "compression {compression} in reverse");
    }
    let bits = File::new((12, 1), 0, &[1], vec![0b0001_1111, 0b0000_0101]).with(FILL_ORDER, &[2]);
    assert_eq!(bytes(&bits), [0, 0, 0, 0, 0, 255, 255, 255, 0, 255, 0, 255]);
    let wide = File::new((1, 1), GREY, &[16], vec![0x80, 0x01]).with(FILL_ORDER, &[2]);
    assert_eq!(pixels(&wide).1, Samples::U16(vec![0x8001]));
}

#[test]
fn fax_coding_is_decoded() {
    // Two rows of eight columns: vertical codes of 0 (white), then horizontal: white 3, black 2; then the end.
    let bits = "1".to_owned() + "001" + "1000" + "11" + "1" + "000000000001000000000001";
    let coded: Vec<u8> = bits
        .as_bytes()
        .chunks(8)
        .map(|byte| byte.iter().enumerate().fold(0, |sum, (at, bit)| sum | (bit - b'0') << (7 - at)))
        .collect();
    let file = File::new((8, 2), 0, &[1], coded.clone()).with(COMPRESSION, &[4]);
    let expected = [[255; 8], [255, 255, 255, 0, 0, 255, 255, 255]].concat();
    assert_eq!(bytes(&file), expected);
    let reversed = coded.iter().map(|byte| byte.reverse_bits()).collect();
    assert_eq!(bytes(&file.with_pieces(vec![reversed]).with(FILL_ORDER, &[2])), expected);
}

#[test]
fn lzw_of_old_programs_is_decoded() {
    // Long enough for codes of every length.
    let samples: Vec<u8> = (0..200_u32 * 100).map(|at| (at * at / 13 % 253) as u8).collect();
    let coded = Encoder::new(BitOrder::Lsb, 8).encode(&samples).unwrap();
    let file = File::new((200, 100), GREY, &[8], coded).with(COMPRESSION, &[5]);
    assert!(bytes(&file) == samples);
}

#[test]
fn tiles_are_found_under_the_tags_of_strips_and_strips_under_those_of_tiles() {
    // 20 columns and 18 rows in tiles of 16.
    let tile = |left: usize, top: usize| {
        let rows = (top..top + 16).flat_map(|y| (left..left + 16).map(move |x| (y * 20 + x) as u8));
        rows.collect::<Vec<_>>()
    };
    let tiles = vec![tile(0, 0), tile(16, 0), tile(0, 16), tile(16, 16)];
    let image: Vec<u8> = (0..18 * 20_usize).map(|at| at as u8).collect();
    let under_strips =
        File::new((20, 18), GREY, &[8], vec![]).with(TILE[0], &[16]).with(TILE[1], &[16]).with_pieces(tiles);
    assert!(bytes(&under_strips) == image, "under the tags of strips");
    let own = File { offsets_tag: 324, counts_tag: Some(325), ..under_strips };
    assert!(bytes(&own) == image, "under their own");
    let strips = image.chunks(5 * 20).map(<[u8]>::to_vec).collect();
    let strips = File::new((20, 18), GREY, &[8], vec![]).with(ROWS_PER_STRIP, &[5]).with_pieces(strips);
    assert!(bytes(&strips) == image);
    assert!(bytes(&File { offsets_tag: 324, counts_tag: Some(325), ..strips }) == image);
}

#[test]
fn samples_are_found_without_their_lengths() {
    let samples = ramp(12);
    let file = File::new((4, 3), GREY, &[8], samples.clone());
    assert_eq!(bytes(&file.clone().with(279, &[0])), samples);
    assert_eq!(bytes(&File { counts_tag: None, ..file.clone() }), samples);
    let coded = Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(&samples).unwrap();
    let coded = file.with(COMPRESSION, &[5]).with_pieces(vec![coded]);
    assert_eq!(bytes(&coded.clone().with(279, &[0])), samples);
    assert_eq!(bytes(&File { counts_tag: None, ..coded.clone() }), samples);
    let strips = samples.chunks(4).map(fdeflate::compress_to_vec).collect();
    let strips = coded.with(COMPRESSION, &[8]).with(ROWS_PER_STRIP, &[1]).with_pieces(strips);
    let without = File { counts_tag: None, ..strips };
    assert_eq!(bytes(&without), samples);
    // Each byte of the file is counted as work once, not once for each strip.
    let file = without.bytes();
    let cost =
        |bytes: Vec<u8>| Tiff.open(bytes.into(), &Limits::default()).unwrap().cost(&wanted(false)).cpu_ns;
    let stated = cost(file.clone());
    assert!(stated < 3 * 10_000 + 12 * 8 + 15 * file.len() as u64, "{stated}");
}

#[test]
fn planes_palettes_predictors_and_all_depths_are_decoded() {
    let samples = ramp(24);
    let planes = (0..3).map(|c| samples.iter().skip(c).step_by(3).copied().collect()).collect();
    let planar = File::new((4, 2), RGB, &[8; 3], vec![]).with(PLANAR, &[2]).with_pieces(planes);
    assert_eq!(bytes(&planar), samples);

    let mut differences = samples.clone();
    for row in differences.chunks_mut(12) {
        (3..12).rev().for_each(|at| row[at] = row[at].wrapping_sub(row[at - 3]));
    }
    let coded = fdeflate::compress_to_vec(&differences);
    let predicted = File::new((4, 2), RGB, &[8; 3], coded).with(COMPRESSION, &[8]).with(PREDICTOR, &[2]);
    assert_eq!(bytes(&predicted), samples);

    let table = |scale: u16| [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(|level: u16| level * scale);
    for scale in [256, 1] {
        let palette = File::new((4, 1), PALETTE, &[2], vec![0b0001_1011]).with(320, &table(scale));
        assert_eq!(bytes(&palette), [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11], "{scale}");
        assert!(header(&Tiff, &palette.bytes(), &Limits::default()).unwrap().has_palette);
    }
    assert_eq!(bytes(&File::new((4, 1), GREY, &[2], vec![0b0001_1011])), [0, 85, 170, 255]);
    assert_eq!(bytes(&File::new((3, 1), 0, &[4], vec![0x0F, 0x80])), [255, 0, 119]);
    let twelve = File::new((2, 1), GREY, &[12], vec![0xFF, 0xF8, 0x00]);
    let frame = &decode(&Tiff, &twelve.bytes()).frames[0];
    assert_eq!(frame.encoding.map(|encoding| encoding.bits), Some(12));
    assert_eq!(pixels(&twelve).1, Samples::U16(vec![65_535, (0x800_u32 * 65_535 / 4095) as u16 + 1]));
}

#[test]
fn jpeg_in_tiff_is_decoded() {
    let rgb: Vec<u8> = [200, 30, 60].repeat(16 * 16);
    let mut coded = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut coded, 100);
    encoder.encode(&rgb, 16, 16, jpeg_encoder::ColorType::Rgb).unwrap();
    let file = File::new((16, 16), 6, &[8; 3], coded.clone()).with(COMPRESSION, &[7]);
    let near = |found: &[u8]| found.iter().zip(&rgb).all(|(found, expected)| found.abs_diff(*expected) <= 2);
    assert!(near(&bytes(&file)));

    // The tables apart from the scan.
    let scan = coded.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    let huffman = coded.windows(2).position(|marker| marker == [0xFF, 0xC4]).unwrap();
    let start = coded.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap();
    assert!(scan < huffman && huffman < start);
    let tables = [&coded[..scan], &coded[huffman..start], &[0xFF, 0xD9]].concat();
    let rest = [&[0xFF, 0xD8], &coded[scan..huffman], &coded[start..]].concat();
    let shared = file.with_value(347, Value::Undefined(tables)).with_pieces(vec![rest]);
    assert!(near(&bytes(&shared)));
}

#[test]
fn what_is_missing_or_unsupported_is_said() {
    let check = |file: File, kind: Kind| {
        let error = try_decode(&Tiff, &file.bytes(), &wanted(false), &Limits::default()).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
    };
    let grey = || File::new((4, 3), GREY, &[8], ramp(12));
    check(grey().with_pieces(vec![ramp(4)]), Kind::Corrupt);
    check(grey().with(ROWS_PER_STRIP, &[1]), Kind::Corrupt);
    check(grey().with(COMPRESSION, &[5]), Kind::Corrupt);
    check(File { offsets_tag: 9999, ..grey() }, Kind::Corrupt);
    check(File::new((1, 1), RGB, &[8], vec![0]), Kind::Corrupt);
    check(File::new((4, 1), PALETTE, &[2], vec![0]), Kind::Corrupt);
    check(File::new((0, 3), GREY, &[8], vec![]), Kind::Corrupt);
    check(grey().with(COMPRESSION, &[34925]), Kind::UnsupportedFormat);
    check(grey().with(339, &[3]), Kind::UnsupportedFormat);
    check(grey().with(258, &[32]), Kind::UnsupportedFormat);
    check(File::new((1, 1), 8, &[8; 3], vec![0; 3]), Kind::UnsupportedFormat);
    check(grey().with(TILE[0], &[u16::MAX]).with(TILE[1], &[u16::MAX]), Kind::LimitExceeded);
}

#[test]
fn damage_is_an_error() {
    let lzw = Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(&ramp(64)).unwrap();
    assert_survives(&Tiff, &File::new((8, 8), GREY, &[8], lzw).with(COMPRESSION, &[5]).bytes());
    let tiles = File::new((8, 8), RGB, &[8; 4], ramp(1024)).with(TILE[0], &[16]).with(TILE[1], &[16]);
    assert_survives(&Tiff, &tiles.with(EXTRA_SAMPLES, &[1]).with(FILL_ORDER, &[2]).bytes());
    let deflated = fdeflate::compress_to_vec(&ramp(64));
    let planes = File::new((8, 8), CMYK, &[8; 4], vec![]).with(PLANAR, &[2]).with(COMPRESSION, &[8]);
    assert_survives(&Tiff, &planes.with_pieces(vec![deflated; 4]).bytes());
    let fax = File::new((8, 8), 0, &[1], ramp(40)).with(COMPRESSION, &[4]);
    assert_survives(&Tiff, &fax.bytes());
}
