//! Are pictures that showed a fault decoded to the right values?
//!
//! They are read in place, beside the corpus. The expected values are those of Pillow and libvips, and of browsers where
//! these differ; tests of each format build files of the same kinds.

#![cfg(all(
    feature = "jpeg",
    feature = "png",
    feature = "gif",
    feature = "tiff",
    feature = "bmp",
    feature = "ico"
))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{decode_all, to_rgba, try_decode, wanted};
use safelight_codecs::{Bmp, Gif, Ico, Jpeg, Png, Tiff};
use safelight_core::{Decoder, Detection, Format, Frame, Image, Kind, Limits, Samples, Size};
use std::fs;

const DECODERS: [&dyn Decoder; 6] = [&Jpeg, &Png, &Gif, &Tiff, &Bmp, &Ico];

/// The folder of the pictures; `None` where it is missing, as in a checkout without the corpus.
fn folder() -> Option<std::path::PathBuf> {
    let folder = safelight_images::corpus()?.parent()?.join("faults/pictures");
    if !folder.is_dir() {
        eprintln!("no folder of faults at {}: skipped", folder.display());
        return None;
    }
    Some(folder)
}

/// Every frame in RGBA of 8 bits, upright or not, with its size.
fn frames(name: &str) -> Option<Vec<(Size, Vec<u8>)>> {
    let bytes = fs::read(folder()?.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let Detection::Known(format) = Format::detect(&bytes) else { panic!("{name} is of no known format") };
    let decoder = DECODERS.into_iter().find(|decoder| decoder.format() == format).unwrap();
    let Image { frames, .. } = decode_all(decoder, &bytes);
    let to_8_bits = |mut frame: Frame| {
        if let Samples::U16(wide) = &frame.planes[0].samples {
            frame.planes[0].samples =
                Samples::U8(wide.iter().map(|level| ((u32::from(*level) + 128) / 257) as u8).collect());
        }
        frame
    };
    let upright = |frame: Frame| to_8_bits(frame.materialize().and_then(Frame::into_rgb).unwrap());
    Some(frames.into_iter().map(upright).map(|frame| (frame.geometry.size, to_rgba(&frame))).collect())
}

/// Checks pixels, at a place in parts of the width and the height, to within `tolerance`.
fn check(name: &str, frame_count: usize, tolerance: u8, expected: &[((f64, f64), [u8; 4])]) {
    let Some(frames) = frames(name) else { return };
    assert_eq!(frames.len(), frame_count, "{name}");
    for (size, pixels) in frames {
        for ((across, down), expected) in expected {
            let (x, y) = ((across * f64::from(size.w)) as usize, (down * f64::from(size.h)) as usize);
            let found = &pixels[(y * size.w as usize + x) * 4..][..4];
            let is_near =
                found.iter().zip(expected).all(|(found, expected)| found.abs_diff(*expected) <= tolerance);
            assert!(is_near, "{name} at {x}, {y}: {found:?}, not {expected:?}");
        }
    }
}

const MIDDLE: (f64, f64) = (0.5, 0.5);
const QUARTER: (f64, f64) = (0.25, 0.25);

#[test]
fn every_file_is_decoded_or_rejected_with_a_reason() {
    let Some(folder) = folder() else { return };
    let folders = ["pictures", "metadata", "security"].map(|name| folder.with_file_name(name));
    for entry in folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()) {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let Detection::Known(format) = Format::detect(&bytes) else { continue };
        let Some(decoder) = DECODERS.into_iter().find(|decoder| decoder.format() == format) else { continue };
        if let Err(error) = try_decode(decoder, &bytes, &wanted(true), &Limits::default()) {
            let is_reason =
                matches!(error.kind, Kind::Corrupt | Kind::UnsupportedFormat | Kind::LimitExceeded);
            assert!(is_reason, "{}: {error}", path.display());
            let is_panic =
                std::error::Error::source(&error).is_some_and(|it| it.to_string().contains("panicked"));
            assert!(!is_panic, "{}: {error}", path.display());
        }
    }
}

