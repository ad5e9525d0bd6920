//! Are BMPs and ICOs shown as browsers show them?

#![cfg(all(feature = "bmp", feature = "ico", feature = "png"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{assert_survives, decode, icc, to_rgba, try_decode, wanted};
use safelight_codecs::{Bmp, Ico};
use safelight_core::{Kind, Limits, Model};

/// A bitmap of 2 by 2 pixels: a header of `header_bytes`, and what follows it.
fn dib(header_bytes: u32, height: i32, bits: u16, compression: u32, palette: u32, rest: &[u8]) -> Vec<u8> {
    let mut header = [header_bytes, 2, height as u32].map(u32::to_le_bytes).concat();
    header.extend([1, bits].map(u16::to_le_bytes).concat());
    header.extend([compression, 0, 0, 0, palette, 0].map(u32::to_le_bytes).concat());
    header.resize(header_bytes as usize, 0);
    [&header, rest].concat()
}

/// A BMP file whose samples are the last `sample_bytes`.
fn bmp(dib: &[u8], sample_bytes: usize) -> Vec<u8> {
    let offset = 14 + dib.len() - sample_bytes;
    [b"BM", &[0; 8][..], &(offset as u32).to_le_bytes(), dib].concat()
}

/// An ICO of images, with the side and the depth that the directory states.
fn ico(images: &[(u8, u16, &[u8])]) -> Vec<u8> {
    let mut file = [0, 1, images.len() as u16].map(u16::to_le_bytes).concat();
    let mut at = file.len() + 16 * images.len();
    for (side, bits, image) in images {
        file.extend([*side, *side, 0, 0, 1, 0]);
        file.extend(bits.to_le_bytes());
        file.extend([image.len() as u32, at as u32].map(u32::to_le_bytes).concat());
        at += image.len();
    }
    for (.., image) in images {
        file.extend(*image);
    }
    file
}

fn png(colour: png::ColorType, samples: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 2, 1);
    encoder.set_color(colour);
    if colour == png::ColorType::Indexed {
        encoder.set_palette(vec![0, 0, 0, 200, 30, 30]);
    }
    encoder.write_header().unwrap().write_image_data(samples).unwrap();
    file
}

fn rgba(bytes: &[u8], is_icon: bool) -> Vec<u8> {
    let image = if is_icon { decode(&Ico, bytes) } else { decode(&Bmp, bytes) };
    to_rgba(&image.frames[0])
}

#[test]
fn a_png_of_any_kind_is_shown() {
    let red = [200, 30, 30, 255].repeat(2);
    let check = |colour, samples: &[u8], expected: &[u8]| {
        let file = ico(&[(2, 32, &png(colour, samples))]);
        assert_eq!(rgba(&file, true), expected, "{colour:?}");
        // The sizes of a directory may be wrong.
        assert_eq!(rgba(&ico(&[(48, 0, &png(colour, samples))]), true), expected, "{colour:?}");
    };
    check(png::ColorType::Rgb, &[200, 30, 30].repeat(2), &red);
    check(png::ColorType::Rgba, &red, &red);
    check(png::ColorType::Indexed, &[1, 1], &red);
    check(png::ColorType::Grayscale, &[90, 90], &[90, 90, 90, 255].repeat(2));
    check(png::ColorType::GrayscaleAlpha, &[90, 7, 90, 7], &[90, 90, 90, 7].repeat(2));
}

#[test]
fn the_largest_then_deepest_then_first_image_is_shown() {
    let [red, green, blue] =
        [[200, 0, 0], [0, 200, 0], [0, 0, 200]].map(|colour| png(png::ColorType::Rgb, &colour.repeat(2)));
    let check = |images: &[(u8, u16, &[u8])], expected: [u8; 3]| {
        assert_eq!(rgba(&ico(images), true)[..3], expected);
    };
    check(&[(16, 32, &green), (16, 32, &red)], [0, 200, 0]);
    check(&[(16, 8, &green), (16, 32, &red), (16, 32, &blue)], [200, 0, 0]);
    check(&[(16, 32, &green), (32, 4, &red), (16, 32, &blue)], [200, 0, 0]);
    check(&[(16, 32, &green), (0, 4, &red)], [200, 0, 0]);
}

