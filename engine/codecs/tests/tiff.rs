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
const YCBCR: u16 = 6;

const COMPRESSION: u16 = 259;
const FILL_ORDER: u16 = 266;
const ROWS_PER_STRIP: u16 = 278;
const PLANAR: u16 = 284;
const PREDICTOR: u16 = 317;
const TILE: [u16; 2] = [322, 323];
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const SUBSAMPLING: u16 = 530;

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
    // Rows of eight columns: the first white, the second white 3, black 2, white 3.
    const WHITE: &str = "10011";
    const DASH: &str = "1000111000";
    const MARK: &str = "000000000001";
    let packed = |bits: &str| -> Vec<u8> {
        let bits = bits.bytes().map(|bit| bit - b'0').collect::<Vec<_>>();
        let byte = |byte: &[u8]| byte.iter().enumerate().fold(0, |sum, (at, bit)| sum | bit << (7 - at));
        bits.chunks(8).map(byte).collect()
    };
    let expected = [[255; 8], [255, 255, 255, 0, 0, 255, 255, 255]].concat();
    let codings = [
        (2, 0, format!("{WHITE}000{DASH}")),
        (3, 0, format!("{MARK}{WHITE}{MARK}{DASH}{MARK}")),
        (3, 4, format!("0000{MARK}{WHITE}0000{MARK}{DASH}")),
        (3, 1, format!("{MARK}1{WHITE}{MARK}0001{}1", "100011")),
        // Vertical codes of 0, then horizontal: white 3, black 2; then the end.
        (4, 0, format!("10011000111{MARK}{MARK}")),
    ];
    for (compression, options, bits) in codings {
        let coded = packed(&bits);
        let file = File::new((8, 2), 0, &[1], coded.clone()).with(COMPRESSION, &[compression]);
        let file = file.with(292, &[options]);
        assert_eq!(bytes(&file), expected, "compression {compression}, options {options}");
        let reversed = coded.iter().map(|byte| byte.reverse_bits()).collect();
        assert_eq!(bytes(&file.with_pieces(vec![reversed]).with(FILL_ORDER, &[2])), expected);
    }
}

