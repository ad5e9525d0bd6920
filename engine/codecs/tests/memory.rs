//! Checks that a decode allocates at most the memory that it states.
#![cfg(all(
    feature = "jpeg",
    feature = "png",
    feature = "webp",
    feature = "gif",
    feature = "avif",
    feature = "heic",
    feature = "jpeg2000",
    feature = "tiff",
    feature = "bmp",
    feature = "ico",
    feature = "svg",
    feature = "psd"
))]

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use common::{heif, icc, scene, tiff};
use peak_alloc::PeakAlloc;
use safelight_codecs::DECODERS;
use safelight_core::{Decode, Detection, Format, Limits, Model, Size, Stop};
use std::fs;
use std::path::PathBuf;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// TIFFs that take the most memory for their size, and their names.
fn layouts() -> Vec<(Vec<u8>, String)> {
    const SIDE: u16 = 300;
    let pixels = usize::from(SIDE).pow(2);
    let noise: Vec<u8> = (0..pixels * 10).map(|at| (at * at / 7) as u8).collect();
    let deflated = fdeflate::compress_to_vec(&noise);
    let cmyk = tiff::File::new((SIDE, SIDE), 5, &[16; 5], deflated)
        .with(259, &[8])
        .with(266, &[1])
        .with_profile(&icc::cmyk(16, |[c, m, y, k]| [100.0 * (1.0 - k), c * 50.0, (m - y) * 50.0]));
    let reversed = {
        let coded = cmyk.pieces[0].iter().map(|byte| byte.reverse_bits()).collect();
        cmyk.clone().with_pieces(vec![coded]).with(266, &[2])
    };
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 100)
        .encode(&noise[..3 * pixels], SIDE, SIDE, jpeg_encoder::ColorType::Rgb)
        .expect("the sides are small");
    let jpeg = tiff::File::new((SIDE, SIDE), 6, &[8; 3], jpeg).with(259, &[7]);
    let whole = jpeg.clone().with(259, &[6]).with_value(513, tiff::Value::Long(vec![8]));
    let fax = tiff::File::new((SIDE, SIDE), 0, &[1], noise[..pixels / 4].to_vec()).with(259, &[4]);
    let tile = tiff::File::new((1, 1), 2, &[16; 4], noise[..8 * 256 * 256].to_vec());
    let tile = tile.with(322, &[256]).with(323, &[256]).with(338, &[1]);
    let zstd = ruzstd::encoding::compress_to_vec(&*noise, ruzstd::encoding::CompressionLevel::Fastest);
    let zstd = tiff::File::new((SIDE, SIDE), 8, &[16; 5], zstd).with(259, &[50000]);
    let apart = fdeflate::compress_to_vec(&noise);
    let floats =
        tiff::File::new((SIDE, 100), 2, &[64; 4], apart).with(259, &[8]).with(339, &[3]).with(317, &[3]);
    let chroma = tiff::File::new((SIDE, SIDE), 6, &[8; 3], noise);
    let files = [cmyk, reversed, jpeg, whole, fax, tile, zstd, floats, chroma].into_iter().enumerate();
    files.map(|(index, file)| (file.bytes(), format!("TIFF layout {index}"))).collect()
}

/// HEIF files that take the most memory for their size, and their names.
fn containers() -> Vec<(Vec<u8>, String)> {
    const SIDE: u32 = 256;
    let size = Size::new(SIDE, SIDE);
    let noise =
        |x: u32, y: u32| [0, 1, 2].map(|channel| ((x * 7 + y * 13 + channel) * (x + 3 * y) % 251) as u16);
    let hevc = |size| heif::Item::hevc(size, 8, false, noise);
    let grid = |item: heif::Item, brand| {
        let grid = heif::Item::grid(3, 2, Size::new(3 * SIDE - 6, 2 * SIDE - 6));
        heif::File::new(brand, grid).of(vec![item; 6]).build()
    };
    let wide = heif::Item::hevc(Size::new(300, 250), 10, false, noise);
    let high = hevc(size).coded_as([9, 16, 9], true);
    let alpha = heif::Item::hevc(size, 8, true, noise).into_alpha();
    let translucent = heif::File::new(b"heic", hevc(size)).and(b"auxl", alpha).build();
    let overlay = heif::Item::overlay(size, [0; 4], &[(9, 9), (-9, 100)]);
    let overlay = heif::File::new(b"heic", overlay).of([hevc(size).rotated(1), hevc(Size::new(300, 250))]);
    let frames = [0, 9, 20, 40].map(|shift| scene(size, Model::Rgb, shift));
    let animation = frames.each_ref().map(|frame| (heif::Item::av1(frame), 40));
    vec![
        (grid(hevc(size), b"heic"), "HEIC of tiles".into()),
        (grid(heif::Item::av1(&frames[0]), b"avif"), "AVIF of tiles".into()),
        (heif::File::new(b"heic", wide).build(), "HEIC of 10 bits with borders".into()),
        (translucent, "HEIC with alpha".into()),
        (heif::File::new(b"heic", high).build(), "HEIC of high dynamic range".into()),
        (overlay.build(), "HEIC overlay".into()),
        (heif::sequence(b"avis", &animation, &[], 0), "AVIF sequence".into()),
    ]
}