#[test]
fn alpha_comes_before_the_mask_and_a_mask_may_be_cut_short() {
    // Rows from below; the mask of each takes four bytes.
    let pixels = |alpha: [u8; 4]| alpha.iter().flat_map(|alpha| [30, 30, 200, *alpha]).collect::<Vec<_>>();
    let image = |bits: u16, samples: &[u8], mask: &[u8]| {
        ico(&[(2, bits, &dib(40, 4, bits, 0, 0, &[samples, mask].concat()))])
    };
    let hidden = [0xC0, 0, 0, 0, 0x40, 0, 0, 0];
    let alphas = |file: &[u8]| rgba(file, true).iter().skip(3).step_by(4).copied().collect::<Vec<_>>();
    let translucent = pixels([128, 1, 2, 3]);
    assert_eq!(alphas(&image(32, &translucent, &hidden)), [2, 3, 128, 1]);
    assert_eq!(rgba(&image(32, &translucent, &hidden), true)[..3], [200, 30, 30]);
    assert_eq!(alphas(&image(32, &translucent, &hidden[..3])), [2, 3, 128, 1]);
    // A program without alpha left it at 0.
    let opaque = pixels([0; 4]);
    assert_eq!(alphas(&image(32, &opaque, &hidden)), [255, 0, 0, 0]);
    assert_eq!(alphas(&image(32, &opaque, &hidden[..4])), [255, 255, 0, 0]);
    assert_eq!(alphas(&image(32, &opaque, &[])), [255; 4]);
    let rgb = [30, 30, 200, 30, 30, 200, 0, 0].repeat(2);
    assert_eq!(alphas(&image(24, &rgb, &hidden)), [255, 0, 0, 0]);
    assert_eq!(
        rgba(&image(24, &rgb, &hidden[..5]), true),
        [200, 30, 30, 255, 200, 30, 30, 0, 200, 30, 30, 0, 200, 30, 30, 0]
    );
    // A palette of two colours, and of the number that the header states.
    let table = [0, 0, 0, 0, 30, 30, 200, 0];
    let bits = [&table[..], &[0x80, 0, 0, 0], &[0x40, 0, 0, 0]].concat();
    let file = ico(&[(2, 1, &dib(40, 4, 1, 0, 0, &[&*bits, &hidden].concat()))]);
    assert_eq!(rgba(&file, true), [0, 0, 0, 255, 200, 30, 30, 0, 200, 30, 30, 0, 0, 0, 0, 0]);
    let two =
        ico(&[(2, 8, &dib(40, 4, 8, 0, 2, &[&table[..], &[1, 1, 0, 0, 1, 0, 0, 0], &hidden].concat()))]);
    assert_eq!(rgba(&two, true), [200, 30, 30, 255, 0, 0, 0, 0, 200, 30, 30, 0, 200, 30, 30, 0]);
}

#[test]
fn the_profile_of_a_bitmap_is_applied() {
    let icc = icc::swapped_red_and_green();
    let samples = [30, 60, 220, 30, 60, 220, 0, 0].repeat(2);
    let mut file = bmp(&dib(124, 2, 24, 0, 0, &samples), samples.len());
    let (start, length) = ((file.len() - 14) as u32, icc.len() as u32);
    file[14 + 56..14 + 60].copy_from_slice(b"DEBM");
    file[14 + 112..14 + 116].copy_from_slice(&start.to_le_bytes());
    file[14 + 116..14 + 120].copy_from_slice(&length.to_le_bytes());
    file.extend(&icc);
    let found = rgba(&file, false);
    let is_near = found.iter().zip([60, 220, 30, 255]).all(|(found, expected)| found.abs_diff(expected) <= 1);
    assert!(is_near, "{found:?}");
    // A linked profile is none, and neither is one outside of the file.
    let mut linked = file.clone();
    linked[14 + 56..14 + 60].copy_from_slice(b"KNIL");
    assert_eq!(rgba(&linked, false)[..4], [220, 60, 30, 255]);
    file[14 + 112..14 + 116].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(rgba(&file, false)[..4], [220, 60, 30, 255]);
    assert_survives(&Bmp, &linked);
}

