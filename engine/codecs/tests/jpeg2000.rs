//! JPEG 2000 and HTJ2K of two other encoders, compared with their input at every resolution; and damage.

#![cfg(all(feature = "jpeg2000", feature = "png"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{assert_survives, decode, decode_with_profile, header, try_decode, wanted};
use safelight_codecs::{Jpeg2000, Png};
use safelight_core::{
    Decode, Detection, Encode, Encoder, Format, Frame, Kind, Limits, Model, SampleEncoding, Samples, Size,
    Stop, View,
};

const SIZE: Size = Size::new(40, 30);

/// A codestream from the folder of test data.
fn codestream(name: &str) -> Vec<u8> {
    let path = format!("{}/../containers/tests/codestreams/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The input of the encoders, from 0 to `2^bits - 1`.
fn picture(bits: u32, channels: u32) -> Vec<u32> {
    let sample = |i: u32| {
        let (x, y, c) = (i / channels % SIZE.w, i / channels / SIZE.w, i % channels);
        let level = x * x + 2 * y * y + (x / 8 + y / 8) % 2 * 200 + c * 150;
        level * ((1 << bits) - 1) / 5000
    };
    (0..SIZE.w * SIZE.h * channels).map(sample).collect()
}

/// The stored values of the source, relative to the lowest one that its depth allows.
fn values(frame: &Frame) -> Vec<u32> {
    let offset = frame.encoding.filter(|it| it.is_signed).map_or(0, |it| 1 << (it.bits - 1));
    let value = |sample, bits, most| {
        let stored = frame.encoding.unwrap_or(SampleEncoding { bits, is_signed: false });
        (stored.value(sample, most) + offset) as u32
    };
    match &frame.planes[0].samples {
        Samples::U8(samples) => samples.iter().map(|sample| value((*sample).into(), 8, 255)).collect(),
        Samples::U16(samples) => samples.iter().map(|sample| value(*sample, 16, 65_535)).collect(),
    }
}

#[test]
fn lossless_codestreams_are_exact() {
    let check = |name: &str, bits: u8, model: Model, stored| {
        let bytes = codestream(name);
        assert_eq!(Format::detect(&bytes), Detection::Known(Format::Jpeg2000), "{name}");
        let header = header(&Jpeg2000, &bytes, &Limits::default()).unwrap();
        let image = decode(&Jpeg2000, &bytes);
        let [frame] = image.frames.as_slice() else { panic!("{name} has a frame") };
        assert_eq!(
            (frame.geometry, frame.geometry.size, frame.model),
            (header.geometry, SIZE, model),
            "{name}"
        );
        assert_eq!((frame.encoding, frame.view), (stored, View::whole(SIZE)), "{name}");
        assert!(values(frame) == picture(bits.into(), model.channels().into()), "{name}");
    };
    let twelve = Some(SampleEncoding { bits: 12, is_signed: false });
    check("ht-grey16.j2c", 16, Model::Grey, None);
    check("ht-signed16.j2c", 16, Model::Grey, Some(SampleEncoding { bits: 16, is_signed: true }));
    check("ht-rgb8.j2c", 8, Model::Rgb, None);
    check("ht-whole.j2c", 16, Model::Grey, None);
    check("ht-tiles.j2c", 16, Model::Grey, None);
    check("grey12-lengths.j2k", 12, Model::Grey, twelve);
    check("grey12-precincts.j2k", 12, Model::Grey, twelve);
    check("grey12-position.j2k", 12, Model::Grey, twelve);
    check("grey12-layers.j2k", 12, Model::Grey, twelve);
    check("rgb8.jp2", 8, Model::Rgb, None);
}

#[test]
fn lossy_codestreams_are_close() {
    let image = decode(&Jpeg2000, &codestream("grey8-lossy.jp2"));
    let found = values(&image.frames[0]);
    let errors = found.iter().zip(picture(8, 1)).map(|(a, b)| f64::from(*a) - f64::from(b));
    let (sum, squares) = errors.fold((0.0, 0.0), |(sum, squares), it| (sum + it, squares + it * it));
    let count = SIZE.pixels() as f64;
    assert!((sum / count).abs() < 0.2, "brighter by {}", sum / count);
    assert!(squares / count < 8.0, "{}", squares / count);
}

#[test]
fn lower_resolutions_have_the_right_position() {
    for name in ["ht-grey16.j2c", "ht-tiles.j2c", "grey12-lengths.j2k", "ht-signed16.j2c"] {
        let bytes = codestream(name);
        let full = values(&decode(&Jpeg2000, &bytes).frames[0]);
        for (needed, shrink) in
            [((40, 30), 1), ((14, 11), 1), ((13, 10), 2), ((6, 5), 4), ((7, 4), 2), ((1, 1), 8)]
        {
            let shrink = if name == "ht-tiles.j2c" { shrink.min(4) } else { shrink };
            let decode = Decode { needed: Size::new(needed.0, needed.1), ..wanted(false) };
            let image = try_decode(&Jpeg2000, &bytes, &decode, &Limits::default()).unwrap();
            let [frame] = image.frames.as_slice() else { panic!("{name} has a frame") };
            let plane = &frame.planes[0];
            let step = f64::from(shrink);
            assert_eq!((frame.geometry.size, plane.step), (SIZE, (step, step)), "{name} {needed:?}");
            let View { x, y, w, h } = frame.view;
            assert_eq!((w, h), (40.0, 30.0));
            assert!(x + w <= f64::from(plane.size.w) * step && y + h <= f64::from(plane.size.h) * step);
            // A sample is at the centre of its step, and the image starts at `x`.
            let (mut error, mut count) = (0.0, 0.0);
            let most = f64::from(if frame.encoding.is_some_and(|it| it.bits == 12) { 4095 } else { 65_535 });
            for (i, value) in values(frame).into_iter().enumerate() {
                let (column, row) = (i as u32 % plane.size.w, i as u32 / plane.size.w);
                let at = |index: u32, from: f64| ((f64::from(index) + 0.5) * step - from - 0.5) as u32;
                let (column, row) = (at(column, x), at(row, y));
                if column < SIZE.w && row < SIZE.h {
                    let there = full[(row * SIZE.w + column) as usize];
                    error += (f64::from(value.abs_diff(there)) / most).powi(2);
                    count += 1.0;
                }
            }
            assert!((error / count).sqrt() < 0.03, "{name} {needed:?}: {}", (error / count).sqrt());
        }
    }
}

#[test]
fn a_prefix_of_resolutions_can_be_decoded() {
    // SOC to the end of the second of four tile-parts, as `resolution=2` gives it, and EOC.
    let prefix = [&codestream("ht-signed16.j2c")[..354], b"\xFF\xD9"].concat();
    let cut = Decode { needed: Size::new(6, 5), ..wanted(false) };
    let decode = |bytes: &[u8]| try_decode(&Jpeg2000, bytes, &cut, &Limits::default()).unwrap();
    assert_eq!(decode(&prefix), decode(&codestream("ht-signed16.j2c")));
}

#[test]
fn a_png_keeps_depth_and_samples() {
    let image = decode(&Jpeg2000, &codestream("grey12-lengths.j2k"));
    let png = Png.encode(&image, &Encode::default(), &Stop::default()).unwrap();
    let again = decode_with_profile(&Png, &png);
    assert_eq!(again, image);
}

#[test]
fn unsupported_codestreams_are_rejected() {
    use Kind::{Corrupt, LimitExceeded, UnsupportedFormat};

    let check = |name: &str, at: usize, values: &[u8], kind: Kind, message: &str| {
        let mut bytes = codestream(name);
        bytes[at..at + values.len()].copy_from_slice(values);
        let header = header(&Jpeg2000, &bytes, &Limits::default()).unwrap_err();
        assert_eq!(header.kind, kind, "{header}");
        assert!(header.message.contains(message), "{header}");
        let error = try_decode(&Jpeg2000, &bytes, &wanted(false), &Limits::default()).unwrap_err();
        assert_eq!((error.kind, error.message), (header.kind, header.message));
    };
    let name = "ht-rgb8.j2c";
    check(name, 8, &[1, 0, 0, 0], LimitExceeded, "16777216 × 30 pixels");
    // Four thousand columns in tiles of one pixel.
    let tiles = [0, 0, 16, 0, 0, 0, 0, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1];
    check(name, 8, &tiles, UnsupportedFormat, "for its size");
    check(name, 16, &[0, 0, 0, 1], UnsupportedFormat, "does not start at the origin");
    check(name, 43, &[2], UnsupportedFormat, "fewer samples than pixels");
    check(name, 42, &[8], UnsupportedFormat, "several depths");
    check("ht-grey16.j2c", 42, &[16], UnsupportedFormat, "more than 16 bits");
    check(name, 8, &[0, 0, 0, 0], Corrupt, "invalid sizes (SIZ)");
}

#[test]
fn limits_are_checked_before_pixels() {
    let limits = Limits { max_pixels: SIZE.pixels() - 1, ..Limits::default() };
    for name in ["ht-grey16.j2c", "rgb8.jp2"] {
        let error = header(&Jpeg2000, &codestream(name), &limits).unwrap_err();
        assert_eq!(error.kind, Kind::LimitExceeded);
        assert!(error.message.contains("1199"), "{error}");
    }
}

#[test]
fn damage_gives_an_image_or_an_error() {
    for name in
        ["ht-signed16.j2c", "ht-rgb8.j2c", "ht-tiles.j2c", "grey12-precincts.j2k", "grey12-layers.j2k"]
    {
        assert_survives(&Jpeg2000, &codestream(name));
    }
    for name in ["rgb8.jp2", "grey8-lossy.jp2"] {
        assert_survives(&Jpeg2000, &codestream(name));
    }
}