#[test]
fn zstandard_is_decoded() {
    let samples = ramp(300 * 500);
    let coded = ruzstd::encoding::compress_to_vec(&*samples, ruzstd::encoding::CompressionLevel::Fastest);
    let file = File::new((300, 500), GREY, &[8], coded.clone()).with(COMPRESSION, &[50000]);
    assert!(bytes(&file) == samples);
    // A header that states a window of gigabytes (RFC 8878, 3.1.1.1): a descriptor without a size, and the window.
    let mut wide = coded[..4].to_vec();
    wide.extend([0, 0xFF]);
    // A last block that is not compressed.
    wide.extend(&((12 << 3 | 1_u32).to_le_bytes()[..3]));
    wide.extend(ramp(12));
    let small = File::new((4, 3), GREY, &[8], wide).with(COMPRESSION, &[50000]);
    assert_eq!(bytes(&small), ramp(12));
    let cost = Tiff.open(small.bytes().into(), &Limits::default()).unwrap().cost(&wanted(false)).bytes;
    assert!(cost < 32 << 20, "{cost}");
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
fn pixels_have_the_samples_that_their_colours_need_if_no_number_is_stated() {
    for (photometric, samples) in [(1, 1), (2, 3), (5, 4), (6, 3), (8, 3)] {
        let file =
            File::new((2, 2), photometric, &vec![8; samples], ramp(4 * samples)).with(SUBSAMPLING, &[1, 1]);
        let mut silent = file.clone();
        silent.fields.retain(|(tag, _)| *tag != 277);
        assert_eq!(pixels(&silent), pixels(&file), "{photometric}");
    }
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
fn numbers_of_every_format_become_levels() {
    const SIGNED: u16 = 2;
    const FLOAT: u16 = 3;
    let grey = |bits: u16, format: u16, samples: Vec<u8>| {
        let columns = samples.len() * 8 / usize::from(bits);
        File::new((columns as u16, 1), GREY, &[bits], samples).with(SAMPLE_FORMAT, &[format])
    };
    let wide = |file: &File| match pixels(file).1 {
        Samples::U16(samples) => samples,
        Samples::U8(samples) => panic!("8 bits: {samples:?}"),
    };
    assert_eq!(bytes(&grey(8, SIGNED, vec![0x80, 0xFF, 0x7F])), [0, 127, 255]);
    let words = grey(16, SIGNED, vec![0, 0x80, 0xFF, 0xFF, 0xFF, 0x7F]);
    assert_eq!(wide(&words), [0, 0x7FFF, 0xFFFF]);
    let encoding = decode(&Tiff, &words.bytes()).frames[0].encoding.unwrap();
    assert!(encoding.is_signed && encoding.bits == 16);
    let floats = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
    let values = grey(32, FLOAT, floats(&[0.0, 0.5, 1.0, 7.0, -1.0, f32::NAN]));
    assert_eq!(wide(&values), [0, 0x8000, 0xFFFF, 0xFFFF, 0, 0]);
    let stated = values.with_value(340, Value::Float(vec![-1.0])).with_value(341, Value::Float(vec![7.0]));
    assert_eq!(wide(&stated)[..5], [8192, 12288, 16384, 65535, 0]);
    assert_eq!(wide(&grey(16, FLOAT, vec![0, 0x38, 0, 0x3C])), [0x8000, 0xFFFF]);
    assert_eq!(wide(&grey(64, FLOAT, 0.5_f64.to_le_bytes().to_vec())), [0x8000]);
    assert_eq!(wide(&grey(32, 1, u32::MAX.to_le_bytes().to_vec())), [0xFFFF]);
    assert_eq!(wide(&grey(32, SIGNED, i32::MIN.to_le_bytes().to_vec())), [0]);
    let inverted = grey(32, FLOAT, floats(&[0.25])).with(262, &[0]);
    assert_eq!(wide(&inverted), [0xFFFF - 0x4000]);
    let inks =
        File::new((1, 1), CMYK, &[32; 4], floats(&[1.0, 0.0, 0.0, 0.0])).with(SAMPLE_FORMAT, &[FLOAT; 4]);
    assert_eq!(bytes(&inks), bytes(&File::new((1, 1), CMYK, &[8; 4], vec![255, 0, 0, 0])));

    // The bytes of two samples apart, highest first, as differences.
    let halves = 0.5_f32.to_be_bytes();
    let mut apart: Vec<u8> = halves.iter().flat_map(|byte| [*byte, *byte]).collect();
    (1..8).rev().for_each(|at| apart[at] = apart[at].wrapping_sub(apart[at - 1]));
    let coded = fdeflate::compress_to_vec(&apart);
    let predicted = grey(32, FLOAT, vec![0; 8]).with_pieces(vec![coded]).with(COMPRESSION, &[8]);
    assert_eq!(wide(&predicted.with(PREDICTOR, &[3])), [0x8000; 2]);
    let differences = [7_u32, 1 << 31].iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
    let coded = fdeflate::compress_to_vec(&differences);
    let long = grey(32, 1, vec![0; 8]).with_pieces(vec![coded]).with(COMPRESSION, &[8]).with(PREDICTOR, &[2]);
    assert_eq!(wide(&long), [0, 0x8000]);
}

#[test]
fn luma_and_chroma_become_rgb() {
    let near = |file: &File, expected: &[[u8; 3]]| {
        let found = bytes(file);
        let is_near = found.iter().zip(expected.concat()).all(|(found, level)| found.abs_diff(level) <= 1);
        assert!(is_near && found.len() == 3 * expected.len(), "{found:?}, not {expected:?}");
    };
    let (red, blue) = ([254, 0, 0], [0, 0, 254]);
    let full = File::new((2, 1), YCBCR, &[8; 3], vec![76, 85, 255, 29, 255, 107]).with(SUBSAMPLING, &[1, 1]);
    near(&full, &[red, blue]);
    // Three columns and three rows: blocks of two, which reach over the edge.
    let block = |luma: [u8; 4], chroma: [u8; 2]| [&luma[..], &chroma].concat();
    let grey = [128, 128];
    let blocks = [
        block([10, 20, 30, 40], grey),
        block([50, 0, 60, 0], grey),
        block([70, 80, 0, 0], grey),
        block([76, 0, 0, 0], [85, 255]),
    ];
    let expected: Vec<_> =
        [10, 20, 50, 30, 40, 60, 70, 80].map(|level| [level; 3]).into_iter().chain([red]).collect();
    let chunky = File::new((3, 3), YCBCR, &[8; 3], blocks.concat());
    near(&chunky, &expected);
    near(&chunky.clone().with(SUBSAMPLING, &[2, 2]), &expected);
    let strips = vec![blocks[..2].concat(), blocks[2..].concat()];
    near(&chunky.clone().with(ROWS_PER_STRIP, &[2]).with_pieces(strips), &expected);
    let planes =
        vec![vec![10, 20, 50, 30, 40, 60, 70, 80, 76], vec![128, 128, 128, 85], vec![128, 128, 128, 255]];
    near(&chunky.with(PLANAR, &[2]).with_pieces(planes), &expected);
    // The range of video.
    let range = Value::Float(vec![16.0, 235.0, 128.0, 240.0, 128.0, 240.0]);
    let video =
        File::new((2, 1), YCBCR, &[8; 3], vec![16, 128, 128, 235, 128, 128]).with(SUBSAMPLING, &[1, 1]);
    near(&video.with_value(532, range), &[[0; 3], [255; 3]]);
}

#[test]
fn lab_becomes_rgb() {
    let near = |file: &File, expected: [u8; 4]| {
        let found: Vec<u8> = match pixels(file).1 {
            Samples::U8(samples) => samples,
            Samples::U16(samples) => samples.into_iter().map(|level| (level >> 8) as u8).collect(),
        };
        let is_near = found.iter().zip(expected).all(|(found, level)| found.abs_diff(level) <= 2);
        assert!(is_near && found.len() == 4, "{found:?}, not {expected:?}");
    };
    let red = |photometric: u16, samples: Vec<u8>| File::new((1, 1), photometric, &[8; 4], samples);
    near(&red(8, vec![138, 81, 70, 99]), [255, 0, 0, 99]);
    near(&red(9, vec![138, 209, 198, 99]), [255, 0, 0, 99]);
    let mut wide = File::new((1, 1), 8, &[16; 4], big_endian(&[35_579, 20_687, 17_892, 99 << 8]));
    wide.is_big_endian = true;
    near(&wide, [255, 0, 0, 99]);
}

/// A JPEG of one colour, and the parts of it.
fn jpeg(w: u16, h: u16) -> Vec<u8> {
    let rgb: Vec<u8> = [200, 30, 60].repeat(usize::from(w) * usize::from(h));
    let mut coded = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut coded, 100);
    encoder.encode(&rgb, w, h, jpeg_encoder::ColorType::Rgb).unwrap();
    coded
}

#[test]
fn jpeg_in_tiff_is_decoded() {
    let coded = jpeg(16, 16);
    let near = |file: &File| {
        let found = bytes(file);
        let expected = [200, 30, 60].repeat(16 * 16);
        assert_eq!(found.len(), expected.len());
        assert!(
            found.iter().zip(&expected).all(|(found, level)| found.abs_diff(*level) <= 2),
            "{:?}",
            &found[..3]
        );
    };
    let file = File::new((16, 16), YCBCR, &[8; 3], coded.clone()).with(COMPRESSION, &[7]);
    near(&file);

    // The tables apart from the scan.
    let scan = coded.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    let huffman = coded.windows(2).position(|marker| marker == [0xFF, 0xC4]).unwrap();
    let start = coded.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap();
    assert!(scan < huffman && huffman < start);
    let tables = [&coded[..scan], &coded[huffman..start], &[0xFF, 0xD9]].concat();
    let rest = [&[0xFF, 0xD8], &coded[scan..huffman], &coded[start..]].concat();
    near(&file.clone().with_value(347, Value::Undefined(tables)).with_pieces(vec![rest]));

    // The coding of TIFF 6.0: a whole file, behind the eight bytes of the header.
    let whole = file.with(COMPRESSION, &[6]);
    near(&whole.clone().with_value(513, Value::Long(vec![8])));
    // Bare scans of two strips, with tables in the directory.
    let strip = jpeg(16, 8);
    let position = |marker: &[u8]| strip.windows(marker.len()).position(|found| found == marker).unwrap();
    let scan = strip[position(&[0xFF, 0xDA]) + 14..strip.len() - 2].to_vec();
    let all_tables = |marker: u8, class: u8| -> Vec<u32> {
        let found = strip.windows(5).enumerate().filter(|(_, it)| it[0] == 0xFF && it[1] == marker);
        let found: Vec<u32> =
            found.filter(|(_, it)| it[4] >> 4 == class).map(|(at, _)| (at + 5) as u32).collect();
        // Chroma shares the second table.
        vec![found[0] + 8, found[1] + 8, found[1] + 8]
    };
    let sampling = strip[position(&[0xFF, 0xC0]) + 11];
    let bare = whole
        .with(ROWS_PER_STRIP, &[8])
        .with_pieces(vec![strip.clone(), scan.clone(), scan])
        .with(SUBSAMPLING, &[u16::from(sampling >> 4), u16::from(sampling & 15)])
        .with_value(519, Value::Long(all_tables(0xDB, 0)))
        .with_value(520, Value::Long(all_tables(0xC4, 0)))
        .with_value(521, Value::Long(all_tables(0xC4, 1)));
    // The first piece only holds the tables.
    let offsets = [0, 1].map(|index| 8 + strip.len() as u32 + index * bare.pieces[1].len() as u32);
    let bare = File { offsets_tag: 9999, ..bare }.with_value(273, Value::Long(offsets.to_vec()));
    near(&bare.with_value(279, Value::Long(vec![0, 0])));
}

#[test]
fn the_conformance_set_is_decoded() {
    let folder = safelight_images::corpus().and_then(|corpus| Some(corpus.parent()?.join("formats/tiff")));
    let Some(folder) = folder.filter(|folder| folder.is_dir()) else {
        eprintln!("no conformance set of TIFF beside the photos: nothing is decoded");
        return;
    };
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let refused = names.filter(|path| path.extension().is_some_and(|end| end == "tif" || end == "tiff"));
    let refused = refused.filter_map(|path| {
        let bytes = std::fs::read(&path).unwrap();
        let error = try_decode(&Tiff, &bytes, &wanted(false), &Limits::default()).err()?;
        Some((path.file_name()?.to_str()?.to_owned(), error.kind))
    });
    // Its coding is that of SGI for light beyond white.
    let expected = [("logluv-3c-16b.tiff".to_owned(), Kind::UnsupportedFormat)];
    assert_eq!(refused.collect::<Vec<_>>(), expected);
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
    check(grey().with(COMPRESSION, &[6]), Kind::Corrupt);
    check(grey().with(COMPRESSION, &[4]), Kind::Corrupt);
    check(grey().with(SAMPLE_FORMAT, &[3]), Kind::Corrupt);
    check(grey().with(SAMPLE_FORMAT, &[5]), Kind::UnsupportedFormat);
    check(grey().with(258, &[65]), Kind::UnsupportedFormat);
    check(File::new((1, 1), RGB, &[5, 6, 5], vec![0; 2]), Kind::UnsupportedFormat);
    check(File::new((1, 1), 10, &[8; 3], vec![0; 3]), Kind::UnsupportedFormat);
    check(File::new((1, 1), YCBCR, &[16; 3], vec![0; 6]), Kind::UnsupportedFormat);
    check(File::new((2, 1), YCBCR, &[8; 4], vec![0; 8]), Kind::UnsupportedFormat);
    check(File::new((1, 1), YCBCR, &[8; 3], vec![0; 3]).with(SUBSAMPLING, &[3, 1]), Kind::Corrupt);
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
    for compression in [2, 3, 4] {
        let fax = File::new((8, 8), 0, &[1], ramp(40)).with(COMPRESSION, &[compression]).with(292, &[1]);
        assert_survives(&Tiff, &fax.bytes());
    }
    let zstd = ruzstd::encoding::compress_to_vec(&*ramp(64), ruzstd::encoding::CompressionLevel::Fastest);
    assert_survives(&Tiff, &File::new((8, 8), GREY, &[8], zstd).with(COMPRESSION, &[50000]).bytes());
    assert_survives(&Tiff, &File::new((5, 5), YCBCR, &[8; 3], ramp(54)).bytes());
    let whole = File::new((16, 16), YCBCR, &[8; 3], jpeg(16, 16)).with(COMPRESSION, &[6]);
    assert_survives(&Tiff, &whole.with_value(513, Value::Long(vec![8])).bytes());
    let floats = File::new((8, 2), GREY, &[32], ramp(64)).with(SAMPLE_FORMAT, &[3]).with(PREDICTOR, &[3]);
    assert_survives(&Tiff, &floats.bytes());
}