#[test]
fn the_profile_of_an_icon_is_applied() {
    let icc = icc::swapped_red_and_green();
    let samples = [30, 60, 220, 255].repeat(4);
    let mut image = dib(124, 4, 32, 0, 0, &[&*samples, &[0; 8]].concat());
    image[56..60].copy_from_slice(b"DEBM");
    let (start, length) = ((image.len() as u32).to_le_bytes(), (icc.len() as u32).to_le_bytes());
    image[112..120].copy_from_slice(&[start, length].concat());
    image.extend(&icc);
    let found = rgba(&ico(&[(2, 32, &image)]), true);
    let is_near = found.iter().zip([60, 220, 30, 255]).all(|(found, expected)| found.abs_diff(expected) <= 1);
    assert!(is_near, "{found:?}");
}

#[test]
fn headers_that_viewers_accept_are_accepted() {
    // Masks of four channels after an older header, and in a later one.
    let masks = [0xFF_u32, 0xFF00, 0x00FF_0000, 0xFF00_0000].map(u32::to_le_bytes).concat();
    let samples = [200, 30, 60, 128].repeat(4);
    let with_masks = [&*masks, &samples].concat();
    let old = dib(40, 2, 32, 6, 0, &with_masks);
    let mut later = dib(108, 2, 32, 6, 0, &samples);
    later[40..56].copy_from_slice(&masks);
    for dib in [old, later] {
        let file = bmp(&dib, samples.len());
        assert_eq!(decode(&Bmp, &file).frames[0].model, Model::Rgba);
        assert_eq!(rgba(&file, false), samples);
        assert_survives(&Bmp, &file);
    }
    // More colours than the pixels can state.
    let table: Vec<u8> = (0..300_u32).flat_map(|level| [level as u8, 0, 7, 0]).collect();
    let indices = [255, 1, 0, 0, 2, 3, 0, 0];
    let file = bmp(&dib(40, 2, 8, 0, 300, &[&*table, &indices].concat()), indices.len());
    let shown = [7, 0, 2, 255, 7, 0, 3, 255, 7, 0, 255, 255, 7, 0, 1, 255];
    assert_eq!(rgba(&file, false), shown);
    // An offset that leaves no room for the palette.
    let file = bmp(&dib(40, 2, 8, 0, 300, &[&*table, &indices].concat()), indices.len() + table.len());
    assert_eq!(rgba(&file, false), shown);
}

