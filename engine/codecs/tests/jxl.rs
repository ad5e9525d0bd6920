//! JPEG XL: samples, limits and damage. Lossless files come from an encoder of another project.

#![cfg(feature = "jxl")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{assert_survives, decode, decode_all, formats, header, scene, try_decode, wanted};
use safelight_codecs::Jxl;
use safelight_core::{Decoder, Frame, Isolation, Kind, Limits, Model, Samples, Size, Stop, StopReason};
use std::fs;
use zune_core::{bit_depth::BitDepth, colorspace::ColorSpace, options::EncoderOptions};
use zune_jpegxl::JxlSimpleEncoder;

const SIZE: Size = Size::new(70, 41);

/// A lossless codestream of a frame of 8 or 16 bits.
fn encode(frame: &Frame) -> Vec<u8> {
    let colours = match frame.model {
        Model::Grey => ColorSpace::Luma,
        Model::GreyAlpha => ColorSpace::LumaA,
        Model::Rgb | Model::Ycc { .. } => ColorSpace::RGB,
        Model::Rgba => ColorSpace::RGBA,
    };
    let (samples, depth) = match &frame.planes[0].samples {
        Samples::U8(samples) => (samples.clone(), BitDepth::Eight),
        Samples::U16(samples) => {
            (samples.iter().flat_map(|it| it.to_ne_bytes()).collect(), BitDepth::Sixteen)
        }
    };
    let Size { w, h } = frame.geometry.size;
    let options = EncoderOptions::new(w as usize, h as usize, colours, depth);
    let mut file = Vec::new();
    JxlSimpleEncoder::new(&samples, options).encode(&mut file).unwrap();
    file
}

/// The same frame with 16 bits, of which the lower ones vary.
fn wide(mut frame: Frame) -> Frame {
    let Samples::U8(samples) = &frame.planes[0].samples else { panic!("it has 8 bits") };
    let wide = samples.iter().enumerate().map(|(at, it)| u16::from(*it) << 8 | (at * 37 % 256) as u16);
    frame.planes[0].samples = Samples::U16(wide.collect());
    frame
}

#[test]
fn lossless_samples_are_exact() {
    for model in [Model::Grey, Model::GreyAlpha, Model::Rgb, Model::Rgba] {
        // The encoder writes wrong alpha of 16 bits.
        let depths = if model.has_alpha() { 1 } else { 2 };
        for frame in [scene(SIZE, model, 3), wide(scene(SIZE, model, 3))].into_iter().take(depths) {
            let file = encode(&frame);
            let image = decode(&Jxl, &file);
            assert!(image.frames == [frame], "{model:?}");
            assert!(image.profile.is_none() && image.delays_ms.is_empty());
        }
    }
    // In a container, whose EXIF does not turn it.
    let frame = scene(SIZE, Model::Rgb, 0);
    let boxed =
        |kind: &[u8; 4], body: &[u8]| [&(8 + body.len() as u32).to_be_bytes(), &kind[..], body].concat();
    let exif = b"\0\0\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let file = [
        b"\0\0\0\x0CJXL \r\n\x87\n".to_vec(),
        boxed(b"ftyp", b"jxl \0\0\0\0jxl "),
        boxed(b"Exif", exif),
        boxed(b"jxlc", &encode(&frame)),
    ];
    assert!(decode(&Jxl, &file.concat()).frames == [frame]);
}

#[test]
fn limits_apply_before_samples_are_decoded() {
    let file = encode(&scene(SIZE, Model::Rgb, 0));
    let check = |limits: Limits| try_decode(&Jxl, &file, &wanted(false), &limits).map_err(|error| error.kind);
    let max_pixels = SIZE.pixels();
    assert!(check(Limits { max_pixels, ..Limits::default() }).is_ok());
    let limits = Limits { max_pixels: max_pixels - 1, ..Limits::default() };
    assert_eq!(check(limits).unwrap_err(), Kind::LimitExceeded);
}

#[test]
fn a_decode_stops() {
    let file = encode(&scene(Size::new(600, 500), Model::Rgba, 0));
    let stop = Stop::default();
    let opened = Jxl.open(file.into(), &Limits::default()).unwrap();
    stop.set(StopReason::Disconnected);
    assert!(opened.decode(&wanted(false), &stop).is_err());
}

