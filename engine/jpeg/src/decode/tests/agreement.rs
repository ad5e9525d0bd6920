//! Does the decoder agree with libjpeg-turbo?

use super::libjpeg::{Netpbm, djpeg, make};
use super::{decode, decode_with, header, scales};
use crate::decode::{ColourModel, Component, DecodeError, Header, Planes, Scales};
use rayon::prelude::*;
use std::f64::consts::PI;
use std::fs;

/// The largest and the mean difference of samples.
fn difference(ours: impl Iterator<Item = u8>, theirs: &[u8]) -> (u8, f64) {
    let differences: Vec<u8> = ours.zip(theirs).map(|(a, b)| a.abs_diff(*b)).collect();
    assert_eq!(differences.len(), theirs.len());
    let sum: f64 = differences.iter().map(|it| f64::from(*it)).sum();
    (differences.iter().copied().max().unwrap_or(0), sum / theirs.len() as f64)
}

/// The first `w`×`h` samples.
fn crop(plane: &Component, w: usize, h: usize) -> impl Iterator<Item = u8> {
    plane.samples.chunks_exact(plane.w).take(h).flat_map(move |row| &row[..w]).copied()
}

/// Reduces whole blocks of 8 × 8 samples to n × n by the definition: it transforms 8 points orthonormally,
/// and the coefficients of lowest frequency back to n points.
///
/// libjpeg-turbo does the same, except that for n = 4 and n = 2 it averages pairs of samples.
fn reduced(image: &Netpbm, n: usize) -> (usize, usize, Vec<u8>) {
    let cosine = |points: usize, k: usize, at: usize| {
        let norm = if k == 0 { 1.0 } else { 2.0 } / points as f64;
        norm.sqrt() * (PI * ((2 * at + 1) * k) as f64 / (2 * points) as f64).cos()
    };
    let map: Vec<[f64; 8]> = (0..n)
        .map(|y| {
            let entry = |x| (0..n).map(|k| cosine(n, k, y) * cosine(8, k, x)).sum::<f64>();
            std::array::from_fn(|x| entry(x) * (n as f64 / 8.0).sqrt())
        })
        .collect();
    let (across, down) = (image.w / 8, image.h / 8);
    let mut out = vec![0; across * down * n * n];
    for (at, out) in out.iter_mut().enumerate() {
        let (x, y) = (at % (across * n), at / (across * n));
        let sample = |v: usize, u: usize| f64::from(image.samples[(y / n * 8 + v) * image.w + x / n * 8 + u]);
        let row = |v: usize| (0..8).map(|u| map[x % n][u] * sample(v, u)).sum::<f64>();
        *out = (0..8).map(|v| map[y % n][v] * row(v)).sum::<f64>().round().clamp(0.0, 255.0) as u8;
    }
    (across * n, down * n, out)
}

/// Checks the first plane at n/8.
fn check_luma(name: &str, file: &[u8], n: u8) {
    let Some(theirs) = djpeg(file, n, &["-grayscale"]) else { return };
    match (decode(file, n), theirs) {
        (Ok(ours), Ok((theirs, is_sound))) => {
            let scaled = |pixels: u32| (pixels as usize * usize::from(n)).div_ceil(8);
            assert_eq!((theirs.w, theirs.h), (scaled(ours.width), scaled(ours.height)), "{name} {n}/8");
            let plane = &ours.components[0];
            if plane.step != (8.0 / f64::from(n), 8.0 / f64::from(n)) {
                // Luma is subsampled, and djpeg scales it up.
                return;
            }
            let (max, mean) = if let 2 | 4 = n {
                let Some(Ok((whole, _))) = djpeg(file, 8, &["-grayscale"]) else { panic!("{name}") };
                let (w, h, expected) = reduced(&whole, n.into());
                difference(crop(plane, w, h), &expected)
            } else {
                difference(crop(plane, theirs.w, theirs.h), &theirs.samples)
            };
            assert!(
                mean < 1.0 || theirs.samples.is_empty() || mean.is_nan(),
                "{name} {n}/8: {mean} off on average"
            );
            // The expected samples were clamped to 0..=255 before their reduction.
            assert!(!is_sound || max <= 1 || matches!(n, 2 | 4), "{name} {n}/8: {max} off at most");
            assert_eq!(ours.is_damaged, !is_sound, "{name} {n}/8");
        }
        (Err(DecodeError::Unsupported(_)), _) | (Err(_), Err(_)) => (),
        (ours, theirs) => panic!("{name} {n}/8: {:?}, djpeg {:?}", ours.err(), theirs.err()),
    }
}

