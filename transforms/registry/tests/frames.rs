//! Frames as AWS `HealthImaging` stores them, through the whole plan: values, windows, sizes.

use bytes::Bytes;
use image::{DynamicImage, ImageFormat};
use safelight_core::{Kind, Plan, Result, Settings, testing::Output};
use safelight_registry::REGISTRY;

fn answer(raw: &str, source: &Bytes) -> Result<Output> {
    let plan = Plan::new(REGISTRY, REGISTRY.query(raw, "")?)?;
    Output::collect(plan.start(&Settings::default()), source, 4096)
}

fn png(raw: &str, source: &Bytes) -> DynamicImage {
    let answer = answer(raw, source).unwrap_or_else(|error| panic!("{raw}: {error}"));
    assert_eq!(answer.content_type(), "image/png", "{raw}");
    image::load_from_memory_with_format(&answer.body(), ImageFormat::Png).expect("a PNG")
}

fn codestream(name: &str) -> Bytes {
    let path = format!("{}/../../engine/containers/tests/codestreams/{name}", env!("CARGO_MANIFEST_DIR"));
    Bytes::from(std::fs::read(path).expect("the codestream is there"))
}

/// The samples that were encoded, from 0 to 65 535: 40 × 30 pixels.
fn picture() -> Vec<u16> {
    let sample = |i: u32| {
        let (x, y) = (i % 40, i / 40);
        (x * x + 2 * y * y + (x / 8 + y / 8) % 2 * 200) * 65_535 / 5000
    };
    (0..1200).map(|i| sample(i) as u16).collect()
}

#[test]
fn nothing_is_lost_where_no_format_is_asked_for() {
    for name in ["ht-grey16.j2c", "ht-signed16.j2c"] {
        let DynamicImage::ImageLuma16(found) = png("width=40", &codestream(name)) else { panic!("{name}") };
        assert!(found.into_raw() == picture(), "{name}");
    }
}

#[test]
fn a_window_is_of_stored_values() {
    // DICOM PS3.3 C.11.2.1.2.1, of the values that the signed frame stores.
    let expected = picture().into_iter().map(|sample| {
        let above = f64::from(sample) - 32_768.0 - (-20_000.0 - 0.5);
        ((above / 15_999.0 + 0.5).clamp(0.0, 1.0) * 255.0).round() as u8
    });
    let found = png("window=-20000,16000", &codestream("ht-signed16.j2c"));
    let DynamicImage::ImageLuma8(found) = found else { panic!("a windowed frame has 8 bits") };
    assert!(found.into_raw() == expected.collect::<Vec<_>>());
}

#[test]
fn a_smaller_frame_is_the_frame_made_smaller() {
    let frame = codestream("ht-grey16.j2c");
    let whole = Bytes::from(answer("format=png", &frame).expect("a picture").body());
    for raw in ["width=10", "width=12&crop=4,3,30,20", "width=5", "window=20000,40000&width=10"] {
        let (from_frame, from_whole) = (png(raw, &frame).into_luma16(), png(raw, &whole).into_luma16());
        assert_eq!(from_frame.dimensions(), from_whole.dimensions(), "{raw}");
        let squares =
            from_frame.iter().zip(from_whole.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
        let mean = squares.sum::<f64>() / from_whole.len() as f64;
        let decibels = 20.0 * (65_535.0 / mean.sqrt()).log10();
        eprintln!("{raw}: {decibels:.1} dB");
        assert!(34.0 < decibels, "{raw}: {decibels} dB");
    }
}

#[test]
fn a_prefix_of_a_frame_is_a_frame() {
    let frame = codestream("ht-signed16.j2c");
    let prefix = Bytes::from(answer("resolution=2", &frame).expect("a prefix").body());
    assert!(prefix.len() < frame.len() / 4);
    let [from_prefix, from_frame] = [&prefix, &frame].map(|source| png("width=6", source));
    assert!(from_prefix == from_frame);
    let error = answer("resolution=2&width=6", &frame).expect_err("two answers");
    assert_eq!(error.kind, Kind::Conflict);
}
