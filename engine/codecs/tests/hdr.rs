//! Is high dynamic range of HEIF and AVIF tone-mapped? Expected values were computed in double precision from ITU-R
//! BT.2100-3 and BT.2390-11, with matrices derived from the primaries.

#![cfg(all(feature = "avif", feature = "heic", feature = "png"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    decode, decode_with_profile, formats, header,
    heif::{File, Item, boxed},
    psnr,
};
use safelight_codecs::{Avif, Heic};
use safelight_core::{Frame, Limits, Model, Samples, Size};
use std::fs;

const SIZE: Size = Size::new(16, 16);

/// An image of one colour, `[Y, Cb, Cr]` of 10 bits in limited range.
fn flat(colour: [u16; 3], code_points: [u16; 3]) -> Item {
    Item::hevc(SIZE, 10, false, |_, _| colour).coded_as(code_points, false)
}

/// A maximum, and a lower average.
fn content_light(peak: u16) -> Vec<u8> {
    boxed(b"clli", &[peak, peak / 4].map(u16::to_be_bytes).concat())
}

/// A mastering display of so many cd/m².
fn mastering_display(peak: u32) -> Vec<u8> {
    let light = [peak * 10_000, 50].map(u32::to_be_bytes).concat();
    boxed(b"mdcv", &[&[7; 16][..], &light].concat())
}

/// The first pixel, in 1/255.
fn pixel(frame: &Frame) -> [f64; 3] {
    let Samples::U16(samples) = &frame.planes[0].samples else { panic!("tone mapping gives 16 bits") };
    [0, 1, 2].map(|channel| f64::from(samples[channel]) / 257.0)
}

#[test]
fn colours_are_those_of_the_recommendations() {
    let check = |item: Item, expected: [f64; 3]| {
        let file = File::new(b"heic", item).build();
        assert_eq!(header(&Heic, &file, &Limits::default()).unwrap().sample_bytes, 2);
        let image = decode_with_profile(&Heic, &file);
        assert!(image.profile.is_none());
        let found = pixel(&image.frames[0]);
        let is_near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 0.6);
        assert!(is_near, "{found:?}, not {expected:?}");
    };
    // PQ without a stated peak: 1000 cd/m². Samples of 400, of which white is 203, are not white.
    check(flat([520, 512, 512], [9, 16, 9]), [194.76; 3]);
    check(flat([570, 512, 512], [9, 16, 9]), [227.63; 3]);
    // Primaries that the file does not specify are those of the bitstream, here those of sRGB.
    check(flat([600, 480, 560], [2, 16, 9]), [253.77, 164.59, 136.59]);
    check(flat([600, 480, 560], [9, 16, 9]).with(content_light(1000)), [255.0, 170.51, 162.46]);
    check(flat([700, 512, 512], [9, 16, 9]).with(mastering_display(4000)), [246.68; 3]);
    // The content may be darker than its display.
    let stated = flat([550, 560, 470], [12, 16, 6]).with(mastering_display(4000)).with(content_light(600));
    check(stated, [116.20, 182.95, 255.0]);
    check(flat([500, 512, 512], [1, 16, 1]).with(content_light(400)), [177.81; 3]);
    // HLG, of which 75 % are diffuse white on a display of 1000 cd/m², and what the content reaches does not matter.
    check(flat([721, 512, 512], [9, 18, 9]), [229.02; 3]);
    check(flat([600, 470, 550], [9, 18, 9]).with(content_light(300)), [218.57, 165.23, 143.36]);
    check(flat([650, 512, 512], [9, 18, 9]).with(mastering_display(2000)), [217.83; 3]);
    check(flat([940, 512, 512], [9, 18, 9]), [255.0; 3]);
    // Eight bits in full range and the matrix of JPEG are no exception.
    let eight = Item::hevc(SIZE, 8, false, |_, _| [148, 128, 128]).coded_as([9, 16, 6], true);
    check(eight, [228.86; 3]);
    // A grey image, and one that a profile describes for programs without tone mapping.
    let grey = Item::hevc(SIZE, 10, true, |_, _| [570; 3]).coded_as([9, 16, 9], false);
    let frame = decode(&Heic, &File::new(b"heic", grey).build()).frames.remove(0);
    assert!(frame.model == Model::Grey && (pixel(&frame)[0] - 227.63).abs() < 0.6);
    let profile = boxed(b"colr", &[&b"prof"[..], &common::icc::wide_rgb(1.0)].concat());
    check(flat([570, 512, 512], [9, 16, 9]).with(profile), [227.63; 3]);
}

#[test]
fn bright_steps_stay_apart() {
    let size = Size::new(256, 16);
    // From 100 to 10 000 cd/m², beyond the usual peak, which is then that of the image.
    let ramp = |x: u32, _| [(509 + x * 430 / 255) as u16, 512, 512];
    let item = Item::hevc(size, 10, false, ramp).coded_as([9, 16, 9], false);
    let frame = decode(&Heic, &File::new(b"heic", item).build()).frames.remove(0);
    let Samples::U16(samples) = &frame.planes[0].samples else { panic!("tone mapping gives 16 bits") };
    let row: Vec<_> = samples[..256 * 3].chunks_exact(3).map(|pixel| pixel[1]).collect();
    let steps: Vec<_> = row.iter().step_by(32).collect();
    assert!(steps.windows(2).all(|pair| pair[0] + 64 < *pair[1]), "{steps:?}");
}

/// The samples of the file `name` beside the corpus, in sRGB of 8 bits, after a change of its bytes.
fn file(name: &str, change: impl Fn(&mut Vec<u8>)) -> Option<Frame> {
    let path = formats("libavif").into_iter().find(|path| path.ends_with(name))?;
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    let mut frame = decode(&Avif, &bytes).frames.remove(0).materialize().and_then(Frame::into_rgb).unwrap();
    for plane in &mut frame.planes {
        if let Samples::U16(wide) = &plane.samples {
            plane.samples =
                Samples::U8(wide.iter().map(|level| ((u32::from(*level) + 128) / 257) as u8).collect());
        }
    }
    Some(frame)
}

#[test]
fn a_curve_in_the_bitstream_counts_too() {
    let without_colr = |bytes: &mut Vec<u8>| {
        let at = bytes.windows(4).position(|kind| kind == b"colr").unwrap();
        bytes[at..at + 4].copy_from_slice(b"free");
    };
    let name = "io_cosmos1650_yuv444_10bpc_p3pq.avif";
    let Some(stated) = file(name, |_| ()) else { return };
    assert!(file(name, without_colr).unwrap() == stated);
}

#[test]
fn a_photo_looks_as_its_version_of_standard_range() {
    // Of gain maps, the base image is shown: the one in high, the other in standard range.
    for name in ["seine_hdr_gainmap_small_srgb.avif", "seine_hdr_srgb.avif"] {
        let Some(high) = file(name, |_| ()) else { return };
        let standard = file("seine_sdr_gainmap_srgb.avif", |_| ()).unwrap();
        let decibels = psnr(&high, &standard);
        assert!(20.0 < decibels, "{name}: {decibels} dB");
    }
}
