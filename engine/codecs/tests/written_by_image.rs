//! BMP, ICO and TIFF: files that the `image` crate writes, the sample, the corpus, and damage.

#![cfg(all(feature = "bmp", feature = "ico", feature = "tiff"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{assert_survives, decode, header, sample, scene, to_rgba, try_decode};
use image::{ExtendedColorType, ImageFormat};
use safelight_codecs::{Bmp, Ico, Tiff};
use safelight_core::{Decoder, Detection, Format, Kind, Limits, Model, Samples, Size};
use std::io::Cursor;

const SIZE: Size = Size::new(13, 9);

/// A file of `samples`, native endian.
fn file(format: ImageFormat, colour: ExtendedColorType, samples: &[u8]) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image::write_buffer_with_format(&mut file, samples, SIZE.w, SIZE.h, colour, format).unwrap();
    file.into_inner()
}

#[test]
fn pixels_are_exact() {
    let check = |codec: &dyn Decoder, format, model, colour| {
        let picture = scene(SIZE, model, 0);
        let Samples::U8(samples) = &picture.planes[0].samples else { panic!("scenes have 8 bits") };
        let bytes = file(format, colour, samples);
        assert_eq!(Format::detect(&bytes), Detection::Known(codec.format()), "{format:?}");
        assert_ne!(codec.format().encoded_as(), codec.format());
        let header = header(codec, &bytes, &Limits::default()).unwrap();
        assert_eq!((header.geometry, header.frames), (picture.geometry, 1));
        assert_eq!(to_rgba(&decode(codec, &bytes).frames[0]), to_rgba(&picture), "{format:?} {model:?}");
    };
    check(&Bmp, ImageFormat::Bmp, Model::Grey, ExtendedColorType::L8);
    check(&Bmp, ImageFormat::Bmp, Model::Rgb, ExtendedColorType::Rgb8);
    check(&Bmp, ImageFormat::Bmp, Model::Rgba, ExtendedColorType::Rgba8);
    check(&Ico, ImageFormat::Ico, Model::Rgba, ExtendedColorType::Rgba8);
    check(&Tiff, ImageFormat::Tiff, Model::Grey, ExtendedColorType::L8);
    check(&Tiff, ImageFormat::Tiff, Model::Rgb, ExtendedColorType::Rgb8);
    check(&Tiff, ImageFormat::Tiff, Model::Rgba, ExtendedColorType::Rgba8);
}

#[test]
fn sixteen_bits_stay_sixteen() {
    let samples: Vec<u16> = (0..SIZE.w * SIZE.h * 3).map(|i| (i * 187) as u16).collect();
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect();
    let decoded = decode(&Tiff, &file(ImageFormat::Tiff, ExtendedColorType::Rgb16, &bytes));
    let floats: Vec<u8> =
        samples.iter().flat_map(|sample| (f32::from(*sample) / 65_535.0).to_ne_bytes()).collect();
    let samples = Samples::U16(samples);
    assert_eq!(decoded.frames[0].planes[0].samples, samples);
    let decoded = decode(&Tiff, &file(ImageFormat::Tiff, ExtendedColorType::Rgb32F, &floats));
    assert_eq!(decoded.frames[0].planes[0].samples, samples);
}

#[test]
fn the_sample_has_a_profile() {
    let bytes = sample("photo.tiff");
    let kept = common::decode_with_profile(&Tiff, &bytes);
    let applied = decode(&Tiff, &bytes);
    assert!(kept.profile.is_some() && applied.profile.is_none());
    assert_ne!(kept.frames[0].planes, applied.frames[0].planes);
}

#[test]
fn orientation_is_read_from_the_tag() {
    let mut bytes = file(ImageFormat::Tiff, ExtendedColorType::L8, &[0; 117]);
    // An entry of the encoder is replaced by an orientation: readers accept any order.
    let entry = bytes.windows(4).position(|window| window == [0x53, 0x01, 0x03, 0x00]);
    let at = entry.expect("the encoder states the sample format");
    bytes[at..at + 12].copy_from_slice(&[0x12, 0x01, 3, 0, 1, 0, 0, 0, 8, 0, 0, 0]);
    let header = header(&Tiff, &bytes, &Limits::default()).unwrap();
    assert_eq!(header.geometry.orientation.get(), 8);
    assert_eq!(decode(&Tiff, &bytes).frames[0].geometry, header.geometry);
}

#[test]
fn the_corpus_decodes_or_is_rejected_with_a_reason() {
    let Some(folder) = safelight_images::corpus() else { return };
    let files = safelight_images::corpus_files();
    let is_tiff = |path: &std::path::Path| path.extension().is_some_and(|end| end == "tif" || end == "tiff");
    let (mut decoded, mut compared) = (0, 0);
    for path in files.iter().filter(|path| is_tiff(path)) {
        let bytes = std::fs::read(path).unwrap();
        match try_decode(&Tiff, &bytes, &common::wanted(false), &Limits::default()) {
            Ok(_) => {
                decoded += 1;
                // Samples as they are stored agree with another decoder.
                let ours = common::decode_with_profile(&Tiff, &bytes);
                let theirs = image::load_from_memory_with_format(&bytes, ImageFormat::Tiff);
                if let (Model::Rgb, Ok(theirs)) = (ours.frames[0].model, theirs) {
                    assert!(to_rgba(&ours.frames[0]) == theirs.to_rgba8().into_raw(), "{}", path.display());
                    compared += 1;
                }
            }
            Err(error) => assert!(
                matches!(error.kind, Kind::UnsupportedFormat | Kind::Corrupt),
                "{}: {error}",
                path.display()
            ),
        }
    }
    assert!(0 < decoded && 0 < compared, "{}", folder.display());
}

#[test]
fn limits_are_checked_before_pixels() {
    let limits = Limits { max_pixels: SIZE.pixels() - 1, ..Limits::default() };
    let check = |codec: &dyn Decoder, format, colour, channels: usize| {
        let bytes = file(format, colour, &vec![7; SIZE.pixels() as usize * channels]);
        let error = try_decode(codec, &bytes, &common::wanted(false), &limits).unwrap_err();
        assert_eq!(error.kind, Kind::LimitExceeded);
        assert!(error.message.contains(&limits.max_pixels.to_string()), "{error}");
        assert_eq!(header(codec, &bytes, &limits).unwrap_err().kind, Kind::LimitExceeded);
        assert_survives(codec, &bytes);
    };
    check(&Bmp, ImageFormat::Bmp, ExtendedColorType::Rgb8, 3);
    check(&Ico, ImageFormat::Ico, ExtendedColorType::Rgba8, 4);
    check(&Tiff, ImageFormat::Tiff, ExtendedColorType::Rgb16, 6);
}
