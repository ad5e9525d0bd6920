//! The table of formats agrees with the registry.

use safelight_core::{
    Decode, Encode, Format, Frame, Image, Kind, Limits, Model, Plan, Samples, Settings, Size, Stop,
    testing::Output,
};
use safelight_registry::{DECODERS, ENCODERS, REGISTRY};
use std::collections::HashSet;

#[test]
fn decoders_and_encoders_are_those_of_the_table() {
    for format in Format::all() {
        let can = format.abilities();
        assert_eq!(REGISTRY.decoder(format).is_some(), can.decode, "{format} is decoded");
        assert_eq!(REGISTRY.encoder(format).is_some(), can.encode, "{format} is encoded");
        if let Some(encoder) = REGISTRY.encoder(format) {
            assert_eq!(encoder.is_animated(), can.animate, "{format} is animated");
        } else {
            assert!(!can.animate, "{format} is animated");
        }
    }
}

#[test]
fn formats_have_one_decoder_and_one_encoder_at_most() {
    let decoded: HashSet<_> = DECODERS.iter().map(|decoder| decoder.format()).collect();
    let encoded: HashSet<_> = ENCODERS.iter().map(|encoder| encoder.format()).collect();
    assert_eq!((decoded.len(), encoded.len()), (DECODERS.len(), ENCODERS.len()));
}

#[test]
fn animations_keep_their_frames_where_the_table_says_so() {
    let size = Size::new(2, 2);
    let frame = |grey| Frame::whole(size, Model::Rgb, Samples::U8(vec![grey; 12]));
    let image = Image { frames: vec![frame(0), frame(255)], delays_ms: vec![50; 2], plays: 0, profile: None };
    let decode = Decode { needed: size, all_frames: true, keep_profile: false, chroma: (1, 1) };
    for encoder in ENCODERS {
        let Some(decoder) = REGISTRY.decoder(encoder.format()) else { continue };
        let file = encoder.encode(&image, &Encode::default(), &Stop::default()).expect("a small image");
        let opened = decoder.open(file.into(), &Limits::default()).expect("the file is our own");
        let (is_animated, frames) = (opened.header().is_animated, opened.header().frames);
        let found = opened.decode(&decode, &Stop::default()).expect("the file is our own");
        let expected = if encoder.format().abilities().animate { 2 } else { 1 };
        assert_eq!(
            (is_animated, frames as usize, found.frames.len()),
            (1 < expected, expected, expected),
            "{encoder:?}"
        );
    }
}

#[test]
fn sources_that_cannot_be_decoded_are_rejected_with_their_format() {
    let supported = Format::names(|can| can.decode);
    let check = |source: Vec<u8>, expected: &str| {
        let plan =
            Plan::new(REGISTRY, REGISTRY.query("width=10", "").expect("a valid query")).expect("no conflict");
        let error = Output::collect(plan.start(&Settings::default()), &source.into(), 100).unwrap_err();
        let expected = format!("{expected}; supported: {supported}");
        assert_eq!((error.kind, error.message), (Kind::UnsupportedFormat, expected));
    };
    check(b"%PDF-1.7".repeat(10), "unrecognised image format");
    check(b"\0".to_vec(), "unrecognised image format");
}
