//! GIF against its sample, the corpus, and damage.

#![cfg(feature = "gif")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    assert_round_trip, assert_survives, corpus, decode, decode_all, header, image, psnr, sample, scene,
    to_rgba, try_decode,
};
use gif::{DisposalMethod, Encoder, Frame as Block, Repeat};
use safelight_codecs::Gif;
use safelight_core::{Decoder, Encode, Encoder as _, Frame, Image, Kind, Limits, Model, Samples, Size, Stop};

/// A file of `blocks` on a screen of 2 by 1 pixels, whose colours are red, green and blue.
fn file(blocks: impl IntoIterator<Item = Block<'static>>) -> Vec<u8> {
    let palette = [[255, 0, 0], [0, 255, 0], [0, 0, 255]].concat();
    let mut encoder = Encoder::new(Vec::new(), 2, 1, &palette).unwrap();
    blocks.into_iter().for_each(|block| encoder.write_frame(&block).unwrap());
    encoder.into_inner().unwrap()
}

fn block(left: u16, indices: &[u8], dispose: DisposalMethod) -> Block<'static> {
    let block = Block::from_indexed_pixels(indices.len() as u16, 1, indices.to_vec(), Some(3));
    Block { left, dispose, ..block }
}

#[test]
fn frames_are_composed_by_their_disposal() {
    use DisposalMethod::{Background, Keep, Previous};
    let check = |blocks: &[(u16, &[u8], DisposalMethod)], expected: &[&str]| {
        let decoded =
            decode_all(&Gif, &file(blocks.iter().map(|(left, i, method)| block(*left, i, *method))));
        let letter = |pixel: &[u8]| match pixel {
            [255, 0, 0, 255] => 'r',
            [0, 255, 0, 255] => 'g',
            [0, 0, 255, 255] => 'b',
            [0, 0, 0, 0] => '.',
            _ => '?',
        };
        let found: Vec<String> =
            decoded.frames.iter().map(|frame| to_rgba(frame).chunks_exact(4).map(letter).collect()).collect();
        assert_eq!(found, expected);
    };
    check(&[(0, &[0, 1], Keep), (1, &[2], Keep)], &["rg", "rb"]);
    check(&[(0, &[0, 1], Keep), (0, &[3, 2], Keep)], &["rg", "rb"]);
    check(&[(0, &[0, 1], Keep), (1, &[2], Background), (0, &[1], Keep)], &["rg", "rb", "g."]);
    check(&[(0, &[0, 1], Keep), (1, &[2], Previous), (0, &[1], Keep)], &["rg", "rb", "gg"]);
    check(&[(0, &[0, 1], Background), (1, &[2], Keep)], &["rg", ".b"]);
    check(&[(1, &[0, 1], Keep)], &[".r"]);
    check(&[(0, &[7, 1], Keep)], &[".g"]);
}

#[test]
fn the_sample_is_an_animation() {
    let bytes = sample("animated.gif");
    let header = header(&Gif, &bytes, &Limits::default()).unwrap();
    assert!(header.has_palette && header.is_animated);
    let decoded = decode_all(&Gif, &bytes);
    assert_eq!((decoded.frames.len(), header.frames, decoded.plays), (4, 4, 0));
    assert_eq!(decoded.delays_ms, [250; 4]);
    assert_eq!(decoded.frames[0].model, Model::Rgb, "it has no transparent pixel");
    assert_eq!(decode(&Gif, &bytes).frames, decoded.frames[..1]);
}

#[test]
fn few_colours_are_exact() {
    let level =
        |i: u32| [(i % 5 * 50) as u8, (i % 3 * 100) as u8, 9, if i.is_multiple_of(4) { 0 } else { 255 }];
    let frame = |from: u32| {
        let pixels = (from..from + 77).flat_map(|i| if level(i)[3] == 0 { [0; 4] } else { level(i) });
        Frame::whole(Size::new(11, 7), Model::Rgba, Samples::U8(pixels.collect()))
    };
    // The second is the first, the third uncovers pixels, the fourth covers them again.
    let frames = [frame(0), frame(0), frame(1), frame(0)].to_vec();
    for plays in [0, 1, 2, 9] {
        let before = Image { delays_ms: vec![40, 0, 100, 250], plays, ..image(frames.clone()) };
        let after = decode_all(&Gif, &Gif.encode(&before, &Encode::default(), &Stop::default()).unwrap());
        assert_eq!(after, before);
    }
    let still = Gif.encode(&image(frames[..1].to_vec()), &Encode::default(), &Stop::default()).unwrap();
    assert_eq!(decode_all(&Gif, &still), image(frames[..1].to_vec()));
}

