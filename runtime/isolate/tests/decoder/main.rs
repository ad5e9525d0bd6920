//! Decoders in children of this test program, which knows all codecs and one that misbehaves.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

#[path = "../common/mod.rs"]
mod common;
mod fragile;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use fragile::{FRAGILE, registry};
use safelight_core::{
    Decode, Decoder, Encode, Format, Frame, Image, Kind, Limits, Model, Samples, Size, Stop, StopReason,
};
use safelight_isolate::{IsolatedDecoder, Pool, run_if_worker, work};
use safelight_registry::REGISTRY;
use std::{process::ExitCode, sync::Arc, thread::scope};

fn isolated(decoder: &'static dyn Decoder) -> IsolatedDecoder {
    IsolatedDecoder::new(decoder, Arc::new(Pool::new(2).unwrap()))
}

fn decode(size: Size) -> Decode {
    Decode { needed: size, all_frames: true, keep_profile: false, chroma: (1, 1) }
}

/// Returns a WebP of waves. One of more than four megapixels takes long enough for a child.
fn webp(size: Size) -> Bytes {
    let samples = (0..size.pixels() as usize * 3).map(|at| (at / 41 % 251) as u8).collect();
    let frames = vec![Frame::whole(size, Model::Rgb, Samples::U8(samples))];
    let image = Image { frames, delays_ms: vec![], plays: 0, profile: None };
    let encoder = REGISTRY.encoder(Format::Webp).unwrap();
    encoder.encode(&image, &Encode::default(), &Stop::default()).unwrap().into()
}

fn images_are_those_of_the_decoder() {
    let own = REGISTRY.decoder(Format::Webp).unwrap();
    let isolated = isolated(own);
    for (size, is_child) in [(Size::new(70, 50), false), (Size::new(2100, 2001), true)] {
        let (source, decode, limits) = (webp(size), decode(size), Limits::default());
        let opened = isolated.open(source.clone(), &limits).unwrap();
        let expected = own.open(source, &limits).unwrap();
        assert_eq!(opened.header(), expected.header());
        let (outer, inner) = (opened.cost(&decode), expected.cost(&decode));
        assert_eq!(inner.bytes < outer.bytes && inner.cpu_ns < outer.cpu_ns, is_child, "{size:?}");
        let expected = expected.decode(&decode, &Stop::default()).unwrap();
        assert!(opened.decode(&decode, &Stop::default()).unwrap() == expected, "{size:?}");
    }
}

fn a_drawing_has_pictures_that_are_decoded_on_several_threads_elsewhere() {
    let own = REGISTRY.decoder(Format::Svg).unwrap();
    // More than a mebipixel: the decoder of JPEG would start threads.
    let photo = STANDARD.encode(safelight_images::read("photo.jpg"));
    let source = Bytes::from(format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='80' height='53'>\
         <image href='data:image/jpeg;base64,{photo}' width='80'/></svg>"
    ));
    let (decode, limits) = (decode(Size::new(80, 53)), Limits::default());
    let expected = own.decode(source.clone(), &decode, &limits).unwrap();
    assert!(isolated(own).decode(source, &decode, &limits).unwrap() == expected);
}

fn errors_are_those_of_the_decoder() {
    let source = webp(Size::new(2100, 2001));
    let decoder = isolated(REGISTRY.decoder(Format::Webp).unwrap());
    let (decode, limits) = (decode(Size::new(2100, 2001)), Limits::default());
    let error = decoder.open(Bytes::from_static(b"RIFF"), &limits).err().unwrap();
    assert_eq!(error.kind, Kind::Corrupt);
    // The header is complete, the samples are not.
    let mut broken = source.to_vec();
    let length = broken.len();
    broken[200..length].fill(0xA5);
    let own = REGISTRY.decoder(Format::Webp).unwrap();
    let expected = own.decode(broken.clone().into(), &decode, &limits);
    let result = decoder.decode(broken.into(), &decode, &limits);
    match (result, expected) {
        (Ok(image), Ok(expected)) => assert!(image == expected),
        (Err(error), Err(expected)) => {
            assert_eq!((error.kind, error.message), (expected.kind, expected.message));
        }
        (result, expected) => panic!("{:?}, expected {:?}", result.is_ok(), expected.is_ok()),
    }
}

fn a_decoder_that_misbehaves_is_an_error_of_one_request() {
    let decoder = isolated(&FRAGILE);
    let (decode, limits) = (decode(Size::new(4, 4)), Limits::default());
    for (source, kind) in [
        ("abort", Kind::Corrupt),
        ("panic", Kind::Corrupt),
        ("overflow the stack", Kind::Corrupt),
        ("allocate", Kind::LimitExceeded),
        ("a large image", Kind::LimitExceeded),
        ("damaged", Kind::Corrupt),
    ] {
        let error = decoder.decode(source.into(), &decode, &limits).unwrap_err();
        assert_eq!(error.kind, kind, "{source}: {error}");
        let image = decoder.decode("white".into(), &decode, &limits).unwrap();
        assert_eq!(image.frames[0].planes[0].samples, Samples::U8(vec![255; 48]), "after {source}");
    }
}

fn a_stopped_decode_ends_and_says_why() {
    let decoder = isolated(&FRAGILE);
    let (decode, limits) = (decode(Size::new(4, 4)), Limits::default());
    for (reason, kind) in [(StopReason::Disconnected, Kind::Cancelled), (StopReason::Deadline, Kind::Timeout)]
    {
        let stop = Stop::default();
        scope(|scope| {
            let opened = decoder.open("loop".into(), &limits).unwrap();
            let result = scope.spawn(|| opened.decode(&decode, &stop));
            stop.set(reason);
            assert_eq!(result.join().unwrap().unwrap_err().kind, kind);
        });
    }
}

fn main() -> ExitCode {
    if let Some(code) = run_if_worker(|input, output| work(registry(), input, output)) {
        return code;
    }
    common::run_tests(&[
        ("images_are_those_of_the_decoder", images_are_those_of_the_decoder),
        (
            "a_drawing_has_pictures_that_are_decoded_on_several_threads_elsewhere",
            a_drawing_has_pictures_that_are_decoded_on_several_threads_elsewhere,
        ),
        ("errors_are_those_of_the_decoder", errors_are_those_of_the_decoder),
        (
            "a_decoder_that_misbehaves_is_an_error_of_one_request",
            a_decoder_that_misbehaves_is_an_error_of_one_request,
        ),
        ("a_stopped_decode_ends_and_says_why", a_stopped_decode_ends_and_says_why),
    ])
}