/// Drawings that take the most memory for their size, and their names.
fn drawings() -> Vec<(Vec<u8>, String)> {
    let file = |name: &str, inside: String| {
        let start = "<svg xmlns='http://www.w3.org/2000/svg' width='600' height='600'>";
        ([start, &inside, "</svg>"].concat().into_bytes(), format!("SVG of {name}"))
    };
    let circle = |at: usize| format!("<circle cx='{}' cy='{}' r='9'/>", at * 7 % 600, at * 13 % 600);
    let circles = |count| (0..count).map(circle).collect::<String>();
    let curve =
        |at: usize| format!("<path d='M{at} 0c9 99 99 300 {at} 600' stroke='red' stroke-dasharray='3'/>");
    let groups =
        format!("{}<rect width='600' height='600'/>{}", "<g opacity='.9'>".repeat(20), "</g>".repeat(20));
    let filter = "<filter id='f'><feGaussianBlur stdDeviation='9' result='a'/><feOffset dx='5' result='b'/>\
                  <feMerge><feMergeNode in='a'/><feMergeNode in='b'/></feMerge></filter>";
    let picture = |name: &str| {
        let file = STANDARD.encode(safelight_images::read(name));
        format!("<image href='data:;base64,{file}' width='600' opacity='.9'/>")
    };
    vec![
        file("a photo", picture("photo.jpg")),
        file("pictures", ["photo.avif", "photo.tiff", "still.webp", "progressive.jpg"].map(picture).concat()),
        file("groups", groups),
        file("a filter", format!("{filter}<g filter='url(#f)'><rect width='600' height='600'/></g>")),
        file("a mask", format!("<mask id='m'>{}</mask><g mask='url(#m)'>{}</g>", circles(99), circles(99))),
        file("circles", circles(20_000)),
        file("curves", (0..500).map(curve).collect()),
        file("text", format!("<text y='20' font-family='serif'>{}</text>", "letters ".repeat(2000))),
    ]
}

/// PSDs that take the most memory for their size, and their names: mode, depth, planes.
fn composites() -> Vec<(Vec<u8>, String)> {
    const SIDE: u32 = 300;
    let file = |&[mode, depth, planes]: &[u16; 3]| {
        let mut file = [b"8BPS\0\x01", &[0; 6][..], &planes.to_be_bytes()].concat();
        file.extend([SIDE, SIDE].map(u32::to_be_bytes).concat());
        file.extend([depth, mode].map(u16::to_be_bytes).concat());
        let table: u32 = if mode == 2 { 768 } else { 0 };
        file.extend(table.to_be_bytes());
        file.resize(file.len() + table as usize, 7);
        // No resources; layers of which the number is negative; raw samples.
        file.extend([0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 2, 0xFF, 0xFF, 0, 0]);
        file.extend(
            (0..SIDE * SIDE * u32::from(planes * depth / 8)).map(|at| (at.wrapping_mul(at) / 7) as u8),
        );
        (file, format!("PSD of mode {mode}, {depth} bits, {planes} planes"))
    };
    [[1, 8, 2], [2, 8, 1], [3, 8, 4], [3, 16, 4], [3, 32, 4], [4, 8, 5], [4, 16, 4], [9, 16, 4]]
        .iter()
        .map(file)
        .collect()
}

// The only test of the file: allocations of others would be counted too.
#[test]
fn a_decode_stays_within_its_stated_memory() {
    let mut count = 0;
    let codestreams = concat!(env!("CARGO_MANIFEST_DIR"), "/../containers/tests/codestreams");
    let codestreams = fs::read_dir(codestreams).expect("the codestreams are there");
    let codestreams = codestreams.map(|entry| entry.expect("an entry").path());
    let read = |path: PathBuf| (fs::read(&path).expect("the file is there"), path.display().to_string());
    let files = codestreams.chain(safelight_images::every_file()).chain(common::formats("jxl")).map(read);
    for (bytes, name) in files.chain(layouts()).chain(containers()).chain(drawings()).chain(composites()) {
        let Detection::Known(format) = Format::detect(&bytes) else { continue };
        let Some(decoder) = DECODERS.iter().find(|decoder| decoder.format() == format) else { continue };
        let bytes = Bytes::from(bytes);
        let limits = Limits::default();
        let Ok(opened) = decoder.open(bytes.clone(), &limits) else { continue };
        let header = *opened.header();
        drop(opened);
        // Large photos take seconds.
        let is_large = 4_000_000 < header.geometry.size.pixels();
        for shrink in if is_large { &[1, 8][..] } else { &[1, 2, 3, 8, 1000] } {
            let Size { w, h } = header.geometry.size;
            let needed = Size::new(w.div_ceil(*shrink), h.div_ceil(*shrink));
            let decode = Decode { needed, all_frames: true, keep_profile: false, chroma: (1, 1) };
            let before = MEMORY.current_usage();
            MEMORY.reset_peak_usage();
            let opened = decoder.open(bytes.clone(), &limits).expect("it was opened before");
            let reserve = opened.cost(&decode).bytes;
            let image = opened.decode(&decode, &Stop::default());
            let held = (MEMORY.peak_usage() - before) as u64;
            assert!(held <= reserve, "{name} / {shrink}: {held} bytes, {reserve} reserved");
            count += u32::from(image.is_ok());
        }
    }
    assert!(0 < count, "the samples are always there");
}
