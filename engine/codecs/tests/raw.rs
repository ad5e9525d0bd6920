//! Is the photo in a camera raw file shown, and nothing else of it?

#![cfg(all(feature = "raw", feature = "tiff"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::tiff::{File, Value};
use common::{assert_survives, decode, header, to_rgba, try_decode, wanted};
use safelight_codecs::{Raw, Tiff};
use safelight_core::{Decoder, Detection, Format, Kind, Limits, Orientation, Size};

const PHOTO: (u16, u16) = (24, 16);

fn jpeg((w, h): (u16, u16), level: u8) -> Vec<u8> {
    let mut coded = Vec::new();
    let samples = vec![level; usize::from(w) * usize::from(h)];
    let encoder = jpeg_encoder::Encoder::new(&mut coded, 100);
    encoder.encode(&samples, w, h, jpeg_encoder::ColorType::Luma).unwrap();
    coded
}

/// A file whose first image is a thumbnail, with the photo elsewhere.
fn dng(fields: &[(u16, Value)]) -> Vec<u8> {
    let thumbnail = File::new((2, 1), 1, &[8], vec![7, 7]).with(274, &[6]);
    fields.iter().fold(thumbnail, |file, (tag, value)| file.with_value(*tag, value.clone())).bytes()
}

/// The file of a thumbnail, a photo, and the version of DNG.
fn with_photo() -> Vec<u8> {
    let photo = jpeg(PHOTO, 200);
    let length = Value::Long(vec![photo.len() as u32]);
    let version = Value::Undefined(vec![1, 4, 0, 0]);
    let without = dng(&[(513, Value::Long(vec![0])), (514, length.clone()), (50706, version.clone())]);
    let fields = [(513, Value::Long(vec![without.len() as u32])), (514, length), (50706, version)];
    [dng(&fields), photo].concat()
}

#[test]
fn the_photo_is_shown_and_turned_as_the_raw_file_states() {
    let file = with_photo();
    assert_eq!(Format::detect(&file), Detection::Known(Format::Tiff));
    let header = header(&Tiff, &file, &Limits::default()).unwrap();
    let (w, h) = PHOTO;
    assert_eq!(header.geometry.size, Size::new(w.into(), h.into()));
    assert_eq!(header.geometry.orientation, Orientation::new(6).unwrap());
    let frame = &decode(&Tiff, &file).frames[0];
    assert_eq!(frame.geometry, header.geometry);
    assert!(to_rgba(frame).iter().step_by(4).all(|level| level.abs_diff(200) <= 1));
    assert_survives(&Tiff, &file);
}

#[test]
fn raw_files_in_other_forms_are_shown() {
    let photo = jpeg(PHOTO, 90);
    let mut raf = [&b"FUJIFILMCCD-RAW "[..], &[0; 80]].concat();
    raf[84..88].copy_from_slice(&96_u32.to_be_bytes());
    raf[88..92].copy_from_slice(&(photo.len() as u32).to_be_bytes());
    raf.extend(&photo);
    assert_eq!(Format::detect(&raf), Detection::Known(Format::Raw));
    let frame = &decode(&Raw, &raf).frames[0];
    assert!(to_rgba(frame).iter().step_by(4).all(|level| level.abs_diff(90) <= 1));
    let limits = Limits { max_pixels: 9, ..Limits::default() };
    let error = try_decode(&Raw, &raf, &wanted(false), &limits).unwrap_err();
    assert_eq!(error.kind, Kind::LimitExceeded);
    assert_survives(&Raw, &raf);
}

#[test]
fn a_raw_file_without_a_photo_is_unsupported() {
    let version = (50706, Value::Undefined(vec![1, 4, 0, 0]));
    let check = |decoder: &dyn Decoder, file: Vec<u8>| {
        let error = decoder.open(file.into(), &Limits::default()).err().unwrap();
        assert_eq!(error.kind, Kind::UnsupportedFormat);
        assert!(error.message.ends_with("a camera raw file without a photo that can be decoded"), "{error}");
    };
    check(&Tiff, dng(&[version]));
    check(&Raw, b"FUJIFILMCCD-RAW ".to_vec());
}
