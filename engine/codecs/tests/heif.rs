//! Files of HEIF and AVIF that are built here: grids, transforms, alpha planes, overlays, sequences.

#![cfg(all(feature = "avif", feature = "heic", feature = "png"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    assert_survives, decode, decode_all, header,
    heif::{File, Item, full, sequence},
    image, psnr, scene, to_rgba, try_decode, wanted,
};
use safelight_codecs::{Avif, Heic, Heif};
use safelight_core::{
    Decode, Decoder, Frame, Geometry, Isolation, Kind, Limits, Model, Orientation, Samples, Size, Stop,
};

const SIDE: u32 = 64;
const TILE: Size = Size::new(SIDE, SIDE);

/// An image of one colour: luma and chroma of 8 bits.
fn flat(size: Size, colour: [u16; 3]) -> Item {
    Item::hevc(size, 8, false, |_, _| colour)
}

const COLOURS: [[u16; 3]; 4] = [[40, 128, 128], [90, 160, 100], [160, 90, 150], [220, 128, 128]];

/// RGBA of a frame, upright and cut to what is shown.
fn pixels(frame: Frame) -> (Size, Vec<[u8; 4]>) {
    let turn = frame.geometry.orientation.into();
    let frame = frame.materialize().and_then(Frame::into_rgb).and_then(|frame| frame.turn(turn)).unwrap();
    (frame.geometry.size, to_rgba(&frame).as_chunks().0.to_vec())
}

/// Checks a pixel of the first frame of `file` to within 2.
fn check(decoder: &dyn Decoder, file: &[u8], size: Size, expected: &[((u32, u32), [u8; 4])]) {
    let (found, pixels) = pixels(decode(decoder, file).frames.remove(0));
    assert_eq!(found, size);
    for ((x, y), expected) in expected {
        let pixel = pixels[(y * size.w + x) as usize];
        let is_near = pixel.iter().zip(expected).all(|(found, expected)| found.abs_diff(*expected) <= 2);
        assert!(is_near, "{x}, {y}: {pixel:?}, not {expected:?}");
    }
}

fn rgb([y, cb, cr]: [u16; 3]) -> [u8; 4] {
    let [r, g, b] = safelight_core::frame::rgb_from_ycc(y as u8, cb as u8, cr as u8);
    [r, g, b, 255]
}

/// A grid of four tiles of one colour each.
fn grid(size: Size) -> File {
    File::new(b"heic", Item::grid(2, 2, size)).of(COLOURS.map(|colour| flat(TILE, colour)))
}

#[test]
fn tiles_are_joined_at_every_scale() {
    let size = Size::new(100, 90);
    let file = grid(size).build();
    let corners = [(0, 0), (size.w - 1, 0), (0, size.h - 1), (size.w - 1, size.h - 1)];
    let expected: Vec<_> = corners.into_iter().zip(COLOURS.map(rgb)).collect();
    check(&Heic, &file, size, &expected);
    for (side, step) in [(10, 4.0), (20, 2.0), (40, 1.0)] {
        let decode = Decode { needed: Size::new(side, side), ..wanted(false) };
        let frame = try_decode(&Heic, &file, &decode, &Limits::default()).unwrap().frames.remove(0);
        assert_eq!(frame.model, Model::Ycc { chroma: (1, 1) });
        assert_eq!((frame.geometry.size, frame.planes[0].step), (size, (step, step)), "{side}");
        assert_eq!(frame.planes[1].step, (2.0 * step, 2.0 * step));
        let Samples::U8(luma) = &frame.planes[0].samples else { panic!("8 bits were coded") };
        for (found, [expected, ..]) in luma.iter().step_by(luma.len() - 1).zip([COLOURS[0], COLOURS[3]]) {
            assert!(u16::from(*found).abs_diff(expected) <= 1, "{found}, not {expected}");
        }
    }
}

