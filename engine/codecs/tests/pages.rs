//! Are pages of files and frames of animations found by their numbers?

#![cfg(all(feature = "tiff", feature = "ico", feature = "gif", feature = "png", feature = "webp"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::tiff::File;
use common::{image, scene, to_rgba, wanted};
use safelight_codecs::{Bmp, Gif, Ico, Png, Tiff, Webp};
use safelight_core::{
    Compression, Decoder, Encode, Encoder, Frame, Geometry, Image, Kind, Limits, Model, Orientation, Samples,
    Size, Stop,
};

/// The only frame of a page.
fn page(decoder: &dyn Decoder, bytes: &[u8], page: u32) -> Frame {
    let opened = decoder.open_page(bytes.to_vec().into(), page, &Limits::default()).unwrap();
    let header = *opened.header();
    assert!(!header.is_animated && header.frames == 1);
    // A page is one frame, whatever is wanted of an animation.
    let image = opened.decode(&wanted(true), &Stop::default()).unwrap();
    let [frame] = <[Frame; 1]>::try_from(image.frames).unwrap();
    assert_eq!(frame.geometry, header.geometry);
    assert!(image.delays_ms.is_empty());
    frame
}

fn missing(decoder: &dyn Decoder, bytes: &[u8], page: u32) -> String {
    let error = decoder.open_page(bytes.to_vec().into(), page, &Limits::default()).err().unwrap();
    assert_eq!(error.kind, Kind::InvalidParam);
    error.message
}

#[test]
fn directories_of_a_tiff_are_pages() {
    let grey = |width: u16, level: u8| File::new((width, 1), 1, &[8], vec![level; width.into()]);
    let first = grey(1, 10).bytes();
    let second = grey(2, 20).with(274, &[3]).bytes();
    // The second file behind the first: its positions grow, and the first directory leads to its directory.
    let mut both = first.clone();
    both.extend(&second);
    let at = |file: &[u8]| u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize;
    let shift = first.len() as u32;
    let directory = first.len() + at(&second);
    let end_of_first = first.len() - 4;
    both[end_of_first..first.len()].copy_from_slice(&(directory as u32).to_le_bytes());
    let count = usize::from(both[directory]);
    for entry in (0..count).map(|index| directory + 2 + 12 * index) {
        if u16::from_le_bytes([both[entry], both[entry + 1]]) == 273 {
            let value: &mut [u8; 4] = (&mut both[entry + 8..entry + 12]).try_into().unwrap();
            *value = (u32::from_le_bytes(*value) + shift).to_le_bytes();
        }
    }
    assert_eq!(to_rgba(&page(&Tiff, &both, 0)), [10, 10, 10, 255]);
    let second = page(&Tiff, &both, 1);
    assert_eq!(to_rgba(&second), [20, 20, 20, 255].repeat(2));
    let orientation = Orientation::new(3).unwrap();
    assert_eq!(second.geometry, Geometry { size: Size::new(2, 1), orientation });
    let message = "page: expected an integer from 0 to 1, got 2: the image has 2 pages";
    assert_eq!(missing(&Tiff, &both, 2), message);
    assert_eq!(missing(&Tiff, &first, 1), "page: expected 0, got 1: the image has 1 page");
}

#[test]
fn entries_of_an_icon_are_pages() {
    let png = |size: Size, level: u8| {
        let samples = Samples::U8(vec![level; size.pixels() as usize * 3]);
        let image = image(vec![Frame::whole(size, Model::Rgb, samples)]);
        Png.encode(&image, &Encode::default(), &Stop::default()).unwrap()
    };
    let images = [png(Size::new(2, 2), 9), png(Size::new(1, 1), 7)];
    let mut file = vec![0, 0, 1, 0, 2, 0];
    let mut start = 6 + 2 * 16;
    for (image, side) in images.iter().zip([2, 1]) {
        file.extend([side, side, 0, 0, 1, 0, 24, 0]);
        file.extend((image.len() as u32).to_le_bytes());
        file.extend((start as u32).to_le_bytes());
        start += image.len();
    }
    file.extend(images.concat());
    assert_eq!(to_rgba(&page(&Ico, &file, 0)), [9, 9, 9, 255].repeat(4));
    assert_eq!(to_rgba(&page(&Ico, &file, 1)), [7, 7, 7, 255]);
    assert!(missing(&Ico, &file, 2).ends_with("the image has 2 pages"));
}

#[test]
fn frames_of_animations_are_pages() {
    let size = Size::new(8, 6);
    let frames: Vec<_> = [0, 1, 2].map(|shift| scene(size, Model::Rgb, shift)).to_vec();
    let animation = Image { delays_ms: vec![100; 3], plays: 0, ..image(frames.clone()) };
    let lossless = Encode { compression: Some(Compression::Lossless), ..Encode::default() };
    let check = |codec: &dyn Decoder, encoder: &dyn Encoder| {
        let bytes = encoder.encode(&animation, &lossless, &Stop::default()).unwrap();
        for (number, frame) in (0..).zip(&frames) {
            assert_eq!(to_rgba(&page(codec, &bytes, number)), to_rgba(frame), "{} {number}", codec.format());
        }
        assert!(missing(codec, &bytes, 3).ends_with("the image has 3 pages"));
        let cost = |number| {
            let opened = codec.open_page(bytes.clone().into(), number, &Limits::default()).unwrap();
            opened.cost(&wanted(true))
        };
        assert_eq!(cost(0).bytes, cost(2).bytes, "{}", codec.format());
        assert!(cost(0).cpu_ns < cost(2).cpu_ns, "{}", codec.format());
        // All frames up to the page count against the limit.
        let limits = Limits { max_pixels: 2 * size.pixels(), ..Limits::default() };
        let opened = codec.open_page(bytes.clone().into(), 2, &limits).unwrap();
        assert_eq!(opened.decode(&wanted(true), &Stop::default()).unwrap_err().kind, Kind::LimitExceeded);
    };
    check(&Gif, &Gif);
    check(&Png, &Png);
    check(&Webp, &Webp);
}

#[test]
fn other_formats_have_one_page() {
    let bmp = [
        b"BM",
        &[0; 8][..],
        &[54, 0, 0, 0],
        &[40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0],
        &[0; 24],
        &[3, 2, 1, 0],
    ]
    .concat();
    assert_eq!(to_rgba(&page(&Bmp, &bmp, 0)), [1, 2, 3, 255]);
    assert!(missing(&Bmp, &bmp, 1).ends_with("the image has 1 page"));
}