/// Converts an image to RGB: each sample repeats over the pixels that it covers, and the equations of JFIF
/// 1.02 have 16 fractional bits, as in libjpeg.
fn to_rgb(planes: &Planes, n: u8, w: usize, h: usize) -> Vec<u8> {
    let mut pixels = Vec::new();
    for at in 0..w * h {
        let sample = |component: &Component| {
            let of = |at: usize, step: f64| (at as f64 * 8.0 / f64::from(n) / step) as usize;
            component.samples[of(at / w, component.step.1) * component.w + of(at % w, component.step.0)]
        };
        let [first, second, third] = [0, 1, 2].map(|index| i32::from(sample(&planes.components[index])));
        let (blue, red) = (second - 128, third - 128);
        let of = |sum: i32| (first + ((sum + 0x8000) >> 16)).clamp(0, 255) as u8;
        pixels.extend(match planes.colour_model {
            ColourModel::Rgb => [first as u8, second as u8, third as u8],
            _ => [of(91_881 * red), of(-22_554 * blue - 46_802 * red), of(116_130 * blue)],
        });
    }
    pixels
}

/// Checks all planes of an undamaged file of three components at full size.
fn check_colours(name: &str, file: &[u8]) {
    let Some(Ok((theirs, true))) = djpeg(file, 8, &["-rgb"]) else { return };
    let ours = decode(file, 8).unwrap();
    let (max, _) = difference(to_rgb(&ours, 8, theirs.w, theirs.h).into_iter(), &theirs.samples);
    assert!(max <= 1, "{name}: {max} off at most");
}

#[test]
fn corpus_files_agree() {
    safelight_images::corpus_files().into_par_iter().for_each(|path| {
        let file = fs::read(&path).unwrap();
        let Some(frame) = header(&file).ok().filter(Header::is_covered) else { return };
        let name = path.display().to_string();
        for n in 1..=8 {
            check_luma(&name, &file, n);
        }
        if frame.colour_model != ColourModel::Grey {
            check_colours(&name, &file);
        }
    });
}

#[test]
fn sample_files_agree() {
    for name in safelight_images::names().filter(|it| it.contains(".jpg")) {
        let file = safelight_images::read(name);
        for n in 1..=8 {
            check_luma(name, &file, n);
        }
        if header(&file).unwrap().colour_model != ColourModel::Grey {
            check_colours(name, &file);
        }
    }
}

/// Scans of a sequential file with one component each, and with one and two.
const SEPARATE: &str = "0;1;2;";
const PAIRED: &str = "0;1,2;";
/// Progressive scans with uneven bands, in which each component starts coarse and DC coefficients are
/// completed last.
const GRADUAL: &str = "0,1,2: 0-0, 0, 2; 0: 1-9, 0, 2; 0: 10-63, 0, 3; 1: 1-63, 0, 1; 2: 1-5, 0, 0; \
    2: 6-63, 0, 0; 0: 10-63, 3, 2; 0: 1-63, 2, 1; 0: 1-63, 1, 0; 1: 1-63, 1, 0; 0,1,2: 0-0, 2, 1; 0,1,2: 0-0, 1, 0;";

#[test]
fn all_options_of_cjpeg_agree() {
    let scene = Netpbm::scene(227, 149);
    let folder = tempfile::tempdir().unwrap();
    let script = |name: &str, scans: &str| {
        let path = folder.path().join(name);
        fs::write(&path, scans).unwrap();
        path.display().to_string()
    };
    let [separate, paired, gradual] = [("separate", SEPARATE), ("paired", PAIRED), ("gradual", GRADUAL)]
        .map(|(name, scans)| script(name, scans));
    let codings: [&[&str]; 15] = [
        &[],
        &["-optimize"],
        &["-progressive"],
        &["-restart", "1"],
        &["-restart", "3B"],
        &["-progressive", "-restart", "2"],
        &["-scans", &separate],
        &["-scans", &paired, "-restart", "5B"],
        &["-progressive", "-scans", &gradual],
        &["-quality", "3", "-progressive"],
        &["-quality", "1"],
        &["-arithmetic"],
        &["-arithmetic", "-restart", "3B"],
        &["-arithmetic", "-progressive"],
        &["-arithmetic", "-progressive", "-scans", &gradual, "-restart", "1"],
    ];
    let samplings = [
        "1x1",
        "2x1",
        "1x2",
        "2x2",
        "4x1",
        "1x4",
        "4x2",
        "2x4",
        "3x1,1x1,1x1",
        "2x2,2x1,1x2",
        "3x2,1x2,1x1",
        "1x1,2x2,1x1",
    ];
    for sampling in samplings {
        for coding in codings {
            let options = [&["-quality", "90", "-sample", sampling], coding].concat();
            let Some(file) = make("cjpeg", &options, &scene) else { return };
            let name = format!("{options:?}");
            for n in 1..=8 {
                check_luma(&name, &file, n);
            }
            check_colours(&name, &file);
        }
    }
    for options in [&["-rgb"][..], &["-rgb", "-progressive"], &["-rgb", "-sample", "2x2"]] {
        let Some(file) = make("cjpeg", options, &scene) else { return };
        assert_eq!(header(&file).unwrap().colour_model, ColourModel::Rgb);
        check_colours(&format!("{options:?}"), &file);
    }
    for options in [&["-grayscale"][..], &["-grayscale", "-progressive"], &["-grayscale", "-sample", "2x2"]] {
        let Some(file) = make("cjpeg", options, &scene) else { return };
        assert_eq!(header(&file).unwrap().colour_model, ColourModel::Grey);
        for n in 1..=8 {
            check_luma(&format!("{options:?}"), &file, n);
        }
    }
}

