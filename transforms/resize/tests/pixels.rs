//! Tests of samples: their positions, alpha and padding.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::op;
use safelight_core::{Frame, Model, Rect, Samples, Size, Stop};

fn grey(w: u32, h: u32, samples: Vec<u8>) -> Frame {
    Frame::whole(Size::new(w, h), Model::Grey, Samples::U8(samples))
}

fn apply(raw: &str, frame: Frame) -> Frame {
    op(raw).apply(frame, &Stop::default()).unwrap().materialize().unwrap()
}

#[test]
fn an_image_that_fits_is_unchanged() {
    let mut frame = grey(4, 1, vec![1, 2, 3, 4]);
    for raw in ["w=4", "w=9", "w=4&fit=contain", "w=4&h=1&fit=fill", "w=4&h=1&fit=pad", "w=4&h=1&fit=cover"] {
        assert_eq!(op(raw).apply(frame.clone(), &Stop::default()).unwrap(), frame, "{raw}");
    }
    frame.crop(Rect { x: 1, y: 0, size: Size::new(2, 1) });
    assert_eq!(op("w=2").apply(frame.clone(), &Stop::default()).unwrap(), frame);
}

#[test]
fn gravity_chooses_what_a_cover_keeps() {
    // Five flat stripes of 32 columns; `cover` with a square keeps 32 of 160 columns.
    let row = [10, 70, 130, 190, 250].map(|shade| [shade; 32]).concat();
    let stripes = grey(160, 32, row.repeat(32));
    let check = |gravity, first, last| {
        let frame = apply(&format!("w=32&h=32&fit=cover&gravity={gravity}"), stripes.clone());
        let Samples::U8(samples) = &frame.planes[0].samples else { panic!("8 bits stay 8 bits") };
        assert_eq!(samples.iter().min(), Some(&first), "{gravity}");
        assert_eq!(samples.iter().max(), Some(&last), "{gravity}");
    };
    check("west", 10, 10);
    check("north-west", 10, 10);
    check("0,1", 10, 10);
    check("0.125,0", 10, 70);
    check("0.25,0.5", 70, 70);
    check("center", 130, 130);
    check("south", 130, 130);
    check("0.75,0.9", 190, 190);
    check("east", 250, 250);
    check("south-east", 250, 250);
}

#[test]
fn colours_under_transparency_do_not_bleed() {
    for max in [255, 65_535] {
        // Opaque red beside transparent green.
        let pixels = (0..64).flat_map(|i| if i % 8 < 4 { [max, 0, 0, max] } else { [0, max, 0, 0] });
        let samples = if max == 255 {
            Samples::U8(pixels.map(|sample| sample as u8).collect())
        } else {
            Samples::U16(pixels.map(|sample| sample as u16).collect())
        };
        let frame = apply("w=5", Frame::whole(Size::new(8, 8), Model::Rgba, samples));
        let samples: Vec<u32> = match &frame.planes[0].samples {
            Samples::U8(samples) => samples.iter().map(|&sample| sample.into()).collect(),
            Samples::U16(samples) => samples.iter().map(|&sample| sample.into()).collect(),
        };
        let mut alphas: Vec<_> = samples.chunks_exact(4).map(|pixel| pixel[3]).collect();
        alphas.sort_unstable();
        alphas.dedup();
        assert!(2 < alphas.len(), "the edge is between two pixels: {alphas:?}");
        for pixel in samples.chunks_exact(4) {
            assert_eq!(pixel[1..3], [0, 0], "green shows in {pixel:?}");
            assert!(pixel[3] == 0 || max - max / 20 <= pixel[0], "{pixel:?} is not red");
        }
    }
}

#[test]
fn flat_images_stay_flat() {
    for model in [Model::Grey, Model::GreyAlpha, Model::Rgb, Model::Rgba] {
        for raw in ["w=7&h=3&fit=fill", "w=50&fit=contain", "w=3&h=30&fit=cover"] {
            let pixels = 31 * 17 * usize::from(model.channels());
            let size = Size::new(31, 17);
            let frame = apply(raw, Frame::whole(size, model, Samples::U8(vec![255; pixels])));
            let Samples::U8(samples) = &frame.planes[0].samples else { panic!("8 bits stay 8 bits") };
            assert!(samples.iter().all(|&sample| sample == 255), "{raw} {model:?}");
            let frame = apply(raw, Frame::whole(size, model, Samples::U16(vec![65_535; pixels])));
            let Samples::U16(samples) = &frame.planes[0].samples else { panic!("16 bits stay 16 bits") };
            assert!(samples.iter().all(|&sample| sample == 65_535), "{raw} {model:?}");
        }
    }
}