#[test]
fn damage_is_an_error_and_never_a_panic() {
    for model in [Model::Grey, Model::Rgba] {
        assert_survives(&Jxl, &encode(&scene(SIZE, model, 1)));
    }
    let file = encode(&scene(SIZE, Model::Rgb, 0));
    for end in [0, 1, 2, 3, 10, file.len() / 2, file.len() - 1] {
        let error = try_decode(&Jxl, &file[..end], &wanted(false), &Limits::default()).unwrap_err();
        assert_eq!(error.kind, Kind::Corrupt, "cut at {end}");
    }
}

/// A file of the conformance suite: its name, size, frames and model, a frame, and the mean of each channel of that frame
/// in 1/255, as libjxl 0.11.2 decodes it.
type Known = (&'static str, (u32, u32), u32, Model, usize, &'static [f64]);

/// Files in sRGB of the conformance suite of the JPEG XL project, in a folder beside the corpus.
const CONFORMANCE: &[Known] = &[
    ("alpha_nonpremultiplied_input", (1024, 1024), 1, Model::Rgba, 0, &[191.14, 127.41, 127.41, 127.41]),
    ("alpha_triangles_input", (1024, 1024), 1, Model::Rgba, 0, &[127.50, 127.50, 127.31, 127.50]),
    ("animation_spline_input", (320, 320), 60, Model::Rgb, 30, &[1.02, 0.51, 0.53]),
    ("bicycles_input", (1024, 631), 1, Model::Rgb, 0, &[117.44, 112.71, 116.51]),
    // XYB with a profile of linear light, which the decoder cannot convert to: the decoded values in sRGB.
    ("progressive_input", (4064, 2704), 1, Model::Rgb, 0, &[119.59, 89.33, 65.94]),
    ("delta_palette_input", (555, 751), 1, Model::Rgb, 0, &[173.66, 77.62, 93.35]),
    ("upsampling_input", (800, 600), 1, Model::Rgba, 0, &[99.19, 103.93, 81.63, 67.97]),
];

fn means(frame: &Frame) -> Vec<f64> {
    let channels = usize::from(frame.planes[0].channels);
    let samples: Vec<f64> = match &frame.planes[0].samples {
        Samples::U8(samples) => samples.iter().map(|it| f64::from(*it)).collect(),
        Samples::U16(samples) => samples.iter().map(|it| f64::from(*it) / 257.0).collect(),
    };
    let mean = |channel| {
        samples.iter().skip(channel).step_by(channels).sum::<f64>() / (samples.len() / channels) as f64
    };
    (0..channels).map(mean).collect()
}

#[test]
fn files_of_the_conformance_suite_look_as_in_libjxl() {
    for path in formats("jxl") {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let Some((_, (w, h), frames, model, at, expected)) =
            CONFORMANCE.iter().find(|(known, ..)| *known == name)
        else {
            continue;
        };
        let file = fs::read(&path).unwrap();
        let found = header(&Jxl, &file, &Limits::default()).unwrap();
        assert_eq!((found.geometry.size, found.frames), (Size::new(*w, *h), *frames), "{name}");
        let image = decode_all(&Jxl, &file);
        assert_eq!((image.frames.len() as u32, image.frames[0].model), (*frames, *model), "{name}");
        assert_eq!(image.delays_ms.len(), if *frames == 1 { 0 } else { *frames as usize }, "{name}");
        let found = means(&image.frames[*at]);
        // The same frame as a page.
        let page = Jxl.open_page(file.clone().into(), *at as u32, &Limits::default()).unwrap();
        assert!(!page.header().is_animated, "{name}");
        assert!(
            page.decode(&wanted(true), &Stop::default()).unwrap().frames == image.frames[*at..=*at],
            "{name}"
        );
        assert!(Jxl.open_page(file.clone().into(), *frames, &Limits::default()).is_err(), "{name}");
        let is_near = found.iter().zip(*expected).all(|(found, expected)| (found - expected).abs() < 0.1);
        assert!(is_near && found.len() == expected.len(), "{name}: {found:?}");
        // Large ones go to a child process, which holds them to their memory.
        let opened = Jxl.open(file.into(), &Limits::default()).unwrap();
        let is_large = 3_670_016 < w * h * u32::from(model.channels());
        assert_eq!(opened.isolation(), if is_large { Isolation::Always } else { Isolation::Never }, "{name}");
    }
}