/// Decodes chroma at twice the scale of luma, as libjpeg-turbo does for 4:2:0 at these sizes: the planes have
/// one sample for each pixel.
#[test]
fn chroma_at_another_scale() {
    let scene = Netpbm::scene(227, 149);
    for coding in [&[][..], &["-progressive"]] {
        let options = [&["-quality", "90", "-sample", "2x2"], coding].concat();
        let Some(file) = make("cjpeg", &options, &scene) else { return };
        for n in [1, 3] {
            let Some(Ok((theirs, _))) = djpeg(&file, n, &["-rgb"]) else { return };
            let scales = Scales { first: n, others: 2 * n };
            let planes = decode_with(&file, scales, usize::MAX, false).unwrap();
            let (max, mean) = difference(to_rgb(&planes, n, theirs.w, theirs.h).into_iter(), &theirs.samples);
            // At 1/8, libjpeg-turbo computes 2 × 2 samples of chroma as means of pairs.
            assert!(
                if n == 1 { mean < 4.0 } else { max <= 3 },
                "{coding:?} {n}/8: {max} at most, {mean} on average"
            );
        }
    }
}

#[test]
fn truncated_files_agree() {
    let scene = Netpbm::scene(120, 90);
    let codings = [&["-sample", "2x1"][..], &["-restart", "7B"], &["-restart", "1"], &["-arithmetic"]];
    for coding in codings {
        let Some(file) = make("cjpeg", &[&["-quality", "85"], coding].concat(), &scene) else { return };
        let start = header(&file[..file.len() / 4]).map_or(file.len() / 3, |_| 700);
        for end in (start..file.len() - 2).step_by(97) {
            let Some(theirs) = djpeg(&file[..end], 8, &["-grayscale"]) else { return };
            let (Ok((theirs, _)), Ok(ours)) = (theirs, decode(&file[..end], 8)) else { continue };
            assert!(ours.is_damaged);
            let plane = &ours.components[0];
            assert_eq!(
                difference(crop(plane, theirs.w, theirs.h), &theirs.samples).0,
                0,
                "{coding:?} at {end}"
            );
        }
    }
}

#[test]
fn files_with_missing_or_wrong_restart_markers_agree() {
    let Some(file) = make("cjpeg", &["-quality", "85", "-restart", "4B"], &Netpbm::scene(320, 200)) else {
        return;
    };
    let marker = |number: u8| super::find(&file, 0xD0 + number)[1];
    let without = |number: u8| [&file[..marker(number)], &file[marker(number) + 2..]].concat();
    let with = |number: u8, other: u8| {
        let mut changed = file.clone();
        changed[marker(number) + 1] = other;
        changed
    };
    let cases = [
        ("missing", without(3)),
        ("one too early", with(3, 0xD4)),
        ("two too early", with(3, 0xD5)),
        ("one too late", with(3, 0xD2)),
        ("far off", with(3, 0xD7)),
        ("undefined", with(3, 0x42)),
        ("the end", with(3, 0xD9)),
    ];
    for (name, file) in cases {
        let Some(Ok((theirs, _))) = djpeg(&file, 8, &["-grayscale"]) else { panic!("{name}") };
        let ours = decode(&file, 8).unwrap();
        assert_eq!(difference(crop(&ours.components[0], theirs.w, theirs.h), &theirs.samples).0, 0, "{name}");
        assert_eq!(decode_with(&file, scales(8), 11, true).unwrap(), ours, "{name}");
    }
}
