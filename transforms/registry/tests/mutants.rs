//! Damaged images of every format, through every decoder and encoder: whatever a source contains, a request for its
//! pixels gives an image or an error about the source, never an internal error.

mod common;

use bytes::Bytes;
use common::Random;
use image::{ExtendedColorType, ImageFormat};
use safelight_core::{Compression, Encode, Frame, Model, Samples};
use safelight_core::{
    Image, Kind, Limits, Plan, Settings, Size, Stop,
    testing::{Output, with_sides},
};
use safelight_registry::{ENCODERS, REGISTRY};
use std::{io::Cursor, path::Path};

const SIZE: Size = Size::new(26, 19);
/// Mutants of each source.
const ROUNDS: usize = 300;
/// Queries for each mutant.
const QUERIES: usize = 3;

/// A few colours at the top, many below, and transparency.
fn pixels() -> Vec<u8> {
    let pixel = |at: u32| {
        let (x, y) = (at % SIZE.w, at / SIZE.w);
        let shade = if y < 4 { 90 } else { x * 9 };
        [shade as u8, (y * 12) as u8, (x * y) as u8, if y == 7 { 40 } else { 255 }]
    };
    (0..SIZE.w * SIZE.h).flat_map(pixel).collect()
}

/// A small image of every format that is encoded, still and animated, with other options, and of every other format
/// that is decoded.
fn sources() -> Vec<(String, Bytes)> {
    let frame = Frame::whole(SIZE, Model::Rgba, Samples::U8(pixels()));
    let still = Image { frames: vec![frame.clone()], delays_ms: vec![], plays: 0, profile: None };
    let dark = Frame::whole(SIZE, Model::Rgba, Samples::U8(pixels().into_iter().map(|it| it / 2).collect()));
    let animation = Image { frames: vec![frame, dark], delays_ms: vec![20, 30], plays: 0, profile: None };
    let options = [
        ("", Encode::default()),
        (
            " progressive, lossless",
            Encode { progressive: true, compression: Some(Compression::Lossless), ..Encode::default() },
        ),
        (" of high quality", Encode { quality: Some(95), ..Encode::default() }),
    ];
    let mut sources = Vec::new();
    for encoder in ENCODERS {
        let mut add = |name: String, image: &Image, encode: &Encode| {
            let bytes = encoder.encode(image, encode, &Stop::default()).expect("a valid image");
            sources.push((name, Bytes::from(bytes)));
        };
        for (name, options) in &options {
            add(format!("{}{name}", encoder.format()), &still, options);
        }
        if encoder.is_animated() {
            add(format!("animated {}", encoder.format()), &animation, &Encode::default());
        }
    }
    for format in [ImageFormat::Tiff, ImageFormat::Bmp, ImageFormat::Ico] {
        let mut file = Cursor::new(Vec::new());
        image::write_buffer_with_format(
            &mut file,
            &pixels(),
            SIZE.w,
            SIZE.h,
            ExtendedColorType::Rgba8,
            format,
        )
        .expect("a valid image");
        sources.push((format!("{format:?}"), Bytes::from(file.into_inner())));
    }
    let codestreams = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../engine/containers/tests/codestreams");
    for name in ["grey8-lossy.jp2", "rgb8.jp2", "ht-rgb8.j2c", "ht-signed16.j2c"] {
        sources.push((
            name.into(),
            std::fs::read(codestreams.join(name)).expect("the codestream is there").into(),
        ));
    }
    sources
}

/// Changes up to four places, most of them near the start, where the structure is.
fn mutate(source: &[u8], random: &mut Random) -> Vec<u8> {
    let mut mutant = source.to_vec();
    for _ in 0..=random.below(4) {
        let len = mutant.len() as u32;
        let reach = *random.one_of(&[len.min(64), len.min(512), len]);
        let at = random.below(reach) as usize;
        match random.below(6) {
            0 | 1 => mutant[at] = random.below(256) as u8,
            2 => mutant[at] = *random.one_of(&[0, 1, 2, 0x11, 0x21, 0x12, 0x41, 0x7F, 0x80, 0xFF]),
            3 => mutant[at] ^= 1 << random.below(8),
            4 => mutant.truncate(at + 1),
            _ => mutant.insert(at, random.below(256) as u8),
        }
    }
    mutant
}

#[test]
fn no_image_gives_an_internal_error() {
    let formats = ENCODERS.iter().map(|encoder| format!("format={}", encoder.format().name()));
    let others = ["format=jpeg&quality=95", "width=9&format=jpeg", "rotate=90&blur=1", "crop=3,2,11,9"];
    let queries: Vec<_> = formats.chain(others.map(String::from)).collect();
    let queries: Vec<_> = queries.iter().map(|raw| REGISTRY.query(raw, "").expect("a valid query")).collect();
    // A mutant may state any size.
    let limits = Limits { max_pixels: 1 << 12, max_frames: 8, max_output_side: 1 << 8, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let mut random = Random(0x5AFE);
    let mut images = 0;
    for (name, source) in &sources() {
        for round in 0..ROUNDS {
            let mutant = Bytes::from(mutate(source, &mut random));
            for at in 0..QUERIES {
                let query = &queries[(round * QUERIES + at) % queries.len()];
                let plan = with_sides(Plan::new(REGISTRY, query.clone()).expect("no conflict"));
                match Output::collect(plan.start(&settings), &mutant, 100) {
                    Ok(_) => images += 1,
                    Err(error) => assert!(
                        matches!(
                            error.kind,
                            Kind::Corrupt
                                | Kind::UnsupportedFormat
                                | Kind::LimitExceeded
                                | Kind::InvalidParam
                        ),
                        "{name}, round {round}, {query}: {error:?}\n{mutant:02X?}"
                    ),
                }
            }
        }
    }
    assert!(ROUNDS < images, "{images}");
}