#[test]
fn transforms_of_the_container_apply_and_the_orientation_of_exif_does_not() {
    let size = Size::new(96, 64);
    let quarters = |x: u32, y: u32| COLOURS[usize::from(48 <= x) + 2 * usize::from(32 <= y)];
    let item = || Item::hevc(size, 8, false, quarters);
    let exif = b"\0\0\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let check = |item: Item, size: Size, orientation: u8, corners: [usize; 4]| {
        let file = File::new(b"heic", item).and(b"cdsc", Item::new(b"Exif", exif.to_vec(), size));
        let file = file.build();
        let geometry = header(&Heic, &file, &Limits::default()).unwrap().geometry;
        assert_eq!(geometry.orientation, Orientation::new(orientation).unwrap());
        let Size { w, h } = size;
        let places = [(0, 0), (w - 1, 0), (0, h - 1), (w - 1, h - 1)];
        let expected: Vec<_> = places.into_iter().zip(corners.map(|at| rgb(COLOURS[at]))).collect();
        self::check(&Heic, &file, size, &expected);
    };
    check(item(), size, 1, [0, 1, 2, 3]);
    check(item().rotated(1), size.transposed(), 8, [1, 3, 0, 2]);
    check(item().rotated(2), size, 3, [3, 2, 1, 0]);
    check(item().rotated(3), size.transposed(), 6, [2, 0, 3, 1]);
    check(item().mirrored(true), size, 2, [1, 0, 3, 2]);
    check(item().mirrored(false), size, 4, [2, 3, 0, 1]);
    check(item().rotated(1).mirrored(false), size.transposed(), 5, [0, 2, 1, 3]);
    // The lower left quarter, which the turn moves to the upper left.
    let quarter = Size::new(48, 32);
    check(item().cropped(quarter, -48, 32).rotated(3), quarter.transposed(), 6, [2, 2, 2, 2]);
    check(item().rotated(3).cropped(quarter.transposed(), -32, -48), quarter.transposed(), 6, [2, 2, 2, 2]);
}

#[test]
fn alpha_planes_are_applied() {
    let size = Size::new(32, 16);
    let grey = |bits, value| Item::hevc(Size::new(16, 16), bits, true, move |_, _| [value; 3]).into_alpha();
    let colour = || flat(size, [100, 128, 128]);
    let file = File::new(b"heic", colour()).and(b"auxl", grey(8, 200));
    check(&Heic, &file.build(), size, &[((5, 5), [100, 100, 100, 200])]);
    let mut premultiplied = file.clone();
    premultiplied.references.push((*b"prem", 1, vec![2]));
    check(&Heic, &premultiplied.build(), size, &[((5, 5), [128, 128, 128, 200])]);
    let wide = File::new(b"heic", colour()).and(b"auxl", grey(10, 512)).build();
    let frame = decode(&Heic, &wide).frames.remove(0);
    let Samples::U16(samples) = &frame.planes[0].samples else { panic!("alpha has 10 bits") };
    assert!(samples[3].abs_diff(0x8020) < 0x80, "{samples:04x?}");
    // Depth and gain maps are no alpha.
    let depth =
        Item::hevc(size, 8, true, |_, _| [9; 3]).with(full(b"auxC", 0, 0, b"urn:mpeg:hevc:2015:auxid:2\0"));
    check(
        &Heic,
        &File::new(b"heic", colour()).and(b"auxl", depth).build(),
        size,
        &[((5, 5), [100, 100, 100, 255])],
    );
    // Each tile of a grid has a plane of its own.
    let mut tiles = grid(Size::new(128, 128));
    for (tile, value) in (2..=5).zip([10, 90, 170, 250]) {
        tiles.items.push(Item::hevc(TILE, 8, true, |_, _| [value; 3]).into_alpha());
        tiles.references.push((*b"auxl", tiles.items.len() as u16, vec![tile]));
    }
    let [r, g, b, _] = rgb(COLOURS[2]);
    check(&Heic, &tiles.build(), Size::new(128, 128), &[((0, 127), [r, g, b, 170])]);
}

#[test]
fn overlays_are_drawn() {
    let size = Size::new(60, 40);
    let overlay = Item::overlay(size, [0, 0, 0xFFFF, 0x8000], &[(-16, -16), (40, 20)]);
    let layers =
        [flat(Size::new(32, 32), [200, 128, 128]), flat(Size::new(32, 64), [50, 128, 128]).rotated(1)];
    let file = File::new(b"heic", overlay).of(layers);
    let expected = [
        ((15, 15), [200, 200, 200, 255]),
        ((16, 15), [0, 0, 255, 128]),
        ((59, 39), [50, 50, 50, 255]),
        ((39, 39), [0, 0, 255, 128]),
    ];
    check(&Heic, &file.build(), size, &expected);
    let tight = Limits { max_pixels: 3000, ..Limits::default() };
    let error = header(&Heic, &file.build(), &tight).unwrap_err();
    assert_eq!(error.kind, Kind::LimitExceeded, "{error}");
}

