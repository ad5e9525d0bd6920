//! `quality=auto` reaches its score, and `format=best` is the smallest of the accepted formats.

mod common;

use bytes::Bytes;
use common::Picture;
use safelight_core::{Kind, Limits, Plan, Result, Settings, testing::Output};
use safelight_registry::REGISTRY;
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

/// An `Accept` header of all formats.
const ALL: &str = "image/avif,image/webp";

fn respond_with(raw: &str, accept: &str, source: &Bytes, settings: &Settings) -> Result<Output> {
    let plan = Plan::new(REGISTRY, REGISTRY.query(raw, accept)?)?;
    Output::collect(plan.start(settings), source, 10_000)
}

fn respond(raw: &str, accept: &str, source: &Bytes) -> Output {
    respond_with(raw, accept, source, &Settings::default()).expect("a sound image")
}

fn photo() -> Bytes {
    safelight_images::read("photo.jpg").into()
}

/// A drawing of few colours, as an opaque PNG without a palette.
fn drawing() -> Bytes {
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 30 20'><circle cx='9' cy='9' r='7' fill='red'/>\
               <rect x='12' y='3' width='15' height='9' fill='#036'/></svg>";
    respond("width=300&format=png&background=ffffff", "", &Bytes::from_static(svg.as_bytes())).body().into()
}

fn quality(output: &Output) -> Option<u8> {
    output.head.expect("a response has a head").quality
}

/// Returns the SSIMULACRA2 of a response by the reference, beside the same without loss.
fn score(output: &Output, lossless: &Output) -> f64 {
    let [original, image] = [lossless, output].map(|output| {
        let picture = Picture::decode(&output.body()).expect("a format that needs no program");
        let pixels = picture.pixels().map(|&[r, g, b, _]| [r, g, b]).collect();
        let (transfer, primaries) = (TransferCharacteristic::SRGB, ColorPrimaries::BT709);
        Rgb::new(pixels, picture.w, picture.h, transfer, primaries).expect("as many pixels as the size says")
    });
    compute_frame_ssimulacra2(original, image).expect("two images of one size")
}

#[test]
fn an_automatic_quality_reaches_the_score_of_the_operator() {
    // The larger size is judged by bands of rows.
    for size in ["width=400", "width=1200"] {
        let lossless = respond(&format!("{size}&format=png"), "", &photo());
        for format in ["jpeg", "webp"] {
            let mut qualities = Vec::new();
            for target in [55, 70, 82] {
                let settings = Settings { quality_target: target, ..Settings::default() };
                let raw = format!("{size}&format={format}&quality=auto");
                let found = respond_with(&raw, "", &photo(), &settings).expect("a sound image");
                let score = score(&found, &lossless);
                let quality = quality(&found).expect("a format with a quality");
                eprintln!("{raw} for {target}: quality {quality}, score {score:.2}");
                assert!((score - f64::from(target)).abs() <= 4.0, "{raw} for {target}: {score:.2}");
                qualities.push(quality);
            }
            assert!(qualities.is_sorted_by(|low, high| low < high), "{format}: {qualities:?}");
        }
    }
}

#[test]
fn formats_without_a_quality_ignore_an_automatic_one() {
    for (raw, source) in [("format=png", photo()), ("format=webp&compression=lossless", drawing())] {
        let found = respond(&format!("width=100&{raw}&quality=auto"), "", &source);
        assert!(found.body() == respond(&format!("width=100&{raw}"), "", &source).body(), "{raw}");
        assert_eq!(quality(&found), None, "{raw}");
    }
}

#[test]
fn an_image_that_is_too_small_for_a_score_has_a_predicted_quality() {
    let found = respond("width=7&format=jpeg&quality=auto", "", &photo());
    assert!(quality(&found).is_some());
}

#[test]
fn an_automatic_quality_is_lowered_for_a_limit_on_bytes() {
    let raw = "width=300&format=webp&quality=auto";
    let free = respond(raw, "", &photo()).body().len();
    let max = free * 2 / 3;
    let limited = respond(&format!("{raw}&maxBytes={max}"), "", &photo()).body().len();
    assert!(limited <= max, "{limited} of {max}, {free} without a limit");
}

#[test]
fn the_best_format_is_the_smallest_that_the_client_accepts() {
    let length = |raw: &str| respond(raw, "", &photo()).body().len();
    let best = respond("width=300&format=best", "", &photo());
    assert_eq!(best.content_type(), "image/jpeg");
    assert!(quality(&best).is_some());
    let best = respond("width=300&format=best", ALL, &photo());
    let all =
        ["avif", "webp", "jpeg"].map(|format| length(&format!("width=300&format={format}&quality=auto")));
    assert_eq!(Some(&best.body().len()), all.iter().min(), "{all:?}");
    let best = respond("width=300&format=best", "image/webp", &photo());
    assert_ne!(best.content_type(), "image/avif");
}

#[test]
fn the_best_format_of_a_drawing_loses_nothing() {
    let source = drawing();
    let best = respond("format=best", "", &source);
    assert_eq!((best.content_type(), quality(&best)), ("image/png", None));
    let best = respond("format=best", "image/webp", &source);
    assert_eq!((best.content_type(), quality(&best)), ("image/webp", None));
    assert!((score(&best, &respond("format=png", "", &source)) - 100.0).abs() < 0.01);
}

#[test]
fn the_best_format_keeps_transparency_and_frames() {
    let svg = Bytes::from_static(
        b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'><path d='M0 0h9v9z'/></svg>",
    );
    assert_eq!(respond("width=200&format=best", "", &svg).content_type(), "image/png");
    for (accept, expected) in [("", "image/gif"), (ALL, "image/webp"), ("image/avif", "image/gif")] {
        let source = safelight_images::read("animated.gif").into();
        assert_eq!(respond("format=best", accept, &source).content_type(), expected, "{accept}");
    }
}

#[test]
fn a_limit_on_work_leaves_out_what_is_dear() {
    let settings =
        |max_work_ms| Settings { limits: Limits { max_work_ms, ..Limits::default() }, ..Settings::default() };
    let raw = "width=1200&format=best";
    // Enough for JPEG and PNG, but not for AVIF.
    let cheap = respond_with(raw, ALL, &photo(), &settings(400)).expect("JPEG takes little");
    assert_ne!(cheap.content_type(), "image/avif");
    let error = respond_with(raw, ALL, &photo(), &settings(1)).expect_err("nothing takes so little");
    assert_eq!(error.kind, Kind::LimitExceeded);
    // At last, the prediction is not corrected: AVIF of 1200 × 800 pixels takes about 1300 ms alone.
    let raw = "width=1200&format=avif&quality=auto";
    let predicted = respond_with(raw, "", &photo(), &settings(1400)).expect("as cheap as a number");
    assert!(quality(&predicted).is_some());
}
