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

/// The bytes of a file of `blocks` after its header: with the trailer.
fn split(file: &[u8]) -> (Vec<u8>, Vec<u8>) {
    // The header, the screen and four colours.
    let (head, blocks) = file.split_at(13 + 12);
    (head.to_vec(), blocks.to_vec())
}

/// The colours of the frames of `bytes`, one letter for a pixel.
fn letters(bytes: &[u8]) -> Vec<String> {
    let letter = |pixel: &[u8]| match pixel {
        [255, 0, 0, 255] => 'r',
        [0, 255, 0, 255] => 'g',
        [0, 0, 255, 255] => 'b',
        [0, 0, 0, 255] => 'k',
        [0, 0, 0, 0] => '.',
        _ => '?',
    };
    let row = |frame: &Frame| to_rgba(frame).chunks_exact(4).map(letter).collect();
    decode_all(&Gif, bytes).frames.iter().map(row).collect()
}

/// Two frames on a screen of 2 by 1 pixels.
fn two() -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let keep = DisposalMethod::Keep;
    let (head, first) = split(&file([block(0, &[0, 1], keep)]));
    let (_, second) = split(&file([block(1, &[2], keep)]));
    let without_trailer = |blocks: Vec<u8>| blocks[..blocks.len() - 1].to_vec();
    (head, without_trailer(first), without_trailer(second))
}

#[test]
fn unknown_extensions_and_zeros_between_blocks_are_skipped() {
    let (head, first, second) = two();
    let check = |parts: &[&[u8]], expected: &[&str]| {
        let bytes = [&[&*head][..], parts].concat().concat();
        assert_eq!(letters(&bytes), expected);
        assert_eq!(header(&Gif, &bytes, &Limits::default()).unwrap().frames as usize, expected.len());
    };
    let both: &[&str] = &["rg", "rb"];
    check(&[&first, &second, b";"], both);
    check(&[b"!\x42\x03abc\x00", &first, b"!\x00\x00!\xF8\x01a\x01b\x00", &second, b";"], both);
    check(&[&first, &second, b"\0;"], both);
    check(&[b"\0\0", &first, b"\0\0\0", &second, b";"], both);
    // What follows another unknown block is not shown, as in browsers.
    check(&[&first, b"?", &second, b";"], &["rg"]);
    check(&[&first, b";", &second], &["rg"]);
    // A control extension of another length.
    check(&[b"!\xF9\x02\x00\x00\x00", &first, &second, b";"], both);
}

#[test]
fn files_that_end_early_are_shown_as_far_as_they_go() {
    let (head, first, second) = two();
    let whole = [&*head, &first, &second].concat();
    assert_eq!(letters(&whole), ["rg", "rb"], "without a trailer");
    for length in 0..whole.len() {
        let bytes = &whole[..length];
        let result = try_decode(&Gif, bytes, &common::wanted(true), &Limits::default());
        match result {
            Ok(image) => {
                assert!(length > head.len() && image.frames.len() <= 2);
                if head.len() + first.len() <= length {
                    assert_eq!(letters(bytes)[0], "rg", "{length}");
                }
            }
            Err(error) => {
                assert_eq!(error.kind, Kind::Corrupt);
                assert!(length < head.len() + first.len(), "{length}: {error}");
            }
        }
    }
    // Half of the rows of an image.
    let picture = scene(Size::new(40, 30), Model::Grey, 0);
    let whole = Gif.encode(&image(vec![picture]), &Encode::default(), &Stop::default()).unwrap();
    let decoded = decode(&Gif, &whole[..whole.len() - 200]);
    let (cut, all) = (to_rgba(&decoded.frames[0]), to_rgba(&decode(&Gif, &whole).frames[0]));
    let same = cut.iter().zip(&all).take_while(|(cut, all)| cut == all).count();
    assert!(all.len() / 10 < same && same < all.len(), "{same} of {}", all.len());
    assert!(cut.ends_with(&[0; 4]));
}