#[test]
fn every_header_depth_and_coding_of_bmp_is_decoded() {
    const RED: [u8; 4] = [200, 30, 10, 255];
    const BLUE: [u8; 4] = [1, 2, 250, 255];
    const NOTHING: [u8; 4] = [0; 4];
    let check = |name: &str, dib: &[u8], sample_bytes: usize, expected: [[u8; 4]; 4]| {
        let file = bmp(dib, sample_bytes);
        assert_eq!(rgba(&file, false), expected.concat(), "{name}");
        assert_survives(&Bmp, &file);
    };
    // Red and blue as entries of a palette, and as pixels.
    let (red, blue) = ([10, 30, 200], [250, 2, 1]);
    let palette = [&red[..], &[0], &blue, &[0]].concat();
    let core = |bits: u16, rest: &[u8]| {
        let header = [&12_u32.to_le_bytes()[..], &[2, 0, 2, 0, 1, 0], &bits.to_le_bytes()].concat();
        [&header, rest].concat()
    };
    // The lowest row is first; rows have four bytes.
    let rows = [RED, BLUE, BLUE, RED];
    let bits = [0b1000_0000, 0, 0, 0, 0b0100_0000, 0, 0, 0];
    check("OS/2 1", &core(1, &[&red[..], &blue, &bits].concat()), 8, rows);
    let short = [&16_u32.to_le_bytes()[..], &[2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0], &palette, &bits].concat();
    check("OS/2 2, cut", &short, 8, rows);
    check("OS/2 2", &dib(64, 2, 1, 0, 2, &[&*palette, &bits].concat()), 8, rows);
    let bits = [0b0100_0000, 0, 0, 0, 0b0001_0000, 0, 0, 0];
    check("2 bits", &dib(40, 2, 2, 0, 2, &[&*palette, &bits].concat()), 8, rows);
    check("from the top", &dib(40, -2, 2, 0, 2, &[&*palette, &bits].concat()), 8, [BLUE, RED, RED, BLUE]);

    // Three pixels as they are, of which one is outside, a run of one, and the end; a run, a move, and the end.
    let runs = [0, 3, 1, 0, 1, 0, 0, 0, 1, 0, 0, 1];
    check(
        "8 bits, not at the end",
        &dib(40, 2, 8, 1, 2, &[&*palette, &runs].concat()),
        12,
        [RED, NOTHING, BLUE, RED],
    );
    let runs = [2, 0x10, 0, 2, 0, 1, 0, 1];
    check(
        "4 bits, moved",
        &dib(40, 2, 4, 2, 2, &[&*palette, &runs].concat()),
        8,
        [NOTHING, NOTHING, BLUE, RED],
    );
    let runs = [&[1][..], &blue, &[1], &red, &[0, 0, 2], &red, &[0, 1]].concat();
    check("24 bits", &dib(64, 2, 24, 4, 0, &runs), runs.len(), [RED, RED, BLUE, RED]);

    let words = |pixels: [u16; 4]| pixels.map(u16::to_le_bytes).concat();
    let (strong, weak) = ([255, 0, 0, 255], [0, 0, 255, 255]);
    let pixels = words([0x001F, 0x7C00, 0x7C00, 0x001F]);
    check("16 bits", &dib(40, 2, 16, 0, 0, &pixels), 8, [strong, weak, weak, strong]);
    // Linear light: 1, a half, and beyond; alpha of a half.
    let linear = [[0, 0, 0x2000, 0x1000], [0x7FFF, 0, 0, 0x2000], [0x1000; 4], [0x8000, 0, 0, 0x2000]];
    let linear: Vec<u8> = linear.concat().iter().flat_map(|part: &u16| part.to_le_bytes()).collect();
    let expected = [[188, 188, 188, 128], [0, 0, 0, 255], [255, 0, 0, 128], weak];
    check("64 bits", &dib(40, 2, 64, 0, 0, &linear), 32, expected);
    let error =
        |dib: &[u8]| try_decode(&Bmp, &bmp(dib, 0), &wanted(false), &Limits::default()).unwrap_err().kind;
    assert_eq!(error(&dib(40, 2, 8, 5, 0, &[0; 64])), Kind::UnsupportedFormat);
    assert_eq!(error(&dib(40, 2, 24, 4, 0, &[0; 64])), Kind::UnsupportedFormat);
    assert_eq!(error(&dib(40, 0, 24, 0, 0, &[0; 64])), Kind::Corrupt);
}

#[test]
fn icons_without_an_image_are_damaged() {
    let check = |file: &[u8]| {
        let error = try_decode(&Ico, file, &wanted(false), &Limits::default()).unwrap_err();
        assert_eq!(error.kind, Kind::Corrupt, "{error}");
    };
    check(&ico(&[]));
    check(&ico(&[(2, 32, &[])]));
    check(&ico(&[(2, 32, &dib(40, 4, 32, 0, 0, &[0; 15]))]));
    let mut outside = ico(&[(2, 32, &[0; 50])]);
    outside[6 + 12..6 + 16].fill(0xFF);
    check(&outside);
    assert_survives(&Ico, &ico(&[(2, 32, &dib(40, 4, 32, 0, 0, &[9; 24]))]));
    assert_survives(&Ico, &ico(&[(2, 1, &dib(40, 4, 1, 0, 0, &[9; 24]))]));
}
