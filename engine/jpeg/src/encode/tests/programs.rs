//! Comparisons with libjpeg-turbo's programs. A missing one fails its test in CI, and is skipped elsewhere.

use super::*;
use std::fs;
use std::io::{Seek, Write};

/// Runs `program` on `input`, and returns its output and messages; `None` if it is not installed.
fn run(program: &str, args: &[&str], input: &[u8]) -> Option<(Vec<u8>, String)> {
    let mut stdin = tempfile::tempfile().unwrap();
    stdin.write_all(input).unwrap();
    stdin.rewind().unwrap();
    let mut command = safelight_images::program(program)?;
    let output = command.args(args).stdin(stdin).output().expect("the program starts");
    Some((output.stdout, String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// Decodes a file with `djpeg`, which must report no damage, and returns its size and RGB or grey samples.
fn djpeg(file: &[u8], args: &[&str], what: &str) -> Option<(usize, usize, Vec<u8>)> {
    let (pnm, messages) = run("djpeg", args, file)?;
    assert_eq!(messages, "", "{what}");
    let mut rest = &pnm[..];
    let mut fields = [""; 4];
    for field in &mut fields {
        let end = rest.iter().position(u8::is_ascii_whitespace).unwrap();
        *field = str::from_utf8(&rest[..end]).unwrap();
        rest = &rest[end + 1..];
    }
    let side = |at: usize| fields[at].parse().unwrap();
    Some((side(1), side(2), rest.to_vec()))
}

#[test]
fn djpeg_reads_every_size_without_warnings() {
    let sides = [1, 2, 7, 8, 9, 16, 17, 31];
    for (w, h) in sides.into_iter().flat_map(|w| sides.map(|h| (w, h))) {
        for (chroma, is_progressive) in CHROMAS.into_iter().zip([false, true, false, true, true]) {
            let what = format!("{w} × {h}, {chroma:?}, progressive {is_progressive}");
            let source = Source::gradients(w, h, chroma);
            let Some(decoded) = djpeg(&source.encode(90, is_progressive), &["-grayscale"], &what) else {
                return;
            };
            assert_eq!((decoded.0, decoded.1), (w, h), "{what}");
            let luma = Source { chroma: None, planes: vec![source.planes[0].clone()], ..source };
            luma.assert_is_near(&decoded.2, 90, &what);
        }
    }
}

#[test]
fn djpeg_reads_extremes() {
    let mut random = Random(5);
    for (chroma, is_progressive) in CHROMAS.into_iter().flat_map(|chroma| [(chroma, false), (chroma, true)]) {
        for quality in [1, 100] {
            let noise = Source::noise(65, 63, chroma, &mut random);
            let board = Source::new(65, 63, chroma, |_, x, y| 255 * ((x + y) % 2) as u8);
            let flat = Source::new(2048, 1100, chroma, |_, _, _| 128);
            for source in [noise, board, flat] {
                let what = format!("{chroma:?}, quality {quality}, progressive {is_progressive}");
                let file = source.encode(quality, is_progressive);
                if djpeg(&file, &["-grayscale"], &what).is_none() {
                    return;
                }
            }
        }
    }
}

/// Converts RGB samples like libjpeg (`jccolor.c`) and downsamples chroma like it (`jcsample.c`), so that the
/// test compares only the encoders.
fn to_source((w, h, rgb): &(usize, usize, Vec<u8>), chroma: Chroma) -> Source {
    let weights = [[19_595, 38_470, 7_471], [-11_059, -21_709, 32_768], [32_768, -27_439, -5_329]];
    let (across, down) = chroma.steps();
    Source::new(*w, *h, Some(chroma), |plane, x, y| {
        let value = |x: usize, y: usize| {
            let at = 3 * (y.min(h - 1) * w + x.min(w - 1));
            let sum: i32 = weights[plane].iter().zip(&rgb[at..]).map(|(a, b)| a * i32::from(*b)).sum();
            (sum + if plane == 0 { 32_768 } else { (128 << 16) + 32_767 }) >> 16
        };
        if plane == 0 || chroma == Chroma::Full {
            return value(x, y) as u8;
        }
        let sum: i32 = (0..down).flat_map(|j| (0..across).map(move |i| value(x + i, y + j))).sum();
        // Exact halves are rounded up in every other column.
        let rounds_up = i32::from(x / across % 2 == 1);
        (if chroma == Chroma::Quarter { (sum + 1 + rounds_up) >> 2 } else { (sum + rounds_up) >> 1 }) as u8
    })
}

fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let squares: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * a.len() as f64 / squares).log10()
}

#[test]
fn files_are_smaller_than_those_of_cjpeg_and_about_as_near() {
    let mut photos = vec![fs::read(safelight_images::path("photo.jpg")).unwrap()];
    if let Some(corpus) = safelight_images::corpus() {
        let names = ["sharp/2569067123_aca715a2ee_o.jpg", "sharp/flowers.jpeg", "seed/images/TestImage.jpg"];
        photos.extend(names.iter().map(|name| fs::read(corpus.join(name)).unwrap()));
    }
    let mut ratios = Vec::new();
    for (number, photo) in photos.iter().enumerate() {
        let Some((ppm, _)) = run("djpeg", &["-scale", "1/4"], photo) else { return };
        let Some(pixels) = djpeg(photo, &["-scale", "1/4"], "the photo") else { return };
        for (chroma, sampling) in [(Chroma::Full, "1x1"), (Chroma::Quarter, "2x2")] {
            let source = to_source(&pixels, chroma);
            for quality in [10, 50, 80, 95, 100] {
                for (is_progressive, coding) in [(false, "-optimize"), (true, "-progressive")] {
                    let what = format!("photo {number}, {sampling}, quality {quality}, {coding}");
                    let number = quality.to_string();
                    let args = ["-baseline", "-quality", &number, "-sample", sampling, coding];
                    let Some((theirs, _)) = run("cjpeg", &args, &ppm) else { return };
                    let ours = source.encode(quality, is_progressive);
                    ratios.push(ours.len() as f64 / theirs.len() as f64);
                    let of = |file: &[u8]| psnr(&djpeg(file, &[], &what).unwrap().2, &pixels.2);
                    let (our, their) = (of(&ours), of(&theirs));
                    // At steps of 1, the dead zone is the largest part of an error that is not visible.
                    let max_loss = if quality == 100 { 2.7 } else { 0.6 };
                    assert!(their - max_loss < our, "{what}: {our} dB for {their} dB");
                }
            }
        }
    }
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    assert!(mean < 0.95, "{mean} of cjpeg's bytes");
}
