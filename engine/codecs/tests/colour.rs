//! Are images of the corpus converted to sRGB as by another engine?
//!
//! The expected values are from littlecms: `ImageCms.profileToProfile(picture, its own profile, sRGB,
//! renderingIntent=0)` of Pillow 13, at these points.

#![cfg(all(feature = "jpeg", feature = "png"))]

use bytes::Bytes;
use safelight_codecs::{Jpeg, Png};
use safelight_core::{Decode, Decoder, Detection, Format, Frame, Image, Limits, Model, Plane, Samples, Size};
use std::{fs, path::Path};

/// The first channels of a pixel, in 8 bits.
fn pixel(plane: &Plane, x: u32, y: u32, channels: usize) -> Vec<i32> {
    let at = (y as usize * plane.size.w as usize + x as usize) * usize::from(plane.channels);
    match &plane.samples {
        Samples::U8(samples) => samples[at..at + channels].iter().map(|it| i32::from(*it)).collect(),
        Samples::U16(samples) => {
            samples[at..at + channels].iter().map(|it| (i32::from(*it) + 128) / 257).collect()
        }
    }
}

fn decode(path: &Path, keep_profile: bool) -> Image {
    let bytes = Bytes::from(fs::read(path).expect("the file exists"));
    let is_png = Format::detect(&bytes) == Detection::Known(Format::Png);
    let decoder: &dyn Decoder = if is_png { &Png } else { &Jpeg };
    let decode =
        Decode { needed: Size::new(u32::MAX, u32::MAX), all_frames: false, keep_profile, chroma: (1, 1) };
    let mut image = decoder.decode(bytes, &decode, &Limits::default()).expect("the image is valid");
    let pixels = |frame: Frame| frame.materialize().and_then(Frame::into_rgb).expect("planes of one image");
    image.frames = image.frames.into_iter().map(pixels).collect();
    image
}

/// Checks pixels `(x, y, channels)` of a file of the corpus, each channel to within `tolerance` of 255.
fn check(name: &str, tolerance: i32, expected: &[(u32, u32, &[i32])]) {
    let Some(corpus) = safelight_images::corpus() else { return };
    let image = decode(&corpus.join(name), false);
    assert_eq!(image.profile, None, "{name}");
    let plane = &image.frames[0].planes[0];
    for (x, y, channels) in expected {
        let found = pixel(plane, *x, *y, channels.len());
        let is_near =
            found.iter().zip(*channels).all(|(found, expected)| (found - expected).abs() <= tolerance);
        assert!(is_near, "{name} at {x}, {y}: {found:?}, not {channels:?}");
    }
}

#[test]
fn wide_gamuts_are_converted() {
    check("sharp/p3.png", 1, &[(1, 1, &[255, 0, 0, 255]), (7, 7, &[255, 0, 0, 255])]);
    check("sharp/prophoto.png", 1, &[(0, 0, &[117, 160, 210])]);
}

#[test]
fn a_profile_that_rotates_hues_is_applied() {
    let expected: &[(u32, u32, &[i32])] =
        &[(400, 400, &[152, 152, 152]), (200, 600, &[0, 63, 255]), (700, 700, &[0, 0, 0])];
    check("avif/red-at-12-oclock-with-color-profile.png", 1, expected);
    check("avif/red-at-12-oclock-with-color-profile.jpg", 2, expected);
}

#[test]
fn cmyk_is_converted_with_and_without_a_profile() {
    let with = "sharp/Channel_digital_image_CMYK_color.jpg";
    let expected: &[(u32, u32, &[i32])] = &[
        (62, 41, &[120, 119, 118]),
        (187, 83, &[137, 136, 130]),
        (250, 166, &[169, 185, 139]),
        (375, 124, &[148, 141, 132]),
        (125, 249, &[30, 58, 26]),
        (437, 291, &[100, 113, 133]),
    ];
    check(with, 3, expected);
    // The same picture: it looks like print as well, though not like that of the same press.
    check("sharp/Channel_digital_image_CMYK_color_no_profile.jpg", 14, expected);
}

#[test]
fn grey_profiles_are_applied() {
    let expected: &[(u32, u32, &[i32])] =
        &[(150, 66, &[54]), (200, 133, &[57]), (300, 100, &[128]), (100, 200, &[7]), (350, 233, &[0])];
    check("sharp/concert.jpg", 2, expected);
    // Even if profiles are kept: grey may become RGB later.
    let Some(corpus) = safelight_images::corpus() else { return };
    let [kept, not] = [true, false].map(|keep| decode(&corpus.join("sharp/concert.jpg"), keep));
    assert_eq!((kept.profile, &kept.frames[0].planes), (None, &not.frames[0].planes));
}

#[test]
fn palettes_and_srgb_images_are_unchanged() {
    check("sharp/swiss.png", 0, &[(8, 8, &[255, 255, 255]), (25, 17, &[230, 9, 18]), (51, 25, &[223, 4, 1])]);
    let expected: &[(u32, u32, &[i32])] =
        &[(40, 30, &[81, 79, 80]), (240, 90, &[2, 1, 0]), (280, 210, &[16, 14, 15])];
    check("sharp/320x240.jpg", 2, expected);
}

#[test]
fn sixteen_bits_stay_sixteen() {
    let Some(corpus) = safelight_images::corpus() else { return };
    let image = decode(&corpus.join("sharp/16-bit-grey-alpha.png"), false);
    let frame = &image.frames[0];
    assert_eq!((frame.model, image.profile), (Model::GreyAlpha, None));
    assert!(matches!(frame.planes[0].samples, Samples::U16(_)));
}

#[test]
fn a_profile_is_kept_on_request() {
    let path = safelight_images::path("photo.jpg");
    let (kept, converted) = (decode(&path, true), decode(&path, false));
    assert!(kept.profile.is_some());
    assert_eq!(converted.profile, None);
    assert_ne!(kept.frames, converted.frames);
    let cmyk = "sharp/Channel_digital_image_CMYK_color.jpg";
    let Some(corpus) = safelight_images::corpus() else { return };
    assert_eq!(decode(&corpus.join(cmyk), true).profile, None, "CMYK is always converted");
}
