//! Hashes and pictures are those of the reference implementation, the npm package `thumbhash` 0.1.1.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64::{Engine, engine::general_purpose::STANDARD};
use safelight_core::Size;
use safelight_filters::Thumbnail;
use safelight_thumbhash::{average, hash, picture};

/// The picture of a formula.
fn painted(w: u32, h: u32, has_alpha: bool) -> Thumbnail {
    let pixel = |x: u32, y: u32| {
        let alpha = if has_alpha { x * 13 + y * 17 } else { 255 };
        [x * 7 + y * 3, x * x + y * 5, y * 11, alpha].map(|value| value as u8)
    };
    let rgba = (0..h).flat_map(|y| (0..w).flat_map(move |x| pixel(x, y))).collect();
    Thumbnail { size: Size::new(w, h), rgba }
}

#[test]
fn hashes_and_pictures_are_those_of_the_reference() {
    let check = |size: (u32, u32), has_alpha, expected: &str, drawn: (u32, u32, u32), mean: [f64; 4]| {
        let hash = hash(&painted(size.0, size.1, has_alpha));
        assert_eq!(STANDARD.encode(&hash), expected, "{size:?}");
        let picture = picture(&hash).unwrap();
        let sum = picture.rgba.iter().fold(0, |sum, byte| (sum * 31 + u32::from(*byte)) % 1_000_003);
        assert_eq!((picture.width, picture.height, sum), drawn, "{size:?}");
        let found = average(&hash).unwrap();
        let is_near = found.iter().zip(mean).all(|(found, expected)| (found - expected).abs() < 1e-6);
        assert!(is_near, "{size:?}: {found:?}");
        for end in 0..hash.len() {
            assert_eq!(safelight_thumbhash::picture(&hash[..end]), None, "{size:?} cut to {end}");
        }
    };
    check(
        (40, 30),
        false,
        "XfgJTY4GaHZDh5VweLh3dTdqf5CG",
        (32, 23, 310_563),
        [0.468_254, 0.484_127, 0.428_571, 1.0],
    );
    check(
        (30, 40),
        false,
        "nxgGLQgyWCFYCHgYd3x4R0M5D6Jk",
        (23, 32, 623_314),
        [0.542_328, 0.494_709, 0.439_153, 1.0],
    );
    check(
        (100, 7),
        false,
        "lgoGIYJVNJB0d3d3RX9XoJo=",
        (32, 5, 263_889),
        [0.468_254, 0.452_381, 0.126_984, 1.0],
    );
    check(
        (33, 33),
        true,
        "nhiGLQQHM0hDeYCYiFVZD5OEV7RpGma0BQ==",
        (32, 32, 49_611),
        [0.526_455, 0.478_836, 0.423_28, 0.466_667],
    );
    check(
        (64, 20),
        true,
        "nQiGKoAHZXFwhoh2fwjqWUc3l5dygIE=",
        (32, 13, 656_306),
        [0.494_709, 0.478_836, 0.407_407, 0.466_667],
    );
}

#[test]
fn a_picture_becomes_a_png() {
    let png = picture(&hash(&painted(40, 30, false))).unwrap().to_png();
    assert!(png.starts_with(b"\x89PNG\r\n\x1A\n") && png.len() < 4096, "{}", png.len());
}
