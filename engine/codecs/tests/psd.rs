//! PSD and PSB: samples of every mode, depth and coding, transparency, and damage. The files are built here.

#![cfg(all(feature = "psd", feature = "png"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    assert_survives, decode, decode_with_profile, icc,
    psd::{File, SIZE},
};
use safelight_codecs::Psd;
use safelight_core::{Decode, Decoder, Detection, Format, Frame, Kind, Limits, Model, Samples, Size};

/// The samples of a plane of `SIZE`.
fn plane(from: u32, step: u32) -> Vec<u8> {
    (0..33).map(|at| (from + at / 4 * 4 * step) as u8).collect()
}

fn samples(frame: &Frame) -> &[u8] {
    let Samples::U8(samples) = &frame.planes[0].samples else { panic!("the frame has 16 bits") };
    samples
}

/// Checks the first and the last pixel of a file in all its forms.
fn check(file: &File, model: Model, first: &[u8], last: &[u8]) {
    for (is_large, is_packed) in [(false, false), (false, true), (true, false), (true, true)] {
        let bytes = File { is_large, is_packed, ..file.clone() }.build();
        assert_eq!(Format::detect(&bytes), Detection::Known(Format::Psd));
        let name = format!("mode {} of {} bits, {is_large}, {is_packed}", file.mode, file.depth);
        let frame = decode(&Psd, &bytes).frames.remove(0);
        assert_eq!((frame.model, frame.geometry.size), (model, SIZE), "{name}");
        let found = match &frame.planes[0].samples {
            Samples::U8(samples) => samples.clone(),
            Samples::U16(samples) => samples.iter().map(|level| (level >> 8) as u8).collect(),
        };
        let channels = usize::from(model.channels());
        assert_eq!(found.len(), 33 * channels, "{name}");
        for (found, expected) in [(&found[..channels], first), (&found[32 * channels..], last)] {
            let is_near = found.iter().zip(expected).all(|(found, expected)| found.abs_diff(*expected) <= 1);
            assert!(is_near, "{name}: {found:?}, not {expected:?}");
        }
    }
}

#[test]
fn every_mode_and_depth_is_decoded() {
    let wide = |planes: &[u8]| planes.iter().flat_map(|level| [*level, *level]).collect::<Vec<_>>();
    let float =
        |planes: &[u8]| planes.iter().flat_map(|level| (f32::from(*level) / 255.0).to_be_bytes()).collect();
    let (grey, rgb) = (plane(10, 5), [plane(0, 2), plane(20, 3), plane(250, 0)].concat());
    check(&File::new(1, 8, 1, grey.clone()), Model::Grey, &[10], &[170]);
    check(&File::new(8, 8, 1, grey.clone()), Model::Grey, &[10], &[170]);
    check(&File::new(1, 16, 1, wide(&grey)), Model::Grey, &[10], &[170]);
    check(&File::new(3, 8, 3, rgb.clone()), Model::Rgb, &[0, 20, 250], &[64, 116, 250]);
    check(&File::new(3, 16, 3, wide(&rgb)), Model::Rgb, &[0, 20, 250], &[64, 116, 250]);
    // Linear light, as sRGB.
    check(&File::new(3, 32, 3, float(&rgb)), Model::Rgb, &[0, 79, 253], &[137, 180, 253]);
    check(&File::new(1, 32, 1, float(&grey)), Model::Grey, &[56], &[213]);
    // 11 pixels take two bytes: ten white ones after a black one, then alternating ones.
    let bits = [[0x80, 0], [0, 0], [0xAA, 0xA0]].concat();
    check(&File::new(0, 1, 1, bits), Model::Grey, &[0], &[0]);
    let mut table = vec![0; 768];
    (table[9], table[256 + 9], table[512 + 9], table[4]) = (1, 2, 3, 200);
    let indices = [vec![9; 30], vec![4; 3]].concat();
    let indexed = File { table, ..File::new(2, 8, 1, indices) };
    check(&indexed, Model::Rgb, &[1, 2, 3], &[200, 0, 0]);
    let transparent = File { resources: vec![(1047, vec![0, 9])], ..indexed };
    check(&transparent, Model::Rgba, &[1, 2, 3, 0], &[200, 0, 0, 255]);
    // White paper, and full black ink.
    let cmyk = [plane(255, 0), plane(255, 0), plane(255, 0), [vec![255; 32], vec![0]].concat()].concat();
    let black = samples(&decode(&Psd, &File::new(4, 8, 4, cmyk.clone()).build()).frames[0])[96..].to_vec();
    assert!(black.iter().all(|level| *level < 60), "{black:?}");
    check(&File::new(4, 8, 4, cmyk.clone()), Model::Rgb, &[255, 255, 255], &black);
    check(&File::new(4, 16, 4, wide(&cmyk)), Model::Rgb, &[255, 255, 255], &black);
    // White, and the red of sRGB.
    let lab = [[vec![255], vec![138; 32]], [vec![128], vec![209; 32]], [vec![128], vec![198; 32]]];
    let lab = lab.map(|plane| plane.concat()).concat();
    check(&File::new(9, 8, 3, lab.clone()), Model::Rgb, &[255, 255, 255], &[254, 1, 1]);
    let wide_lab = lab.iter().flat_map(|level| [*level, 0]).collect();
    check(&File::new(9, 16, 3, wide_lab), Model::Rgb, &[255, 255, 255], &[254, 1, 1]);
}

