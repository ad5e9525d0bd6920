//! Tests of the query parameters and their error messages.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{geometry, op, query};
use safelight_core::{Kind, Size, Transform};
use safelight_resize::Resize;

#[test]
fn queries_have_one_canonical_form() {
    let check = |raw, canonical: &str| assert_eq!(query(raw).unwrap().to_string(), canonical, "{raw}");
    check("", "");
    check("w=1&h=16384", "width=1&height=16384");
    check("width=0300&fit=Scale-Down", "width=300");
    check("w=3&fit=PAD&bg=FFAA00", "width=3&fit=pad&background=ffaa00");
    check("w=3&bg=00000000&fit=pad", "width=3&fit=pad&background=00000000");
    check("w=3&dpr=1.0", "width=3");
    check("w=3&dpr=5", "width=3&dpr=5");
    check("g=Center", "");
    check("g=0.5,.50", "");
    check("g=North-East", "gravity=north-east");
    check("g=1,0", "gravity=north-east");
    check("g=0.30,0.70001", "gravity=0.3%2C0.7");
    check("g=0,1.0", "gravity=south-west");
    check("g=smart", "gravity=attention");
    check("g=top", "gravity=north");
    check("focus=0.5,.5", "focus=0.5%2C0.5");
    check("zoom=1.0&minWidth=5", "minWidth=5");
    check("w=3.5&h=", "width=4");
    check("w=3&fit=Inside", "width=3&fit=contain");
    check("w=3&fit=outside", "width=3&fit=outside");
}

#[test]
fn an_invalid_value_is_reported_with_the_expected_form() {
    let check = |raw, message: &str| {
        let error = query(raw).unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (Kind::InvalidParam, message), "{raw}");
    };
    check("width=0", "width: expected an integer from 1 to 16384, got \"0\"");
    check("w=16385", "width: expected an integer from 1 to 16384, got \"16385\"");
    check("w=16384.5", "width: expected an integer from 1 to 16384, got \"16384.5\"");
    check("h=-1", "height: expected an integer from 1 to 16384, got \"-1\"");
    check("fit=crop", "fit: expected one of scale-down, contain, cover, fill, outside, pad, got \"crop\"");
    check("dpr=0.999", "dpr: expected a number from 1 to 5, got \"0.999\"");
    check("dpr=5.001", "dpr: expected a number from 1 to 5, got \"5.001\"");
    let gravity = "gravity: expected center, north, north-east, east, south-east, south, south-west, west, \
                   north-west, attention, entropy, or x,y as fractions from 0 to 1, got";
    check("g=up", &format!("{gravity} \"up\""));
    check("g=0.5", &format!("{gravity} \"0.5\""));
    check("g=1.001,0", &format!("{gravity} \"1.001,0\""));
    check("g=-0.1,0", &format!("{gravity} \"-0.1,0\""));
    check("g=0,0,0", &format!("{gravity} \"0,0,0\""));
    check("g=1e-1,0", &format!("{gravity} \"1e-1,0\""));
    check("g=NaN,0", &format!("{gravity} \"NaN,0\""));
}

#[test]
fn there_is_no_step_without_a_side() {
    for raw in
        ["", "dpr=2", "focus=0.1,0.2", "zoom=1", "fit=cover&gravity=north", "fit=pad&background=ff0000"]
    {
        assert!(Resize.step(&query(raw).unwrap()).unwrap().is_none(), "{raw}");
    }
}

#[test]
fn boxes_are_fitted() {
    let check = |raw, (w, h), expected: (u32, u32)| {
        let size = op(raw).output(geometry(w, h)).unwrap().size;
        assert_eq!(size, Size::new(expected.0, expected.1), "{raw} of {w} × {h}");
    };
    check("w=100&h=100", (400, 200), (100, 50));
    check("w=100", (400, 200), (100, 50));
    check("h=100", (400, 200), (200, 100));
    check("w=1000", (400, 200), (400, 200));
    check("w=1000&h=100", (400, 200), (200, 100));
    check("w=300&dpr=2", (400, 200), (400, 200));
    check("w=150&dpr=2", (400, 200), (300, 150));
    check("w=101&dpr=1.5", (400, 200), (152, 76));
    check("w=1000&fit=contain", (400, 200), (1000, 500));
    check("w=100&h=100&fit=contain", (4, 2), (100, 50));
    check("w=100&h=100&fit=cover", (400, 200), (100, 100));
    check("w=100&h=100&fit=cover", (4, 2), (100, 100));
    check("w=100&h=100&fit=cover&dpr=3", (4, 2), (300, 300));
    check("w=100&fit=cover", (4, 2), (100, 50));
    check("w=100&h=100&fit=inside", (4, 2), (100, 50));
    // Sizes of sharp's `outside`.
    check("w=100&h=100&fit=outside", (4, 2), (200, 100));
    check("w=100&h=100&fit=outside", (400, 300), (133, 100));
    check("w=50&h=100&fit=outside", (300, 400), (75, 100));
    check("w=100&h=100&fit=outside&dpr=2", (300, 400), (200, 267));
    check("w=100&fit=outside", (4, 2), (100, 50));
    check("w=100&h=100&fit=fill", (4, 2), (100, 100));
    check("w=100&fit=fill", (4, 2), (100, 50));
    check("w=100&h=100&fit=pad", (4, 2), (100, 100));
    check("w=100&fit=pad", (4, 2), (100, 50));
    // At least one pixel.
    check("w=1", (4000, 20), (1, 1));
    check("h=1&fit=contain", (20, 4000), (1, 1));
    check("w=16384&h=16384&dpr=5&fit=fill", (1, 1), (81_920, 81_920));
}

#[test]
fn a_side_above_the_limit_is_rejected_before_the_decode() {
    assert!(op("w=1").output(geometry(65_535, 1)).is_ok());
    let error = op("w=1").output(geometry(1, 65_536)).unwrap_err();
    assert_eq!(error.kind, Kind::LimitExceeded);
    assert_eq!(error.to_string(), "cannot resize 1 × 65536 pixels: the limit is 65535 a side");
}

#[test]
fn zoom_and_least_sides_change_the_size() {
    let check = |raw, (w, h), expected: (u32, u32)| {
        assert_eq!(op(raw).output(geometry(w, h)).unwrap().size, Size::new(expected.0, expected.1), "{raw}");
    };
    check("zoom=2", (300, 200), (150, 100));
    check("zoom=10", (7, 3), (1, 1));
    check("zoom=2&w=300", (300, 200), (150, 100));
    check("zoom=2&w=300&fit=contain", (300, 200), (300, 200));
    check("zoom=3&w=50&h=50&fit=cover", (300, 200), (50, 50));
    // As imgproxy answers for an image of 300 by 200.
    check("minWidth=450", (300, 200), (450, 300));
    check("minHeight=450", (300, 200), (675, 450));
    check("w=100&minWidth=150", (300, 200), (100, 100));
    check("w=100&h=100&minHeight=100", (300, 200), (100, 100));
    check("w=100&minWidth=50", (300, 200), (100, 67));
    check("w=100&h=100&fit=outside&minWidth=300", (300, 200), (300, 200));
    check("w=100&h=100&fit=cover&minWidth=300", (300, 200), (100, 100));
    check("minWidth=450&dpr=2", (300, 200), (900, 600));
}
