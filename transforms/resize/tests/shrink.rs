//! Comparisons of results from a scaled decode with those from a full one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Random, frame, geometry, noise, op, psnr, samples};
use safelight_core::{Model, Rect, Size, Stop};

const FITS: [&str; 5] = ["scale-down", "contain", "cover", "fill", "pad"];

fn random_query(random: &mut Random, max: u32) -> String {
    let fit = FITS[random.below(5) as usize];
    let (w, h) = (random.within(1, max), random.within(1, max));
    let sides = match random.below(4) {
        0 => format!("width={w}"),
        1 => format!("height={h}"),
        _ => format!("width={w}&height={h}"),
    };
    format!("{sides}&fit={fit}&gravity=0.{},0.{}", random.below(10), random.below(10))
}

#[test]
fn size_and_pixels_do_not_depend_on_the_shrink() {
    let mut random = Random(20_261_121);
    let mut compared = 0;
    for round in 0..60 {
        let size = Size::new(random.within(60, 400), random.within(60, 400));
        let model = [Model::Grey, Model::GreyAlpha, Model::Rgb, Model::Rgba][round % 4];
        let has_16_bits = random.below(2) == 1;
        let source = noise(size, model.channels(), &mut random);
        let raw = random_query(&mut random, 150);
        let op = op(&raw);
        let stated = op.output(geometry(size.w, size.h)).unwrap();
        let needed = op.needed(geometry(size.w, size.h), stated.size);
        let full = op.apply(frame(&source, size, model, 1, has_16_bits), &Stop::default()).unwrap();
        assert_eq!(full.geometry, stated, "{raw} of {size:?}");
        for shrink in [2, 4, 8] {
            let shrunk = frame(&source, size, model, shrink, has_16_bits);
            let is_enough = shrunk.planes[0].size.covers(needed);
            let found = op.apply(shrunk, &Stop::default()).unwrap();
            assert_eq!(found.geometry, stated, "{raw} of {size:?} at 1/{shrink}");
            assert_eq!(found.planes[0].size, stated.size, "{raw} of {size:?} at 1/{shrink}");
            if is_enough {
                let decibels = psnr(&full, &found);
                assert!(40.0 <= decibels, "{raw} of {size:?} {model:?} at 1/{shrink}: {decibels:.1} dB");
                compared += 1;
            }
        }
    }
    assert!(50 <= compared, "only {compared} shrunk pictures were large enough");
}

#[test]
fn every_pixel_keeps_its_position() {
    // A ramp stays a ramp except for the kernel's ripple, and its values show positions.
    let size = Size::new(403, 301);
    for is_along_x in [true, false] {
        let ramp = |y, x| f64::from(if is_along_x { x } else { y }) / 500.0;
        let source: Vec<_> = (0..size.h).flat_map(|y| (0..size.w).map(move |x| ramp(y, x))).collect();
        for shrink in [1, 2, 4, 8] {
            let mut cropped = frame(&source, size, Model::Grey, shrink, true);
            // Not on a sample boundary at any scale.
            cropped.crop(Rect { x: 11, y: 13, size: Size::new(381, 277) });
            let found = op("w=21&h=21&fit=cover&gravity=0.9,0.3").apply(cropped, &Stop::default()).unwrap();
            let kept = 277.0;
            let start = if is_along_x { 11.0 + (381.0 - kept) * 0.9 } else { 13.0 };
            // At each end, three pixels of the kernel are beyond the image.
            for i in 3..18 {
                let expected = (start + (f64::from(i) + 0.5) * kept / 21.0 - 0.5) / 500.0;
                let (x, y) = if is_along_x { (i, 10) } else { (10, i) };
                let sample = samples(&found)[y as usize * 21 + x as usize];
                let off = (sample - expected).abs() * 500.0;
                assert!(off < 0.05, "pixel {i} is {off} off at 1/{shrink}, along x: {is_along_x}");
            }
        }
    }
}

#[test]
fn needs_are_monotonic_and_at_most_the_source() {
    let mut random = Random(7);
    for _ in 0..2000 {
        let (w, h) = (random.within(1, 3000), random.within(1, 3000));
        let raw = random_query(&mut random, 2000);
        let op = op(&raw);
        let input = geometry(w, h);
        let output = op.output(input).unwrap().size;
        let need = Size::new(random.within(1, output.w), random.within(1, output.h));
        let needed = op.needed(input, need);
        let wider = op.needed(input, Size::new(need.w + random.below(100), need.h));
        let taller = op.needed(input, Size::new(need.w, need.h + random.below(100)));
        assert!(wider.covers(needed) && taller.covers(needed), "{raw} of {w} × {h}, {need:?}");
        assert!(input.size.covers(needed), "{raw} of {w} × {h}, {need:?}");
        assert!(needed.covers(Size::new(1, 1)), "{raw} of {w} × {h}, {need:?}");
    }
}

#[test]
fn needs_are_as_many_pixels_as_come_out() {
    let check = |raw, (w, h), expected: (u32, u32)| {
        let op = op(raw);
        let output = op.output(geometry(w, h)).unwrap().size;
        let needed = op.needed(geometry(w, h), output);
        assert_eq!(needed, Size::new(expected.0, expected.1), "{raw} of {w} × {h}");
    };
    check("w=100", (400, 200), (100, 50));
    check("w=720", (2725, 2225), (720, 588));
    check("w=800", (400, 200), (400, 200));
    check("w=800&fit=contain", (400, 200), (400, 200));
    check("w=100&h=150&fit=fill", (400, 200), (100, 150));
    check("w=100&h=800&fit=fill", (400, 200), (100, 200));
    // The overhang is as dense as the part that is kept.
    check("w=100&h=100&fit=cover", (400, 200), (200, 100));
    check("w=100&h=100&fit=cover", (401, 200), (201, 100));
    // Padding needs no source pixels.
    check("w=100&h=100&fit=pad", (400, 200), (100, 50));
}

#[test]
fn a_crop_and_a_resize_are_a_resize_of_what_was_cropped() {
    let mut random = Random(3);
    for round in 0..24 {
        let size = Size::new(random.within(80, 200), random.within(80, 200));
        let model = [Model::Grey, Model::GreyAlpha, Model::Rgb, Model::Rgba][round % 4];
        let source = noise(size, model.channels(), &mut random);
        let mut cropped = frame(&source, size, model, 1, round % 2 == 0);
        let (x, y) = (random.below(40), random.below(40));
        let size = Size::new(random.within(20, size.w - x), random.within(20, size.h - y));
        cropped.crop(Rect { x, y, size });
        let raw = random_query(&mut random, 100);
        let cut_out = cropped.clone().materialize().unwrap();
        // No sample beyond the crop has an effect.
        let found = op(&raw).apply(cropped, &Stop::default()).unwrap().materialize().unwrap();
        assert_eq!(found, op(&raw).apply(cut_out, &Stop::default()).unwrap(), "{raw} of {size:?}");
    }
}
