//! Do independent programs decode real files of HEIF and AVIF to the same colours, alpha and frames?

#![cfg(all(feature = "avif", feature = "heic", feature = "png"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Judge, decode, decode_all, psnr, to_rgba, try_decode, wanted};
use safelight_codecs::{Avif, Heic, Png};
use safelight_core::{Frame, Limits, Samples};
use std::{fs, path::PathBuf};

/// The file `name` beside the corpus.
fn file(name: &str) -> Option<Vec<u8>> {
    let path = safelight_images::corpus()?.parent()?.join(name);
    Some(fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// A frame that is upright, cut to what is shown, and RGB of 8 bits.
fn upright(frame: Frame) -> Frame {
    let turn = frame.geometry.orientation.into();
    let mut frame = frame.materialize().and_then(Frame::into_rgb).and_then(|frame| frame.turn(turn)).unwrap();
    for plane in &mut frame.planes {
        if let Samples::U16(wide) = &plane.samples {
            plane.samples =
                Samples::U8(wide.iter().map(|level| ((u32::from(*level) + 128) / 257) as u8).collect());
        }
    }
    frame
}

/// Checks that colours differ by at most `mean` of 255 on average, and alpha by at most 1.
fn assert_near(name: &str, ours: &Frame, theirs: &Frame, mean: f64) {
    assert_eq!(ours.geometry.size, theirs.geometry.size, "{name}");
    let (ours, theirs) = (to_rgba(ours), to_rgba(theirs));
    let (mut sum, mut count, mut alpha) = (0.0, 0.0, 0);
    for (a, b) in ours.chunks_exact(4).zip(theirs.chunks_exact(4)) {
        alpha = alpha.max(a[3].abs_diff(b[3]));
        if a[3] != 0 {
            sum += (0..3).map(|channel| f64::from(a[channel].abs_diff(b[channel]))).sum::<f64>();
            count += 3.0;
        }
    }
    eprintln!("{name}: {:.3} of 255, alpha {alpha}", sum / count);
    assert!(sum <= mean * count && alpha <= 1, "{name}: {} of 255, alpha {alpha}", sum / count);
}

#[test]
fn colours_and_alpha_of_avif_are_those_of_other_programs() {
    // In sRGB, since neither program converts colours.
    let by_libavif = [
        "corpus/avif/fox.profile0.8bpc.yuv420.avif",
        "corpus/avif/fox.profile0.10bpc.yuv420.avif",
        "corpus/avif/fox.profile1.8bpc.yuv444.odd-width.odd-height.avif",
        "corpus/avif/fox.profile2.12bpc.yuv422.avif",
        "formats/libavif/io_kodim23_yuv420_8bpc.avif",
    ];
    // Debian's libavif rejects the two lists of properties in these.
    let by_libheif = [
        "corpus/avif/plum-blossom-small.profile0.8bpc.yuv420.alpha-full.avif",
        "formats/avif/plum-blossom-small.profile0.10bpc.yuv420.alpha-full.avif",
        "formats/avif/plum-blossom-small.profile2.12bpc.yuv444.alpha-full.avif",
    ];
    let avifdec = ("avifdec", &["--no-strict", "--ignore-icc", "-d", "8", "IN", "OUT"][..], 1.0);
    // It repeats samples of chroma.
    let libheif = ("heif-convert", &["--quiet", "IN", "OUT"][..], 2.0);
    let names =
        by_libavif.map(|name| (name, avifdec)).into_iter().chain(by_libheif.map(|name| (name, libheif)));
    for (name, (program, options, mean)) in names {
        let Some(bytes) = file(name) else { return };
        let Some(judge) = Judge::find(program) else { continue };
        let theirs = upright(decode(&Png, &judge.decode(&bytes, "avif", options)).frames.remove(0));
        assert_near(name, &upright(decode(&Avif, &bytes).frames.remove(0)), &theirs, mean);
    }
}

#[test]
fn frames_of_avif_are_those_of_libavif() {
    let names = [
        "corpus/avif/star-8bpc.avifs",
        "corpus/avif/star-8bpc-with-alpha.avifs",
        "formats/avif/star-10bpc-with-alpha.avifs",
        "formats/libavif/colors-animated-8bpc-alpha-exif-xmp.avif",
    ];
    for name in names {
        let Some(bytes) = file(name) else { return };
        let Some(avifdec) = Judge::find("avifdec") else { return };
        let animation = decode_all(&Avif, &bytes);
        assert_eq!((animation.frames.len(), animation.delays_ms.len()), (5, 5), "{name}");
        for (number, frame) in animation.frames.into_iter().enumerate() {
            let number = number.to_string();
            let options = ["--no-strict", "--ignore-icc", "-d", "8", "--index", &number, "IN", "OUT"];
            let theirs = upright(decode(&Png, &avifdec.decode(&bytes, "avif", &options)).frames.remove(0));
            // Debian's libavif rounds 10 bits with alpha down.
            assert_near(name, &upright(frame), &theirs, 1.1);
        }
    }
}

#[test]
fn colours_of_heic_are_those_of_libheif() {
    let Some(bytes) = file("corpus/exif-samples/heic/samplefilehub.heif") else { return };
    let Some(judge) = Judge::find("heif-convert") else { return };
    let theirs = judge.decode(&bytes, "heic", &["--quiet", "IN", "OUT"]);
    let theirs = upright(decode(&Png, &theirs).frames.remove(0));
    assert_near("samplefilehub.heif", &upright(decode(&Heic, &bytes).frames.remove(0)), &theirs, 1.0);
}

#[test]
fn turned_mirrored_and_cropped_files_show_the_same_image() {
    let whole = ["kimono", "kimono.mirror-horizontal", "kimono.rotate90", "kimono.rotate270"];
    let cropped = ["kimono.crop", "kimono.mirror-vertical.rotate270.crop"];
    for names in [&whole[..], &cropped] {
        let frame = |name: &&str| {
            let bytes = file(&format!("corpus/avif/{name}.avif"))?;
            Some(upright(decode(&Avif, &bytes).frames.remove(0)))
        };
        let frames: Vec<_> = names.iter().filter_map(frame).collect();
        for (frame, name) in frames.iter().zip(names).skip(1) {
            assert_eq!(frame.geometry.size, frames[0].geometry.size, "{name}");
            assert!(30.0 < psnr(frame, &frames[0]), "{name}: {} dB", psnr(frame, &frames[0]));
        }
    }
}

#[test]
fn every_file_is_decoded() {
    let Some(corpus) = safelight_images::corpus() else { return };
    let folders = ["formats/libavif", "formats/avif"].map(|folder| corpus.parent().unwrap().join(folder));
    let files =
        folders.iter().filter(|folder| folder.is_dir()).flat_map(|folder| fs::read_dir(folder).unwrap());
    let is_avif =
        |path: &PathBuf| path.extension().is_some_and(|it| it.to_string_lossy().starts_with("avif"));
    for path in files.map(|entry| entry.unwrap().path()).filter(is_avif) {
        let bytes = fs::read(&path).unwrap();
        if let Err(error) = try_decode(&Avif, &bytes, &wanted(true), &Limits::default()) {
            panic!("{}: {error}", path.display());
        }
    }
}