#[test]
fn a_first_frame_larger_than_the_screen_replaces_it() {
    let bytes = file([block(0, &[0, 1], DisposalMethod::Keep), block(1, &[2], DisposalMethod::Keep)]);
    let screen = |w: u16, h: u16| {
        let mut bytes = bytes.clone();
        bytes[6..8].copy_from_slice(&w.to_le_bytes());
        bytes[8..10].copy_from_slice(&h.to_le_bytes());
        bytes
    };
    for (w, h) in [(0, 0), (1, 1), (2, 0), (0, 1), (1, 7)] {
        assert_eq!(header(&Gif, &screen(w, h), &Limits::default()).unwrap().geometry.size, Size::new(2, 1));
        assert_eq!(letters(&screen(w, h)), ["rg", "rb"], "{w} by {h}");
    }
    assert_eq!(letters(&screen(3, 1)), ["rg.", "rb."]);
    // A later frame is cut: here it has the first as a second row.
    let mut large = split(&bytes).1;
    let at = large.iter().rposition(|byte| *byte == b',').unwrap();
    large[at + 5..at + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
    let large = [&bytes[..25], &large].concat();
    assert_eq!(letters(&large), ["rg", "rb"]);
    // What it states counts as work, for it may be decoded.
    let cost = |bytes: &[u8]| {
        let opened = Gif.open(bytes.to_vec().into(), &Limits::default()).unwrap();
        opened.cost(&common::wanted(true)).cpu_ns
    };
    assert!(cost(&bytes) * 1_000_000 < cost(&large));
}

#[test]
fn a_file_without_colours_is_black() {
    let mut bytes = file([block(0, &[0, 1], DisposalMethod::Keep)]);
    bytes[10] = 0;
    bytes.drain(13..25);
    assert_eq!(letters(&bytes), ["kk"]);
}

#[test]
fn interlaced_frames_are_decoded() {
    let palette = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 0, 0]].concat();
    let mut encoder = Encoder::new(Vec::new(), 1, 9, &palette).unwrap();
    // Rows 0, 8, 4, 2, 6, 1, 3, 5, 7.
    let rows = vec![0, 1, 2, 0, 1, 2, 0, 1, 2];
    let block = Block { interlaced: true, ..Block::from_indexed_pixels(1, 9, rows, None) };
    encoder.write_frame(&block).unwrap();
    assert_eq!(letters(&encoder.into_inner().unwrap()), ["rbrr".to_owned() + "bggbg"]);
}

#[test]
fn frames_that_look_the_same_are_merged() {
    let frame = |red: u8| Frame::whole(Size::new(2, 1), Model::Rgb, Samples::U8(vec![red, 0, 0, 9, 9, 9]));
    let check = |reds: &[u8], delays: &[u32], expected: &[u32]| {
        let frames = reds.iter().map(|red| frame(*red)).collect();
        let before = Image { delays_ms: delays.to_vec(), ..image(frames) };
        let after = decode_all(&Gif, &Gif.encode(&before, &Encode::default(), &Stop::default()).unwrap());
        assert_eq!(after.delays_ms, expected, "{reds:?} {delays:?}");
    };
    check(&[1, 1, 2, 2, 2, 1], &[100, 50, 20, 30, 40, 70], &[150, 90, 70]);
    check(&[1, 1], &[100, 50], &[]);
    // Viewers show these longer than they say.
    check(&[1, 1, 2], &[10, 50, 70], &[10, 50, 70]);
    check(&[1, 1, 2], &[600_000, 60_000, 70], &[600_000, 60_000, 70]);
    // Thirds of hundredths are not lost.
    check(&[1, 1, 2, 2], &[33, 33, 33, 100], &[70, 130]);
}

#[test]
fn a_frame_clears_no_more_than_what_becomes_transparent() {
    // An opaque pixel that moves over 50 transparent ones.
    let frame = |at: usize| {
        let pixels = (0..50).flat_map(|i| if i == at { [7, 8, 9, 255] } else { [0; 4] });
        Frame::whole(Size::new(50, 1), Model::Rgba, Samples::U8(pixels.collect()))
    };
    let before = Image { delays_ms: vec![100; 4], ..image([3, 20, 21, 40].map(frame).to_vec()) };
    let bytes = Gif.encode(&before, &Encode::default(), &Stop::default()).unwrap();
    assert_eq!(decode_all(&Gif, &bytes), before);
    let mut blocks = gif::DecodeOptions::new().read_info(&*bytes).unwrap();
    let mut places = Vec::new();
    while let Some(block) = blocks.next_frame_info().unwrap() {
        places.push((block.left, block.width));
    }
    assert_eq!(places, [(0, 50), (20, 1), (21, 1), (40, 1)]);
}

#[test]
fn damage_is_an_error() {
    use DisposalMethod::{Background, Keep, Previous};
    let blocks = [(0, [0, 1], Keep), (0, [3, 2], Previous), (1, [2, 2], Background), (0, [1, 1], Keep)];
    assert_survives(&Gif, &file(blocks.map(|(left, indices, method)| block(left, &indices, method))));
    let picture = scene(Size::new(24, 16), Model::Rgba, 0);
    assert_survives(&Gif, &Gif.encode(&image(vec![picture]), &Encode::default(), &Stop::default()).unwrap());
}