#[test]
fn an_identity_changes_the_geometry_of_another_image() {
    let size = Size::new(32, 16);
    let left = |x: u32, _| if x < 16 { COLOURS[0] } else { COLOURS[3] };
    let identity = Item::new(b"iden", Vec::new(), size).rotated(1);
    let file = File::new(b"heic", identity).of([Item::hevc(size, 8, false, left).mirrored(true)]);
    check(&Heic, &file.build(), size.transposed(), &[((8, 0), rgb(COLOURS[0])), ((8, 31), rgb(COLOURS[3]))]);
    let mut endless = file;
    endless.references[0].2 = vec![1];
    assert!(header(&Heic, &endless.build(), &Limits::default()).is_err());
}

#[test]
fn depths_and_code_points_are_honoured() {
    let size = Size::new(16, 16);
    // The lightest and darkest of limited range.
    let limited = |value| flat(size, [value, 128, 128]).coded_as([1, 13, 1], false);
    check(&Heic, &File::new(b"heic", limited(235)).build(), size, &[((0, 0), [255; 4])]);
    check(&Heic, &File::new(b"heic", limited(16)).build(), size, &[((0, 0), [0, 0, 0, 255])]);
    // Red of Display P3 is outside of sRGB.
    let red = flat(size, [76, 85, 255]).coded_as([12, 13, 6], true);
    check(&Heic, &File::new(b"heic", red).build(), size, &[((0, 0), [255, 0, 0, 255])]);
    let ten = Item::hevc(size, 10, false, |_, _| [512; 3]);
    let file = File::new(b"heic", ten).build();
    assert_eq!(header(&Heic, &file, &Limits::default()).unwrap().sample_bytes, 2);
    let frame = decode(&Heic, &file).frames.remove(0);
    let Samples::U16(samples) = &frame.planes[0].samples else { panic!("10 bits were coded") };
    assert!(samples[0].abs_diff(0x8020) < 0x80, "{:04x}", samples[0]);
    let grey = Item::hevc(size, 8, true, |_, _| [77; 3]);
    assert_eq!(decode(&Heic, &File::new(b"heic", grey).build()).frames[0].model, Model::Grey);
}

#[test]
fn av1_and_hevc_are_decoded_under_every_brand() {
    let scene = scene(TILE, Model::Rgb, 0);
    for (brand, decoder) in [(b"avif", &Avif as &dyn Decoder), (b"mif1", &Heif)] {
        let file = File::new(brand, Item::av1(&scene)).build();
        let opened = decoder.open(file.clone().into(), &Limits::default()).unwrap();
        assert_eq!(opened.isolation(), Isolation::Always);
        let frame = decode(decoder, &file).frames.remove(0).into_rgb().unwrap();
        assert!(35.0 < psnr(&frame, &scene), "{}", psnr(&frame, &scene));
    }
    check(&Heif, &File::new(b"mif1", flat(TILE, COLOURS[1])).build(), TILE, &[((9, 9), rgb(COLOURS[1]))]);
    let tiles = [0, 9].map(|shift| self::scene(TILE, Model::Rgb, shift));
    let size = Size::new(2 * SIDE, SIDE);
    let file = File::new(b"avif", Item::grid(2, 1, size)).of(tiles.each_ref().map(Item::av1)).build();
    let (found, pixels) = pixels(decode(&Avif, &file).frames.remove(0));
    assert_eq!(found, size);
    for (at, tile) in tiles.iter().enumerate() {
        let own =
            pixels.chunks_exact(size.w as usize).flat_map(|row| &row[at * SIDE as usize..][..SIDE as usize]);
        let own = own.flat_map(|[r, g, b, _]| [*r, *g, *b]).collect();
        assert!(35.0 < psnr(&Frame::whole(TILE, Model::Rgb, Samples::U8(own)), tile));
    }
}