#[test]
fn many_colours_are_close() {
    for model in [Model::Rgb, Model::Rgba, Model::Grey] {
        let picture = scene(Size::new(120, 90), model, 0);
        let bytes = Gif.encode(&image(vec![picture.clone()]), &Encode::default(), &Stop::default()).unwrap();
        let back = decode(&Gif, &bytes);
        assert!(30.0 < psnr(&back.frames[0], &picture), "{model:?} {} dB", psnr(&back.frames[0], &picture));
        let alphas = to_rgba(&picture).into_iter().skip(3).step_by(4);
        let expected = alphas.map(|alpha| if alpha < 128 { 0 } else { 255 });
        assert!(to_rgba(&back.frames[0]).into_iter().skip(3).step_by(4).eq(expected));
    }
}

#[test]
fn real_animations_survive_a_round_trip() {
    let mut files = vec![sample("animated.gif")];
    files.extend(corpus(&[
        "sharp/rotating-squares.gif",
        "sharp/animated-loop-3.gif",
        "sharp/grey-plus-alpha.gif",
    ]));
    for bytes in files {
        let before = decode_all(&Gif, &bytes);
        assert_round_trip(&Gif, &before);
    }
}

#[test]
fn limits_are_checked_before_pixels() {
    let mut encoder = Encoder::new(Vec::new(), 2, 1, &[0; 6]).unwrap();
    encoder.set_repeat(Repeat::Infinite).unwrap();
    for _ in 0..10_000 {
        encoder.write_frame(&Block::from_indexed_pixels(1, 1, vec![0], None)).unwrap();
    }
    let bytes = encoder.into_inner().unwrap();
    let rejected = |limits: &Limits| {
        let error = try_decode(&Gif, &bytes, &common::wanted(true), limits).unwrap_err();
        assert_eq!(error.kind, Kind::LimitExceeded);
        error.message
    };
    assert!(rejected(&Limits::default()).contains("1000"));
    let all = Limits { max_frames: 10_000, ..Limits::default() };
    assert!(rejected(&Limits { max_pixels: 19_999, ..all.clone() }).contains("19999"));
    assert!(rejected(&Limits { max_pixels: 1, ..all.clone() }).contains('1'));
    assert_eq!(try_decode(&Gif, &bytes, &common::wanted(true), &all).unwrap().frames.len(), 10_000);
    assert_eq!(decode(&Gif, &bytes).frames.len(), 1);

    let header = header(&Gif, &bytes, &Limits::default()).unwrap();
    assert_eq!(header.frames, 1001, "the limit and one more");
    let opened = Gif.open(bytes.into(), &Limits::default()).unwrap();
    let reserved = |all_frames| opened.cost(&common::wanted(all_frames)).bytes;
    assert_eq!(reserved(true) - reserved(false), 999 * 2 * 4);
}

#[test]
fn frames_larger_than_the_screen_are_rejected() {
    let mut bytes = file([block(0, &[0, 1], DisposalMethod::Keep)]);
    let at = bytes.windows(9).position(|window| window == [0x2C, 0, 0, 0, 0, 2, 0, 1, 0]).unwrap();
    bytes[at + 5..at + 9].fill(0xFF);
    let error = try_decode(&Gif, &bytes, &common::wanted(false), &Limits::default()).unwrap_err();
    assert_eq!(error.kind, Kind::Corrupt);
}

#[test]
fn damage_is_an_error() {
    use DisposalMethod::{Background, Keep, Previous};
    let blocks = [(0, [0, 1], Keep), (0, [3, 2], Previous), (1, [2, 2], Background), (0, [1, 1], Keep)];
    assert_survives(&Gif, &file(blocks.map(|(left, indices, method)| block(left, &indices, method))));
    let picture = scene(Size::new(24, 16), Model::Rgba, 0);
    assert_survives(&Gif, &Gif.encode(&image(vec![picture]), &Encode::default(), &Stop::default()).unwrap());
}
