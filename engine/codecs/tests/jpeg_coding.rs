//! Are JPEGs in arithmetic and lossless coding, and those of 12 bits, decoded to the right pixels?

#![cfg(feature = "jpeg")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use bytes::Bytes;
use common::{decode, header, try_decode, wanted};
use safelight_codecs::Jpeg;
use safelight_core::{
    Decode, Decoder, Image, Kind, Limits, Model, Opening, SampleEncoding, Samples, Size, Stop, StopReason,
};

/// The scene of `safelight-jpeg`'s tests, 41 × 27: in Huffman coding, and transcoded.
const BASELINE: &[u8] = include_bytes!("../../jpeg/src/decode/tests/baseline.jpg");
const ARITHMETIC: &[u8] = include_bytes!("../../jpeg/src/decode/tests/arithmetic.jpg");
/// The scene with 12 bits.
const TWELVE: &[u8] = include_bytes!("../../jpeg/src/decode/tests/twelve.jpg");
const TWELVE_ARITHMETIC: &[u8] = include_bytes!("../../jpeg/src/decode/tests/twelve_arithmetic.jpg");
/// The scene, and its green channel with 16 bits.
const LOSSLESS: &[u8] = include_bytes!("../../jpeg/src/decode/tests/lossless.jpg");
const LOSSLESS_16: &[u8] = include_bytes!("../../jpeg/src/decode/tests/lossless16.jpg");

const SIZE: Size = Size::new(41, 27);

/// The pixels of the image, without those that complete blocks.
fn pixels(image: Image) -> Samples {
    let frame = image.frames.into_iter().next().unwrap().materialize().unwrap().into_rgb().unwrap();
    assert_eq!(frame.geometry.size, SIZE);
    let plane = frame.materialize().unwrap().planes.remove(0);
    assert_eq!(plane.size, SIZE);
    plane.samples
}

fn narrow(samples: Samples) -> Vec<u8> {
    match samples {
        Samples::U8(samples) => samples,
        Samples::U16(samples) => panic!("{} samples of 16 bits", samples.len()),
    }
}

fn wide(samples: Samples) -> Vec<u16> {
    match samples {
        Samples::U16(samples) => samples,
        Samples::U8(samples) => panic!("{} samples of 8 bits", samples.len()),
    }
}

#[test]
fn arithmetic_coding_gives_the_pixels_of_huffman_coding() {
    for needed in [SIZE, Size::new(20, 13), Size::new(5, 3)] {
        let at =
            |file| try_decode(&Jpeg, file, &Decode { needed, ..wanted(false) }, &Limits::default()).unwrap();
        assert_eq!(at(ARITHMETIC), at(BASELINE), "{needed:?}");
    }
}

#[test]
fn twelve_bits_fill_sixteen() {
    assert_eq!(header(&Jpeg, TWELVE, &Limits::default()).unwrap().sample_bytes, 2);
    let image = decode(&Jpeg, TWELVE);
    assert_eq!(image.frames[0].model, Model::Rgb);
    assert_eq!(image, decode(&Jpeg, TWELVE_ARITHMETIC));
    let found = wide(pixels(image));
    let scene = narrow(pixels(decode(&Jpeg, LOSSLESS)));
    // A sample has the 8 bits of the scene and 4 that count samples.
    let exact = scene.iter().enumerate().map(|(at, it)| f64::from(*it) * 16.0 + (at % 16) as f64);
    let error = |(found, exact): (&u16, f64)| (f64::from(*found) / 65_535.0 - exact / 4095.0).powi(2);
    let mean = found.iter().zip(exact).map(error).sum::<f64>() / found.len() as f64;
    let decibels = -10.0 * mean.log10();
    assert!(25.0 < decibels, "{decibels} dB");
}

#[test]
fn lossless_grey_states_its_depth() {
    let image = decode(&Jpeg, LOSSLESS_16);
    let frame = &image.frames[0];
    assert_eq!((frame.model, frame.encoding), (Model::Grey, None));
    let scene = narrow(pixels(decode(&Jpeg, LOSSLESS)));
    let green = scene.iter().skip(1).step_by(3).zip(0..);
    let expected: Vec<_> = green.map(|(it, at)| u16::from(*it) << 8 | ((at * 7) & 255)).collect();
    assert_eq!(wide(pixels(image)), expected);
    // The same differences as a file of 12 bits: the prediction of the first sample is 2048, not 32 768.
    let mut twelve = LOSSLESS_16.to_vec();
    let frame = twelve.windows(2).position(|it| it == [0xFF, 0xC3]).unwrap();
    twelve[frame + 4] = 12;
    let image = decode(&Jpeg, &twelve);
    let encoding = SampleEncoding { bits: 12, is_signed: false };
    assert_eq!(image.frames[0].encoding, Some(encoding));
    let shifted = expected.iter().map(|it| it.wrapping_add(2048).wrapping_sub(32_768).min(4095));
    let scaled: Vec<_> = shifted.map(|it| encoding.sample(it, u16::MAX)).collect();
    assert_eq!(wide(pixels(image)), scaled);
}

#[test]
fn arithmetic_coding_is_decoded_from_the_whole_source() {
    let open = |file| Jpeg.open_stream(file, &Limits::default()).unwrap();
    assert!(matches!(open(ARITHMETIC), Opening::NeedAll));
    assert!(matches!(open(BASELINE), Opening::Opened(_)));
    assert!(matches!(open(LOSSLESS), Opening::Opened(_)));
    let stop = Stop::default();
    stop.set(StopReason::Disconnected);
    let opened = Jpeg.open(Bytes::from_static(ARITHMETIC), &Limits::default()).unwrap();
    assert!(opened.decode(&wanted(false), &stop).is_err());
}

#[test]
fn cmyk_in_other_coding_is_unsupported() {
    let frame = |marker, precision| {
        [
            &[0xFF, 0xD8, 0xFF, marker, 0, 20, precision, 0, 8, 0, 8, 4][..],
            &[
                1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0, 0xFF, 0xDA, 0, 14, 4, 1, 0, 2, 0, 3, 0, 4, 0,
                0, 63, 0,
            ],
        ]
        .concat()
    };
    for file in [frame(0xC9, 8), frame(0xC1, 12), frame(0xC3, 8)] {
        let error = try_decode(&Jpeg, &file, &wanted(false), &Limits::default()).unwrap_err();
        assert_eq!(error.kind, Kind::UnsupportedFormat);
    }
}