/// A collection: a photo with its companions, another, and one of two tiles.
fn collection() -> File {
    let small = Size::new(16, 16);
    let thumbnail = flat(small, COLOURS[3]);
    let alpha = Item::hevc(TILE, 8, true, |_, _| [255; 3]).into_alpha();
    let depth =
        Item::hevc(small, 8, true, |_, _| [9; 3]).with(full(b"auxC", 0, 0, b"urn:mpeg:hevc:2015:auxid:2\0"));
    let exif = Item::new(b"Exif", vec![0; 40], small);
    let mut file = File::new(b"heic", flat(TILE, COLOURS[0]))
        .and(b"thmb", thumbnail)
        .and(b"auxl", alpha)
        .and(b"auxl", depth)
        .and(b"cdsc", exif);
    let others = [
        flat(Size::new(32, 16), COLOURS[1]).rotated(1),
        flat(TILE, COLOURS[3]).hidden(),
        Item::grid(2, 1, Size::new(2 * SIDE, SIDE)),
        flat(TILE, COLOURS[2]),
        flat(TILE, COLOURS[2]),
        // The base of a gain map, in another range, and how both are to be shown.
        Item::new(b"tmap", vec![0; 40], TILE),
    ];
    file.items.extend(others);
    file.references.extend([(*b"dimg", 8, vec![9, 10]), (*b"dimg", 11, vec![1, 2])]);
    file
}

#[test]
fn pages_are_the_images_of_a_collection() {
    let check = |file: &File, page: u32, size: Size, colour: [u16; 3]| {
        let opened = Heic.open_page(file.build().into(), page, &Limits::default()).unwrap();
        let frame = opened.decode(&wanted(true), &Stop::default()).unwrap().frames.remove(0);
        let (found, pixels) = pixels(frame);
        assert_eq!(found, size, "page {page}");
        let is_near =
            pixels[0].iter().zip(rgb(colour)).all(|(found, expected)| found.abs_diff(expected) <= 2);
        assert!(is_near, "page {page}: {:?}", pixels[0]);
    };
    let mut file = collection();
    for primary in [1, 6] {
        file.primary = primary;
        check(&file, 0, TILE, COLOURS[0]);
        check(&file, 1, Size::new(16, 32), COLOURS[1]);
        check(&file, 2, Size::new(2 * SIDE, SIDE), COLOURS[2]);
        let error = Heic.open_page(file.build().into(), 3, &Limits::default()).err().unwrap();
        assert_eq!(error.kind, Kind::InvalidParam);
        assert_eq!(error.message, "page: expected an integer from 0 to 2, got 3: the image has 3 pages");
    }
    // Without a page, the primary item is shown.
    let shown = header(&Heic, &file.build(), &Limits::default()).unwrap().geometry.size;
    assert_eq!(shown, Size::new(32, 16));
    // It is a page even if it is hidden.
    file.primary = 7;
    check(&file, 2, TILE, COLOURS[3]);
}

#[test]
fn frames_of_sequences_are_pages() {
    let scenes = [0, 8, 16].map(scene_of);
    let images: Vec<_> = scenes.iter().map(Item::av1).zip([100, 33, 250]).collect();
    let file = sequence(b"avis", &images, &[], 3);
    for (scene, page) in scenes.iter().zip(0..) {
        let opened = Avif.open_page(file.clone().into(), page, &Limits::default()).unwrap();
        assert!(!opened.header().is_animated && opened.header().frames == 1);
        let image = opened.decode(&wanted(true), &Stop::default()).unwrap();
        assert_eq!((image.frames.len(), image.delays_ms.len()), (1, 0));
        assert!(35.0 < psnr(&image.frames[0], scene), "page {page}");
    }
    assert_eq!(Avif.open_page(file.into(), 3, &Limits::default()).err().unwrap().kind, Kind::InvalidParam);
}

fn scene_of(shift: u32) -> Frame {
    scene(TILE, Model::Rgb, shift)
}

#[test]
fn sequences_of_av1_are_animations() {
    let scenes = [0, 8, 16].map(scene_of);
    let images: Vec<_> = scenes.iter().map(Item::av1).zip([100, 33, 250]).collect();
    let file = sequence(b"avis", &images, &[], 3);
    let header = header(&Avif, &file, &Limits::default()).unwrap();
    assert_eq!((header.is_animated, header.frames), (true, 3));
    let animation = decode_all(&Avif, &file);
    assert_eq!((animation.delays_ms, animation.plays), (vec![100, 33, 250], 3));
    for (frame, scene) in animation.frames.iter().zip(&scenes) {
        assert!(35.0 < psnr(frame, scene));
    }
    assert_eq!(decode(&Avif, &file).frames.len(), 1);
    let grey = |level: u8| Frame::whole(TILE, Model::Rgb, Samples::U8(vec![level; 3 * 64 * 64]));
    let alpha: Vec<_> = [0, 128, 255].map(|level| Item::av1(&grey(level)).into_alpha()).into();
    let animation = decode_all(&Avif, &sequence(b"avis", &images, &alpha, 0));
    for (frame, level) in animation.frames.iter().zip([0, 128, 255_u8]) {
        assert!(to_rgba(frame)[3].abs_diff(level) <= 2);
    }
    let few = Limits { max_frames: 2, ..Limits::default() };
    assert_eq!(try_decode(&Avif, &file, &wanted(true), &few).unwrap_err().kind, Kind::LimitExceeded);
}

