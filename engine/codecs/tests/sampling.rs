//! Are JPEGs of all sampling factors that T.81 A.1.1 allows decoded to the right pixels, and encoded again?

#![cfg(feature = "jpeg")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Judge, decode, jpeg, try_decode, wanted};
use safelight_codecs::Jpeg;
use safelight_core::{
    Decode, Encode, Encoder, Frame, Image, Kind, Limits, Model, Samples, Size, Stop, frame::rgb_from_ycc,
};

const SIZE: Size = Size::new(37, 30);

type Factors = [(usize, usize); 3];

/// The steepest slopes of which no sample is clamped, each on another axis.
fn component(c: usize, x: f64, y: f64) -> f64 {
    match c {
        0 => 60.0 + 1.5 * x + 1.5 * y,
        1 => 190.0 - 3.0 * x,
        2 => 70.0 + 3.0 * y,
        _ => 0.0,
    }
}

/// All factors of three components.
fn all() -> impl Iterator<Item = Factors> {
    let factors = (0..16).map(|at| (at % 4 + 1, at / 4 + 1));
    let pairs = factors.clone().flat_map(move |one| factors.clone().map(move |two| [one, two]));
    pairs.flat_map(|[one, two]| (0..16).map(move |at| [one, two, (at % 4 + 1, at / 4 + 1)]))
}

fn blocks(factors: &Factors) -> usize {
    factors.iter().map(|it| it.0 * it.1).sum()
}

/// The upright pixels, at the resolution of the decode.
fn pixels(image: &Image) -> Frame {
    image.frames[0].clone().into_rgb().unwrap()
}

/// Checks that `frame` has the pixels of [`component`], converted by `convert`, with at most `tolerance`, and `at_edges`
/// where a coarse sample has no neighbour to interpolate with.
fn assert_pixels(
    frame: &Frame,
    convert: fn(u8, u8, u8) -> [u8; 3],
    (tolerance, at_edges): (u8, u8),
    context: &dyn std::fmt::Debug,
) {
    assert_eq!(frame.model, Model::Rgb);
    let [plane] = &*frame.planes else { panic!("RGB has one plane") };
    let Samples::U8(samples) = &plane.samples else { panic!("JPEG has 8 bits") };
    let (across, down) = plane.step;
    for (at, pixel) in samples.as_chunks::<3>().0.iter().enumerate() {
        let (column, row) = (at % plane.size.w as usize, at / plane.size.w as usize);
        let (x, y) = ((column as f64 + 0.5) * across, (row as f64 + 0.5) * down);
        if f64::from(SIZE.w) < x || f64::from(SIZE.h) < y {
            continue;
        }
        let [first, second, third] = [0, 1, 2].map(|c| component(c, x, y).round() as u8);
        let inside = |at: f64, side: u32| (2.0..f64::from(side) - 2.0).contains(&at);
        let tolerance = if inside(x, SIZE.w) && inside(y, SIZE.h) { tolerance } else { at_edges };
        let expected = convert(first, second, third);
        let error = pixel.iter().zip(expected).map(|(found, wanted)| found.abs_diff(wanted)).max();
        assert!(error <= Some(tolerance), "{context:?} at {x}, {y}: {pixel:?}, expected {expected:?}");
    }
}

fn encoded(image: &Image, quality: u8) -> Image {
    let frame = image.frames[0].clone().materialize().unwrap();
    let image = Image { frames: vec![frame], ..image.clone() };
    let file = Jpeg
        .encode(&image, &Encode { quality: Some(quality), ..Encode::default() }, &Stop::default())
        .unwrap();
    decode(&Jpeg, &file)
}

#[test]
fn components_of_any_resolution_are_decoded_and_encoded() {
    let mut count = 0;
    for factors in all().filter(|factors| blocks(factors) <= 10) {
        count += 1;
        let file = jpeg::write(SIZE, &factors, None, component);
        let image = decode(&Jpeg, &file);
        let whole = pixels(&image).materialize().unwrap();
        assert_eq!(whole.planes[0].size, SIZE);
        assert_pixels(&whole, rgb_from_ycc, (3, 13), &factors);

        // With the chroma of a JPEG of the default quality.
        let halved = Decode { chroma: (2, 2), ..wanted(false) };
        let image = try_decode(&Jpeg, &file, &halved, &Limits::default()).unwrap();
        assert_pixels(&pixels(&encoded(&image, 100)), rgb_from_ycc, (5, 15), &factors);
        encoded(&image, 50);

        let small = Decode { needed: Size::new(9, 7), ..wanted(false) };
        let image = try_decode(&Jpeg, &file, &small, &Limits::default()).unwrap();
        assert_pixels(&pixels(&image), rgb_from_ycc, (6, 20), &("small", factors));
    }
    assert_eq!(count, 515);
}