#[test]
fn a_box_is_padded_with_what_suits_it() {
    let check = |raw, (model, pixel): (Model, &[u8]), expected: (Model, &[u8])| {
        let samples = Samples::U8(pixel.to_vec());
        let found = apply(raw, Frame::whole(Size::new(1, 1), model, samples));
        let size = found.geometry.size;
        assert_eq!(
            found,
            Frame::whole(size, expected.0, Samples::U8(expected.1.to_vec())),
            "{raw} {model:?}"
        );
    };
    // The default background is white, or transparent if the image has alpha.
    check("w=3&h=1&fit=pad", (Model::Grey, &[7]), (Model::Grey, &[255, 7, 255]));
    check("w=2&h=1&fit=pad&g=east", (Model::Rgb, &[1, 2, 3]), (Model::Rgb, &[255, 255, 255, 1, 2, 3]));
    check("w=1&h=2&fit=pad&g=south", (Model::GreyAlpha, &[7, 9]), (Model::GreyAlpha, &[0, 0, 7, 9]));
    check("w=1&h=2&fit=pad&g=north", (Model::Rgba, &[1, 2, 3, 4]), (Model::Rgba, &[1, 2, 3, 4, 0, 0, 0, 0]));
    // An odd pixel goes to the right.
    check("w=2&h=1&fit=pad", (Model::Grey, &[7]), (Model::Grey, &[7, 255]));
    // The model gains RGB and alpha from the background.
    check("w=2&h=1&fit=pad&bg=808080", (Model::Grey, &[7]), (Model::Grey, &[7, 128]));
    check("w=2&h=1&fit=pad&bg=010203", (Model::Grey, &[7]), (Model::Rgb, &[7, 7, 7, 1, 2, 3]));
    check("w=2&h=1&fit=pad&bg=80808000", (Model::Grey, &[7]), (Model::GreyAlpha, &[7, 255, 128, 0]));
    check("w=2&h=1&fit=pad&bg=01020304", (Model::Grey, &[7]), (Model::Rgba, &[7, 7, 7, 255, 1, 2, 3, 4]));
    check(
        "w=2&h=1&fit=pad&bg=010203",
        (Model::GreyAlpha, &[7, 9]),
        (Model::Rgba, &[7, 7, 7, 9, 1, 2, 3, 255]),
    );
    check(
        "w=2&h=1&fit=pad&bg=00000000",
        (Model::Rgb, &[1, 2, 3]),
        (Model::Rgba, &[1, 2, 3, 255, 0, 0, 0, 0]),
    );
    // If the image fills the box, the model is unchanged.
    check("w=1&h=1&fit=pad&bg=01020304", (Model::Grey, &[7]), (Model::Grey, &[7]));
    check("w=2&fit=pad&bg=01020304&h=2", (Model::Grey, &[7]), (Model::Grey, &[7; 4]));
}

#[test]
fn a_background_has_the_bit_depth_of_the_image() {
    let frame = Frame::whole(Size::new(1, 1), Model::Grey, Samples::U16(vec![300]));
    let expected =
        Frame::whole(Size::new(2, 1), Model::Rgb, Samples::U16(vec![300, 300, 300, 257, 514, 65_535]));
    assert_eq!(apply("w=2&h=1&fit=pad&bg=0102ff", frame), expected);
}

#[test]
fn a_padded_crop_shows_no_pixel_outside_the_crop() {
    let mut frame = grey(4, 1, vec![1, 2, 3, 4]);
    frame.crop(Rect { x: 1, y: 0, size: Size::new(2, 1) });
    let expected = grey(2, 2, vec![2, 3, 255, 255]);
    assert_eq!(apply("w=2&h=2&fit=pad&g=north", frame), expected);
}

#[test]
fn a_plane_smaller_than_its_image_is_an_internal_error() {
    let mut frame = grey(4, 1, vec![1, 2, 3, 4]);
    frame.geometry.size.w = 9;
    frame.view.w = 9.0;
    assert_eq!(op("w=2").apply(frame, &Stop::default()).unwrap_err().kind, safelight_core::Kind::Internal);
    let short = grey(4, 1, vec![1, 2, 3]);
    assert_eq!(op("w=2").apply(short, &Stop::default()).unwrap_err().kind, safelight_core::Kind::Internal);
}

#[test]
fn a_focus_is_in_the_middle_and_zoom_keeps_less() {
    let row = [10, 70, 130, 190, 250].map(|shade| [shade; 32]).concat();
    let stripes = grey(160, 32, row.repeat(32));
    let shades = |raw: &str| {
        let frame = apply(raw, stripes.clone());
        let Samples::U8(samples) = &frame.planes[0].samples else { panic!("8 bits stay 8 bits") };
        (*samples.iter().min().unwrap(), *samples.iter().max().unwrap())
    };
    assert_eq!(shades("w=32&h=32&fit=cover&focus=0.7,0.5"), (190, 190));
    assert_eq!(shades("w=32&h=32&fit=cover&focus=0.98,0.5"), (250, 250));
    assert_eq!(shades("w=32&h=32&fit=cover&focus=0.6,0.5"), (130, 190));
    // Half of a square of 32 columns.
    assert_eq!(shades("w=32&h=32&fit=cover&focus=0.7,0.5&zoom=2"), (190, 190));
    assert_eq!(shades("zoom=5&focus=0.3,0"), (70, 70));
    assert_eq!(shades("zoom=5&gravity=east"), (250, 250));
}

#[test]
fn a_smart_cover_keeps_what_stands_out_in_every_frame() {
    let is_edge = |i: u32| (300..330).contains(&(i % 400)) && (20..60).contains(&(i / 400)) && i % 5 < 3;
    let subject = grey(400, 100, (0..40_000).map(|i| if is_edge(i) { 255 } else { 80 }).collect());
    for gravity in ["attention", "entropy"] {
        let mut op = op(&format!("w=50&h=50&fit=cover&gravity={gravity}"));
        op.examine(&subject, &Stop::default()).unwrap();
        let stated = op.output(subject.geometry).unwrap();
        // Another frame, whose right half alone is light: the part is that of the first frame.
        let other = grey(400, 100, (0..40_000).map(|i| if i % 400 < 200 { 0 } else { 200 }).collect());
        for (frame, darkest) in [(&subject, 0), (&other, 200)] {
            let found = op.apply(frame.clone(), &Stop::default()).unwrap();
            assert_eq!(found.geometry, stated);
            let Samples::U8(samples) = &found.planes[0].samples else { panic!("8 bits stay 8 bits") };
            assert!(*samples.iter().min().unwrap() >= darkest, "{gravity}");
            assert!(*samples.iter().max().unwrap() >= 200, "{gravity}");
        }
    }
}
