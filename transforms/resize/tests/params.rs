//! What do queries ask for, and what do they answer to values that are wrong?

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
    check("bg=a1b2c3FF", "background=a1b2c3");
    check("w=3&dpr=1.0", "width=3");
    check("w=3&dpr=5", "width=3&dpr=5");
    check("g=Center", "");
    check("g=0.5,.50", "");
    check("g=North-East", "gravity=north-east");
    check("g=1,0", "gravity=north-east");
    check("g=0.30,0.70001", "gravity=0.3%2C0.7");
    check("g=0,1.0", "gravity=south-west");
}

#[test]
fn a_wrong_value_says_what_would_be_right() {
    let check = |raw, message: &str| {
        let error = query(raw).unwrap_err();
        assert_eq!((error.kind, error.to_string().as_str()), (Kind::InvalidParam, message), "{raw}");
    };
    check("width=0", "width: must be a whole number from 1 to 16384 px, not \"0\"");
    check("w=16385", "width: must be a whole number from 1 to 16384 px, not \"16385\"");
    check("w=1.5", "width: must be a whole number from 1 to 16384 px, not \"1.5\"");
    check("h=-1", "height: must be a whole number from 1 to 16384 px, not \"-1\"");
    check("h=", "height: must be a whole number from 1 to 16384 px, not \"\"");
    check("fit=inside", "fit: must be one of scale-down, contain, cover, fill, pad, not \"inside\"");
    check("dpr=0.999", "dpr: must be a number from 1 to 5, not \"0.999\"");
    check("dpr=5.001", "dpr: must be a number from 1 to 5, not \"5.001\"");
    let colour = "background: must be a colour as rrggbb or rrggbbaa in hexadecimal digits, not";
    check("bg=fff", &format!("{colour} \"fff\""));
    check("bg=%2300ff00", &format!("{colour} \"#00ff00\""));
    check("bg=%2B0ff00", &format!("{colour} \"+0ff00\""));
    check("bg=00ff0g", &format!("{colour} \"00ff0g\""));
    check("bg=red", &format!("{colour} \"red\""));
    let gravity = "gravity: must be center, north, north-east, east, south-east, south, south-west, west, \
                   north-west, or x,y as fractions from 0 to 1, not";
    check("g=up", &format!("{gravity} \"up\""));
    check("g=0.5", &format!("{gravity} \"0.5\""));
    check("g=1.001,0", &format!("{gravity} \"1.001,0\""));
    check("g=-0.1,0", &format!("{gravity} \"-0.1,0\""));
    check("g=0,0,0", &format!("{gravity} \"0,0,0\""));
    check("g=1e-1,0", &format!("{gravity} \"1e-1,0\""));
    check("g=NaN,0", &format!("{gravity} \"NaN,0\""));
}

#[test]
fn without_a_side_nothing_is_asked_for() {
    for raw in ["", "dpr=2", "fit=cover&gravity=north", "fit=pad&background=ff0000"] {
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
fn a_side_that_is_too_long_is_refused_before_anything_is_decoded() {
    assert!(op("w=1").output(geometry(65_535, 1)).is_ok());
    let error = op("w=1").output(geometry(1, 65_536)).unwrap_err();
    assert_eq!(error.kind, Kind::LimitExceeded);
    let message = "a picture of 1 × 65536 pixels; 65535 is the longest side it scales";
    assert_eq!(error.to_string(), message);
}