#[test]
fn components_in_scans_of_their_own_are_decoded() {
    // T.81 B.2.3 limits only the blocks of an MCU, which such scans do not have.
    for factors in all().filter(|factors| 10 < blocks(factors)).step_by(23) {
        let image = decode(&Jpeg, &jpeg::write(SIZE, &factors, None, component));
        assert_pixels(&pixels(&image), rgb_from_ycc, (3, 13), &factors);
    }
}

#[test]
fn red_green_and_blue_of_any_resolution_are_decoded() {
    for factors in all().filter(|factors| blocks(factors) <= 10).step_by(7) {
        let image = decode(&Jpeg, &jpeg::write(SIZE, &factors, Some(0), component));
        assert_pixels(&pixels(&image), |r, g, b| [r, g, b], (2, 7), &factors);
        assert_pixels(&pixels(&encoded(&image, 100)), |r, g, b| [r, g, b], (6, 12), &factors);
    }
}

#[test]
fn cmyk_of_common_resolutions_is_decoded_and_other_cmyk_is_unsupported() {
    for factors in all().filter(|factors| blocks(factors) <= 10).step_by(3) {
        let black = factors[0];
        let four = [&factors[..], &[black]].concat();
        // Samples are complements of the inks, with Adobe's segment or without.
        let write = |adobe, level| {
            jpeg::write(SIZE, &four, adobe, |c, x, y| if c == 3 { level } else { component(c, x, y) })
        };
        let result = try_decode(&Jpeg, &write(None, 255.0), &wanted(false), &Limits::default());
        if factors.iter().any(|it| 2 < it.0.max(it.1)) {
            let error = result.unwrap_err();
            assert_eq!(error.kind, Kind::UnsupportedFormat, "{factors:?}: {error}");
            continue;
        }
        let image = result.unwrap();
        assert_eq!(image, decode(&Jpeg, &write(Some(0), 255.0)), "{factors:?}");
        let means = |image: &Image| {
            let Samples::U8(samples) = &image.frames[0].planes[0].samples else { panic!("JPEG has 8 bits") };
            let mean = |c| {
                let (sum, count) = samples
                    .iter()
                    .skip(c)
                    .step_by(3)
                    .fold((0, 0), |it, level| (it.0 + u64::from(*level), it.1 + 1));
                sum / count
            };
            [0, 1, 2].map(mean)
        };
        // Little cyan, so much red; and without the complement of black, little light.
        let ([red, _, blue], [.., dark]) = (means(&image), means(&decode(&Jpeg, &write(None, 20.0))));
        assert!(dark < 60 && 90 < red && 60 < blue, "{factors:?}: {red}, {blue}, {dark}");
    }
}

/// The samples of a netpbm file of three channels.
fn netpbm(file: &[u8]) -> &[u8] {
    &file[file.len() - 3 * SIZE.pixels() as usize..]
}

#[test]
fn pixels_agree_with_djpeg() {
    // djpeg replicates samples at other ratios, and rejects fractional ones.
    let Some(djpeg) = Judge::find("djpeg") else { return };
    for factors in all().filter(|factors| factors.iter().all(|it| it.0.max(it.1) <= 2)) {
        if 10 < blocks(&factors) {
            continue;
        }
        let file = jpeg::write(SIZE, &factors, None, component);
        let expected = djpeg.decode(&file, "jpg", &["-dct", "int", "-outfile", "OUT", "IN"]);
        let frame = pixels(&decode(&Jpeg, &file)).materialize().unwrap();
        let Samples::U8(samples) = &frame.planes[0].samples else { panic!("JPEG has 8 bits") };
        let error =
            samples.iter().zip(netpbm(&expected)).map(|(found, wanted)| found.abs_diff(*wanted)).max();
        assert!(error <= Some(4), "{factors:?}: {error:?}");
    }
}