#[test]
fn alpha_is_that_of_the_composite() {
    // Half transparent red over white, opaque green, nothing.
    let pixels: [[u8; 4]; 3] = [[255, 127, 127, 128], [0, 255, 0, 255], [255, 255, 255, 0]];
    let planes: Vec<u8> =
        (0..4).flat_map(|plane| (0..33).map(move |at| pixels[(at / 11) as usize][plane as usize])).collect();
    let with_alpha = File { layers: -2, ..File::new(3, 8, 4, planes.clone()) };
    check(&with_alpha, Model::Rgba, &[255, 0, 0, 128], &[255, 255, 255, 0]);
    let wide: Vec<u8> = planes.iter().flat_map(|level| [*level, *level]).collect();
    let deep = File { layers: 0, deep_layers: Some(-1), ..File::new(3, 16, 4, wide) };
    check(&deep, Model::Rgba, &[255, 0, 0, 128], &[255, 255, 255, 0]);
    // A selection that was saved is no transparency.
    check(&File { layers: 2, ..with_alpha.clone() }, Model::Rgb, &[255, 127, 127], &[255, 255, 255]);
    let opaque = [&planes[..99], &[255; 33]].concat();
    check(&File { data: opaque, ..with_alpha.clone() }, Model::Rgb, &[255, 127, 127], &[255, 255, 255]);
    let grey = [plane(200, 0), plane(0, 0)].concat();
    check(&File { layers: -1, ..File::new(1, 8, 2, grey) }, Model::GreyAlpha, &[200, 0], &[200, 0]);
    let cmyk = [vec![255; 132], vec![77; 33]].concat();
    check(
        &File { layers: -1, ..File::new(4, 8, 5, cmyk) },
        Model::Rgba,
        &[255, 255, 255, 77],
        &[255, 255, 255, 77],
    );
    let opened = Psd.open(with_alpha.build().into(), &Limits::default()).unwrap();
    assert!(opened.has_transparency());
}

#[test]
fn the_profile_is_applied_or_kept() {
    let planes = [vec![255; 33], vec![0; 33], vec![9; 33]].concat();
    let file = File { resources: vec![(1039, icc::swapped_red_and_green())], ..File::new(3, 8, 3, planes) };
    let plain = samples(&decode(&Psd, &File { resources: Vec::new(), ..file.clone() }.build()).frames[0])
        [..3]
        .to_vec();
    let converted = samples(&decode(&Psd, &file.build()).frames[0])[..3].to_vec();
    assert!(plain == [255, 0, 9] && converted[0] < 40 && 220 < converted[1], "{converted:?}");
    let kept = decode_with_profile(&Psd, &file.build());
    assert!(kept.profile.is_some() && samples(&kept.frames[0])[..3] == plain);
}

#[test]
fn what_has_no_composite_is_rejected() {
    let file = File::new(3, 8, 3, [plane(0, 2), plane(20, 3), plane(250, 0)].concat());
    let check = |bytes: Vec<u8>, kind, expected: &str| {
        let opened = Psd.open(bytes.into(), &Limits::default());
        let decode = Decode { needed: SIZE, all_frames: false, keep_profile: false, chroma: (1, 1) };
        let result = opened.and_then(|opened| opened.decode(&decode, &safelight_core::Stop::default()));
        let error = result.err().unwrap_or_else(|| panic!("{expected}: it is decoded"));
        assert_eq!((error.kind, error.message.contains(expected)), (kind, true), "{error}");
    };
    let unsupported = Kind::UnsupportedFormat;
    let without = File { resources: vec![(1057, vec![0, 0, 0, 1, 0])], ..file.clone() };
    check(without.build(), unsupported, "saved without a composite");
    let mut zipped = file.build();
    let at = zipped.len() - 99 - 1;
    zipped[at] = 2;
    check(zipped, unsupported, "compressed by other than PackBits");
    check(File { mode: 7, ..file.clone() }.build(), unsupported, "multichannel");
    check(File { depth: 1, ..file.clone() }.build(), unsupported, "its colour mode with this depth");
    check(File { mode: 4, ..file.clone() }.build(), Kind::Corrupt, "damaged");
    check(File { mode: 2, ..file.clone() }.build(), Kind::Corrupt, "damaged");
    check(File { size: Size::new(0, 3), ..file.clone() }.build(), Kind::Corrupt, "damaged");
    let huge = File { size: Size::new(300_000, 300_000), is_large: true, ..file.clone() };
    check(huge.build(), Kind::LimitExceeded, "300000 × 300000 pixels");
    let lacking = File { size: Size::new(11, 9000), is_packed: true, ..file.clone() };
    check(lacking.build(), Kind::Corrupt, "damaged");
    check(file.build()[..file.build().len() - 1].to_vec(), Kind::Corrupt, "damaged");
}

#[test]
fn damage_is_an_image_or_a_typed_error() {
    let planes = [plane(0, 2), plane(20, 3), plane(250, 0), plane(9, 1)].concat();
    for (is_large, is_packed) in [(false, true), (true, false)] {
        let resources = vec![(1039, icc::swapped_red_and_green()), (1057, vec![0, 0, 0, 1, 1])];
        let file = File { resources, layers: -1, is_large, is_packed, ..File::new(3, 8, 4, planes.clone()) };
        assert_survives(&Psd, &file.build());
    }
}
