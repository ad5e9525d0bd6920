//! A resize is compared with one in floating point of the full decode.

mod common;

use common::{Picture, answer, reference, source};
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

/// The lowest accepted score. That of sharp 0.35 is 72.4.
const MIN_SCORE: f64 = 78.0;

#[test]
fn a_photo_of_720_pixels_has_the_expected_quality() {
    let Some(source) = source("corpus/sharp/2569067123_aca715a2ee_o.jpg") else { return };
    let photo = Picture::decode(&source).expect("a JPEG needs no program");
    let body = answer("width=720", &source).expect("a sound photo").body();
    let found = Picture::decode(&body).expect("a JPEG needs no program");
    assert_eq!((found.w, found.h), (720, 588));
    let expected = reference::lanczos3(&photo, reference::whole(&photo), found.w, found.h);
    let score = compute_frame_ssimulacra2(rgb(&expected), rgb(&found)).expect("two pictures of one size");
    let decibels = expected.psnr(&found);
    eprintln!("width=720: {} bytes, SSIMULACRA2 {score:.2}, {decibels:.2} dB", body.len());
    assert!(MIN_SCORE <= score, "SSIMULACRA2 is {score:.2}; {MIN_SCORE} is the least");
}

#[test]
fn a_lossless_answer_is_as_good_as_arithmetic_allows() {
    let Some(source) = source("corpus/sharp/2569067123_aca715a2ee_o.jpg") else { return };
    let photo = Picture::decode(&source).expect("a JPEG needs no program");
    for (raw, is_cut) in [
        ("width=720&format=png", false),
        ("width=201&format=png", false),
        ("width=300&height=300&fit=cover&format=png", true),
    ] {
        let body = answer(raw, &source).expect("a sound photo").body();
        let found = Picture::decode(&body).expect("a PNG needs no program");
        let part =
            if is_cut { reference::middle(&photo, found.w, found.h) } else { reference::whole(&photo) };
        let expected = reference::lanczos3(&photo, part, found.w, found.h);
        let decibels = expected.psnr(&found);
        eprintln!("{raw}: {decibels:.2} dB");
        assert!(40.0 <= decibels, "{raw}: {decibels:.2} dB");
    }
}

fn rgb(picture: &Picture) -> Rgb {
    let pixels = picture.pixels().map(|&[r, g, b, _]| [r, g, b]).collect();
    let (transfer, primaries) = (TransferCharacteristic::SRGB, ColorPrimaries::BT709);
    Rgb::new(pixels, picture.w, picture.h, transfer, primaries).expect("as many pixels as the size says")
}
