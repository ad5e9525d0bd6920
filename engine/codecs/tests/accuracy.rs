//! Are colours converted without bias, and as exactly as 8 bits allow?
//!
//! Rounding alone has a root mean square error of 0.289 of 255.

#![cfg(all(feature = "jpeg", feature = "tiff"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{decode, float::Profile, icc, tiff};
use moxcms::ColorProfile;
use safelight_codecs::Tiff;
use safelight_core::{Decode, Decoder, Detection, Format, Limits, Samples};
use std::collections::BTreeMap;
use zune_core::bytestream::ZCursor;

const SIDE: u16 = 256;

/// Pixels spread over all colours.
fn pixels(channels: usize) -> Vec<u8> {
    let count = usize::from(SIDE).pow(2);
    let mut seed = 1_u64;
    let mut next = || {
        // Knuth's linear congruential generator (MMIX).
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 56) as u8
    };
    (0..count * channels).map(|at| if channels == 1 { at as u8 } else { next() }).collect()
}

/// The mean and the root mean square of the errors of the decoder, where the result is in the range.
fn errors(icc: &[u8], profile: &Profile) -> (f64, f64) {
    let channels = profile.channels();
    let samples = pixels(channels);
    let photometric = match channels {
        1 => 1,
        3 => 2,
        _ => 5,
    };
    let file = tiff::File::new((SIDE, SIDE), photometric, &vec![8; channels], samples.clone());
    let image = decode(&Tiff, &file.with_profile(icc).bytes());
    let Samples::U8(found) = &image.frames[0].planes[0].samples else { panic!("8 bits stay 8") };
    let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
    for (pixel, found) in samples.chunks(channels).zip(found.chunks(if channels == 1 { 1 } else { 3 })) {
        let pixel: Vec<_> = pixel.iter().map(|level| f64::from(*level) / 255.0).collect();
        for (found, expected) in found.iter().zip(profile.convert(&pixel)) {
            if (0.5..=254.5).contains(&expected) {
                let error = f64::from(*found) - expected;
                (sum, squares, count) = (sum + error, squares + error * error, count + 1.0);
            }
        }
    }
    (sum / count, (squares / count).sqrt())
}

fn check(name: &str, icc: &[u8]) -> bool {
    let Some(profile) = Profile::parse(icc) else { return false };
    let (mean, rms) = errors(icc, &profile);
    eprintln!("{name}: mean {mean:.4}, RMS {rms:.4}");
    assert!(mean.abs() < 0.05 && rms < 0.35, "{name}: mean {mean}, RMS {rms}");
    true
}

#[test]
fn common_spaces_are_converted_without_bias() {
    let spaces = [
        ("Display P3", ColorProfile::new_display_p3()),
        ("Adobe RGB", ColorProfile::new_adobe_rgb()),
        ("ProPhoto RGB", ColorProfile::new_pro_photo_rgb()),
        ("BT.2020", ColorProfile::new_bt2020()),
        ("grey, gamma 1.8", ColorProfile::new_gray_with_gamma(1.8)),
    ];
    for (name, profile) in spaces {
        assert!(check(name, &profile.encode().unwrap()), "{name}");
    }
    assert!(check("P3, gamma 2.2", &icc::wide_rgb(2.2)));
    assert!(check("linear grey", &icc::linear_grey()));
}

#[test]
fn inks_are_converted_without_bias_and_with_a_black_that_is_black() {
    // Paper, and black ink of a lightness of 12.
    let lab = |[c, m, y, k]: [f64; 4]| {
        let light = (1.0 - 0.4 * c) * (1.0 - 0.5 * m) * (1.0 - 0.1 * y) * (1.0 - 0.84 * k);
        let hue = |one: f64, other: f64| 60.0 * (one - other) * (1.0 - k);
        [12.0 + 88.0 * light.powf(1.3), hue(m, c), hue(y, c)]
    };
    for grid in [2, 5, 9] {
        let icc = icc::cmyk(grid, lab);
        assert!(check(&format!("CMYK, {grid} points"), &icc));
        let black = tiff::File::new((1, 1), 5, &[8; 4], vec![255; 4]).with_profile(&icc);
        assert_eq!(decode(&Tiff, &black.bytes()).frames[0].planes[0].samples, Samples::U8(vec![0; 3]));
    }
}

#[test]
fn profiles_of_the_corpus_are_converted_without_bias() {
    let mut profiles = BTreeMap::new();
    for path in safelight_images::every_file() {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if let Detection::Known(format) = Format::detect(&bytes)
            && let Some(icc) = profile(format, bytes)
        {
            profiles.entry(icc).or_insert(name);
        }
    }
    let (known, unknown): (Vec<_>, Vec<_>) = profiles.iter().partition(|(icc, name)| check(name, icc));
    eprintln!("{} profiles, and of other kinds: {:?}", known.len(), unknown.iter().map(|it| it.1));
    assert!(!known.is_empty(), "the samples are always there");
}

/// The profile in a file of which all colours are not those of sRGB.
fn profile(format: Format, bytes: Vec<u8>) -> Option<Vec<u8>> {
    if format == Format::Jpeg {
        let mut decoder = zune_jpeg::JpegDecoder::new(ZCursor::new(&bytes));
        decoder.decode_headers().ok()?;
        return decoder.icc_profile();
    }
    let decoders: [&dyn Decoder; 2] = [&safelight_codecs::Png, &Tiff];
    let decoder = decoders.into_iter().find(|decoder| decoder.format() == format)?;
    let decode = Decode { keep_profile: true, ..common::wanted(false) };
    let limits = Limits { max_pixels: 1 << 22, ..Limits::default() };
    decoder.decode(bytes.into(), &decode, &limits).ok()?.profile.map(|icc| icc.to_vec())
}
