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

use common::{decode_all, to_rgba};
use safelight_codecs::{Bmp, Gif, Ico, Jpeg, Png, Tiff};
use safelight_core::{Decoder, Detection, Format, Frame, Image, Samples, Size};
use std::fs;

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
    let decoders: [&dyn Decoder; 6] = [&Jpeg, &Png, &Gif, &Tiff, &Bmp, &Ico];
    let Detection::Known(format) = Format::detect(&bytes) else { panic!("{name} is of no known format") };
    let decoder = decoders.into_iter().find(|decoder| decoder.format() == format).unwrap();
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