#[test]
fn sampling_of_any_kind_is_shown() {
    check("01-jpeg-luma-coarser-1x1-1x2.jpg", 1, 2, &[(MIDDLE, [79, 57, 16, 255])]);
    check("01-jpeg-mixed-2x1-1x2.jpg", 1, 2, &[(MIDDLE, [79, 58, 11, 255])]);
}

#[test]
fn inks_are_the_same_without_the_segment_of_adobe() {
    let frames = |name| frames(name).map(|frames| frames.into_iter().map(|it| it.1).collect::<Vec<_>>());
    assert_eq!(frames("02-jpeg-cmyk-without-app14.jpg"), frames("02-jpeg-cmyk-with-app14-same-samples.jpg"));
    // What littlecms makes of the profile, perceptual and with black point compensation.
    check("05-jpeg-cmyk-icc-same.jpg", 1, 3, &[(MIDDLE, [80, 57, 23, 255]), (QUARTER, [240, 186, 201, 255])]);
    check("05-tiff-cmyk-icc.tif", 1, 3, &[(MIDDLE, [80, 57, 24, 255]), (QUARTER, [240, 186, 202, 255])]);
}

#[test]
fn fields_of_tiff_are_honoured() {
    let straight = [(MIDDLE, [78, 57, 17, 120]), (QUARTER, [242, 182, 225, 60])];
    check("03-tiff-associated-alpha.tif", 1, 0, &straight);
    check("03-tiff-unassociated-alpha-same-picture.tif", 1, 2, &straight);
    check("04-tiff-grey-icc-gamma1.tif", 1, 1, &[(MIDDLE, [188, 188, 188, 255])]);
    // The profile of this one has nearly the curve of sRGB.
    check("04-png-grey-icc-same.png", 1, 2, &[(MIDDLE, [128, 128, 128, 255])]);
    for name in [
        "06-tiff-fillorder1-same.tif",
        "06-tiff-fillorder2-grey8.tif",
        "07-tiff-old-style-lzw.tif",
        "21-tiff-tiles-under-strip-tags.tif",
    ] {
        check(name, 1, 0, &[(MIDDLE, [128, 128, 128, 255]), (QUARTER, [64, 64, 64, 255])]);
    }
}

#[test]
fn blocks_of_gif_are_read_as_viewers_read_them() {
    let red = [(MIDDLE, [255, 0, 0, 255])];
    check("08-gif-unknown-extension.gif", 1, 0, &red);
    check("11-gif-frame-larger-than-screen.gif", 1, 0, &red);
    check("11-gif-screen-0x0.gif", 1, 0, &red);
    for name in ["09-gif-zero-byte-before-trailer.gif", "10-gif-no-trailer.gif"] {
        check(name, 2, 0, &[]);
    }
    assert!(frames("11-gif-screen-0x0.gif").is_none_or(|frames| frames[0].0 == Size::new(8, 8)));
}

#[test]
fn icons_and_bitmaps_are_shown_as_browsers_show_them() {
    let red = [(MIDDLE, [200, 30, 30, 255])];
    check("13-ico-png-palette.ico", 1, 0, &red);
    check("13-ico-png-rgb.ico", 1, 0, &red);
    check("14-ico-two-same-size-first-wins.ico", 1, 0, &[(MIDDLE, [0, 200, 0, 255])]);
    check("15-ico-32bpp-alpha-with-and-mask.ico", 1, 0, &[(MIDDLE, [200, 30, 30, 128])]);
    check("16-bmp-v5-embedded-icc.bmp", 1, 1, &[(MIDDLE, [57, 221, 24, 255])]);
    check("16-png-same-icc.png", 1, 1, &[(MIDDLE, [57, 221, 24, 255])]);
    check("17-bmp-alphabitfields.bmp", 1, 0, &[]);
    check("17-bmp-palette-of-300.bmp", 1, 0, &[]);
}

#[test]
fn chunks_of_png_are_honoured() {
    check("18-png-grey1-trns-high-byte-bits.png", 1, 0, &[(MIDDLE, [255, 255, 255, 0])]);
    check("19-png-cicp-srgb-and-iccp-p3.png", 1, 0, &[(MIDDLE, [200, 50, 50, 255])]);
}