#[test]
fn sequences_of_hevc_show_their_first_image() {
    let images = [COLOURS[1], COLOURS[2]].map(|colour| (flat(TILE, colour), 40));
    let file = sequence(b"hevc", &images, &[], 1);
    let header = header(&Heic, &file, &Limits::default()).unwrap();
    let geometry = Geometry { size: TILE, orientation: Orientation::UPRIGHT };
    assert_eq!((header.is_animated, header.geometry), (false, geometry));
    check(&Heic, &file, TILE, &[((9, 9), rgb(COLOURS[1]))]);
}

#[test]
fn other_files_are_rejected_with_a_reason() {
    let check = |file: &File, kind, expected: &str| {
        let error = header(&Heic, &file.build(), &Limits::default()).unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (kind, expected));
    };
    let unsupported = |kind: &[u8; 4]| File::new(b"heic", Item::new(kind, vec![1], TILE));
    check(
        &unsupported(b"avc1"),
        Kind::UnsupportedFormat,
        "unsupported HEIC image: it is coded as AVC; expected HEVC or AV1",
    );
    check(&unsupported(b"abcd"), Kind::UnsupportedFormat, "unsupported HEIC: an unknown coding of the image");
    check(&grid(Size::new(129, 90)), Kind::Corrupt, "the HEIC image is damaged and cannot be decoded");
    check(
        &File::new(b"heic", flat(TILE, COLOURS[0]).coded_as([9, 16, 14], true)),
        Kind::UnsupportedFormat,
        "unsupported HEIC image: its matrix coefficients are not those of RGB, YCgCo or YCbCr of ITU-R BT.601, 709 or 2020",
    );
    let mut tiles = grid(Size::new(100, 90));
    tiles.references[0].2.pop();
    check(&tiles, Kind::Corrupt, "damaged HEIC at byte 24: a grid with a wrong number of tiles");
    let mut nested = File::new(b"heic", Item::overlay(TILE, [0; 4], &[(0, 0)]))
        .of([Item::overlay(TILE, [0; 4], &[(0, 0)]), flat(TILE, COLOURS[0])]);
    nested.references = vec![(*b"dimg", 1, vec![2]), (*b"dimg", 2, vec![3])];
    check(&nested, Kind::UnsupportedFormat, "unsupported HEIC: an overlay inside another image");
}

#[test]
fn damaged_files_give_images_or_errors() {
    let small = Size::new(16, 16);
    let alpha = Item::hevc(small, 8, true, |x, _| [x as u16; 3]).into_alpha();
    let tile = |shift: u16| Item::hevc(small, 8, false, move |x, y| [(x * y) as u16 + shift, 128, 99]);
    let tiles = File::new(b"heic", Item::grid(2, 1, Size::new(30, 16)).rotated(1)).of([tile(0), tile(9)]);
    assert_survives(&Heic, &tiles.and(b"auxl", alpha).build());
    let overlay = Item::overlay(small, [9; 4], &[(-3, 5)]).cropped(Size::new(9, 9), 1, 1);
    assert_survives(&Heif, &File::new(b"mif1", overlay).of([tile(3)]).build());
    let frame = scene(small, Model::Rgb, 0);
    let images = [Item::av1(&frame), Item::av1(&frame)].map(|item| (item, 10));
    assert_survives(&Avif, &sequence(b"avis", &images, &[], 0));
    let still = image(vec![scene(Size::new(24, 20), Model::Rgba, 0)]);
    let options = safelight_core::Encode::default();
    let file =
        safelight_core::Encoder::encode(&Avif, &still, &options, &safelight_core::Stop::default()).unwrap();
    assert_survives(&Avif, &file);
}
