//! WebP against its samples, the corpus, an independent decoder, and damage.

#![cfg(all(feature = "webp", feature = "jpeg"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    Judge, assert_round_trip, assert_survives, corpus, decode, decode_all, header, image, psnr, sample,
    scene, to_rgba, try_decode,
};
use safelight_codecs::{Jpeg, Webp};
use safelight_core::{
    Compression, Decode, Encode, Encoder, Frame, Image, Kind, Limits, Model, Samples, Size, Stop,
};

#[test]
fn a_still_image_is_decoded_with_its_orientation() {
    let bytes = sample("orientation-6.webp");
    let header = header(&Webp, &bytes, &Limits::default()).unwrap();
    assert_eq!((header.geometry.orientation.get(), header.frames, header.is_animated), (6, 1, false));
    let image = decode(&Webp, &bytes);
    assert_eq!(image.frames[0].geometry, header.geometry);
    assert_eq!(image.frames[0].model, Model::Rgb);
    assert!(image.delays_ms.is_empty());
}

#[test]
fn a_profile_is_applied_or_kept() {
    let bytes = sample("still.webp");
    let applied = decode(&Webp, &bytes);
    let kept = common::decode_with_profile(&Webp, &bytes);
    assert_eq!(applied.profile, None);
    assert!(kept.profile.is_some());
    assert_ne!(applied.frames[0].planes, kept.frames[0].planes);
    let again = Webp
        .encode(
            &kept,
            &Encode { compression: Some(Compression::Lossless), ..Encode::default() },
            &Stop::default(),
        )
        .unwrap();
    assert_eq!(common::decode_with_profile(&Webp, &again), Image { ..kept });
}

#[test]
fn decoded_pixels_are_those_of_dwebp() {
    let Some(dwebp) = Judge::find("dwebp") else { return };
    let mut files = vec![sample("still.webp"), sample("orientation-6.webp")];
    files.extend(corpus(&["sharp/4.webp", "sharp/5_webp_a.webp"]));
    for bytes in files {
        let ours = &common::decode_with_profile(&Webp, &bytes).frames[0];
        let theirs = dwebp.decode(&bytes, "webp", &["-pam", "-o", "OUT", "IN"]);
        let decibels = common::psnr_to_pam(ours, &theirs);
        assert!(45.0 < decibels, "{decibels} dB");
    }
}

#[test]
fn lossless_images_are_exact() {
    let lossless = Encode { compression: Some(Compression::Lossless), ..Encode::default() };
    for model in [Model::Grey, Model::GreyAlpha, Model::Rgb, Model::Rgba] {
        let picture = scene(Size::new(33, 21), model, 0);
        let bytes = Webp.encode(&image(vec![picture.clone()]), &lossless, &Stop::default()).unwrap();
        let back = decode(&Webp, &bytes);
        assert_eq!(to_rgba(&back.frames[0]), to_rgba(&picture), "{model:?}");
    }
}

#[test]
fn lossy_images_are_close() {
    for model in [Model::Rgb, Model::Rgba] {
        let picture = scene(Size::new(160, 120), model, 0);
        let of = |quality| {
            let options = Encode { quality, ..Encode::default() };
            Webp.encode(&image(vec![picture.clone()]), &options, &Stop::default()).unwrap()
        };
        let back = decode(&Webp, &of(None));
        assert!(32.0 < psnr(&back.frames[0], &picture), "{} dB", psnr(&back.frames[0], &picture));
        assert_eq!(of(None), of(Some(80)), "80 is the default");
        assert!(of(Some(20)).len() < of(None).len());
        if model == Model::Rgba {
            let alpha = |frame: &Frame| to_rgba(frame).iter().skip(3).step_by(4).copied().collect::<Vec<_>>();
            assert_eq!(alpha(&back.frames[0]), alpha(&picture));
        }
    }
}

#[test]
fn luma_and_chroma_are_encoded_without_conversion_to_rgb() {
    // Odd sides, and no restart markers.
    let jpeg = Jpeg
        .encode(&image(vec![scene(Size::new(161, 121), Model::Rgb, 0)]), &Encode::default(), &Stop::default())
        .unwrap();
    let planes =
        try_decode(&Jpeg, &jpeg, &Decode { chroma: (2, 2), ..common::wanted(false) }, &Limits::default());
    let planes = planes.unwrap().frames.remove(0).materialize().unwrap();
    assert!(matches!(planes.model, Model::Ycc { .. }));
    let rgb = planes.clone().into_rgb().unwrap();
    let after = |frame: &Frame| {
        let bytes = Webp.encode(&image(vec![frame.clone()]), &Encode::default(), &Stop::default()).unwrap();
        psnr(&decode(&Webp, &bytes).frames[0], &rgb)
    };
    let (from_planes, from_rgb) = (after(&planes), after(&rgb));
    assert!(34.0 < from_planes && from_rgb - 0.1 < from_planes, "{from_planes} dB, from RGB {from_rgb} dB");

    // Lossless images and animations are converted to RGB.
    let lossless = Encode { compression: Some(Compression::Lossless), ..Encode::default() };
    let back =
        decode(&Webp, &Webp.encode(&image(vec![planes.clone()]), &lossless, &Stop::default()).unwrap());
    assert_eq!(to_rgba(&back.frames[0]), to_rgba(&rgb));
    let two = Image { delays_ms: vec![50, 0], ..image(vec![planes, rgb]) };
    assert_eq!(decode_all(&Webp, &Webp.encode(&two, &lossless, &Stop::default()).unwrap()).frames.len(), 2);
}

#[test]
fn animations_keep_frames_delays_and_plays() {
    let lossless = Encode { compression: Some(Compression::Lossless), ..Encode::default() };
    let frames: Vec<_> = (0..5).map(|shift| scene(Size::new(31, 22), Model::Rgba, shift)).collect();
    let before = Image { delays_ms: vec![10, 0, 70_000, 33, 1], plays: 3, ..image(frames) };
    let bytes = Webp.encode(&before, &lossless, &Stop::default()).unwrap();
    let header = header(&Webp, &bytes, &Limits::default()).unwrap();
    assert_eq!((header.frames, header.is_animated), (5, true));
    let after = decode_all(&Webp, &bytes);
    assert_eq!((&after.delays_ms, after.plays), (&before.delays_ms, before.plays));
    for (after, before) in after.frames.iter().zip(&before.frames) {
        assert_eq!(to_rgba(after), to_rgba(before));
    }
    assert_eq!(decode(&Webp, &bytes).frames, after.frames[..1]);
    if let Some(webpinfo) = Judge::find("webpinfo") {
        let report = webpinfo.report(&bytes, "webp", &["IN"]);
        assert!(report.contains("No error detected"), "{report}");
        assert_eq!(report.matches("Chunk ANMF").count(), 5, "{report}");
        assert!(report.contains("Loop count      : 3"), "{report}");
        assert!(!report.contains("Warning"), "{report}");
    }
}

#[test]
fn frames_that_look_the_same_are_merged() {
    let lossless = Encode { compression: Some(Compression::Lossless), ..Encode::default() };
    let check = |shifts: &[u32], delays: &[u32], expected: &[u32]| {
        let frames = shifts.iter().map(|shift| scene(Size::new(9, 5), Model::Rgb, *shift)).collect();
        let before = Image { delays_ms: delays.to_vec(), ..image(frames) };
        let after = decode_all(&Webp, &Webp.encode(&before, &lossless, &Stop::default()).unwrap());
        assert_eq!(after.delays_ms, expected, "{shifts:?} {delays:?}");
    };
    check(&[1, 1, 2, 2, 2, 1], &[100, 50, 20, 30, 40, 70], &[150, 90, 70]);
    // Viewers show these longer than they say.
    check(&[1, 1, 2], &[10, 50, 70], &[10, 50, 70]);
    check(&[1, 1, 2], &[16_000_000, 777_216, 70], &[16_000_000, 777_216, 70]);
}

/// The sample, and real files with frames smaller than the canvas.
fn animations() -> Vec<Vec<u8>> {
    let real = ["sharp/rotating-squares.webp", "sharp/animated-loop-3.webp", "sharp/big-height.webp"];
    std::iter::once(sample("animated.webp")).chain(corpus(&real)).collect()
}

#[test]
fn frames_are_composed_as_libwebp_composes_them() {
    // A red canvas; a square in its middle, which is cleared or not; one over its corner, which blends or not.
    let frame = |x: u8, side: u8, flags: u8, pixel: [u8; 4]| {
        let size = Size::new(side.into(), side.into());
        let picture = Frame::whole(size, Model::Rgba, Samples::U8(pixel.repeat(usize::from(side).pow(2))));
        let file = Webp
            .encode(
                &image(vec![picture]),
                &Encode { compression: Some(Compression::Lossless), ..Encode::default() },
                &Stop::default(),
            )
            .unwrap();
        let head = [x / 2, 0, 0, x / 2, 0, 0, side - 1, 0, 0, side - 1, 0, 0, 50, 0, 0, flags];
        let content = [&head, &file[12..]].concat();
        [b"ANMF", (content.len() as u32).to_le_bytes().as_slice(), &content].concat()
    };
    let mut files = animations();
    for (first, second) in [(0, 0), (0, 2), (1, 0), (1, 2), (2, 1), (3, 0), (3, 3)] {
        let frames = [
            frame(0, 8, 2, [200, 0, 0, 255]),
            frame(2, 4, first, [0, 200, 0, 128]),
            frame(4, 4, second, [0, 0, 200, 100]),
            frame(0, 2, 0, [9, 9, 9, 0]),
        ];
        let head = b"VP8X\x0a\0\0\0\x12\0\0\0\x07\0\0\x07\0\0ANIM\x06\0\0\0\0\0\0\0\0\0";
        let chunks = [head.as_slice(), &frames.concat()].concat();
        files.push([b"RIFF", (chunks.len() as u32 + 4).to_le_bytes().as_slice(), b"WEBP", &chunks].concat());
    }
    for bytes in files {
        let ours = decode_all(&Webp, &bytes);
        let theirs = webpx::AnimationDecoder::new(&bytes).unwrap().decode_all().unwrap();
        assert_eq!(ours.frames.len(), theirs.len());
        for (frame, theirs) in ours.frames.iter().zip(theirs) {
            let samples = Samples::U8(theirs.data);
            let theirs = Frame::whole(frame.geometry.size, Model::Rgba, samples);
            let decibels = psnr(frame, &theirs);
            assert!(45.0 < decibels, "{decibels} dB");
            let alphas = |frame: &Frame| to_rgba(frame).into_iter().skip(3).step_by(4).collect::<Vec<_>>();
            let apart = alphas(frame).iter().zip(alphas(&theirs)).map(|(a, b)| a.abs_diff(b)).max();
            assert!(apart <= Some(1), "alphas are {apart:?} apart");
        }
    }
}

#[test]
fn real_animations_survive_a_round_trip() {
    for bytes in animations() {
        let before = decode_all(&Webp, &bytes);
        assert!(1 < before.frames.len());
        assert_round_trip(&Webp, &before);
    }
}

#[test]
fn limits_are_checked_before_pixels() {
    let bytes = sample("animated.webp");
    let size = header(&Webp, &bytes, &Limits::default()).unwrap().geometry.size;
    let check = |limits: Limits, all_frames| {
        let error = try_decode(&Webp, &bytes, &common::wanted(all_frames), &limits).unwrap_err();
        assert_eq!(error.kind, Kind::LimitExceeded);
        error.message
    };
    let limits = Limits { max_pixels: size.pixels() - 1, ..Limits::default() };
    assert!(check(limits.clone(), false).contains(&limits.max_pixels.to_string()));
    check(Limits { max_pixels: size.pixels() * 4 - 1, ..Limits::default() }, true);
    assert!(check(Limits { max_frames: 3, ..Limits::default() }, true).contains('3'));
    try_decode(&Webp, &bytes, &common::wanted(false), &Limits { max_frames: 1, ..Limits::default() })
        .unwrap();
}

#[test]
fn sides_that_are_too_long_are_rejected() {
    let frame = Frame::whole(Size::new(16_384, 1), Model::Grey, Samples::U8(vec![0; 16_384]));
    let error = Webp.encode(&image(vec![frame]), &Encode::default(), &Stop::default()).unwrap_err();
    assert_eq!(error.kind, Kind::InvalidParam);
    assert!(error.message.contains("16383"), "{error}");
}

#[test]
fn damage_is_an_error() {
    let lossless = Encode { compression: Some(Compression::Lossless), ..Encode::default() };
    let still = |options| {
        Webp.encode(&image(vec![scene(Size::new(24, 16), Model::Rgba, 0)]), options, &Stop::default())
            .unwrap()
    };
    let moving = image((0..3).map(|shift| scene(Size::new(16, 16), Model::Rgba, shift)).collect());
    let moving = Webp
        .encode(&Image { delays_ms: vec![1; 3], ..moving }, &Encode::default(), &Stop::default())
        .unwrap();
    for bytes in [still(&lossless), still(&Encode::default()), moving] {
        assert_survives(&Webp, &bytes);
    }
}
