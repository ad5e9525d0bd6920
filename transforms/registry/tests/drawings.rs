//! Drawings have no pixels: they are drawn at the size that a request needs, and a crop is in the pixels that they state.

use bytes::Bytes;
use safelight_core::{
    Decode, Format, Kind, Limits, Model, Plan, Result, Samples, Settings, Size, testing::Output,
};
use safelight_registry::REGISTRY;

/// A red square, and a blue disc on nothing.
const DRAWING: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 12'>\
    <rect width='12' height='12' fill='#f00'/><circle cx='18' cy='6' r='6' fill='#00f'/></svg>";

const RED: [u8; 4] = [255, 0, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];
const NOTHING: [u8; 4] = [0; 4];

fn answer(raw: &str, source: &'static str) -> Result<Output> {
    let plan = Plan::new(REGISTRY, REGISTRY.query(raw, "")?)?;
    Output::collect(plan.start(&Settings::default()), &Bytes::from_static(source.as_bytes()), 100)
}

/// The size and the RGBA pixels of a PNG that is written in response to `raw`.
fn pixels(raw: &str, source: &'static str) -> (Size, Vec<[u8; 4]>) {
    let answer = answer(raw, source).unwrap_or_else(|error| panic!("{raw}: {error}"));
    assert_eq!(answer.content_type(), "image/png", "{raw}");
    let decoder = REGISTRY.decoder(Format::Png).expect("PNG is decoded");
    let needed = Size::new(u32::MAX, u32::MAX);
    let decode = Decode { needed, all_frames: false, keep_profile: false, chroma: (1, 1) };
    let image = decoder.decode(answer.body().into(), &decode, &Limits::default()).expect("a valid PNG");
    let frame = &image.frames[0];
    let Samples::U8(samples) = &frame.planes[0].samples else { panic!("{raw}: 16 bits") };
    let channels = usize::from(frame.model.channels());
    assert!(matches!(frame.model, Model::Rgb | Model::Rgba), "{raw}: {:?}", frame.model);
    let pixel = |pixel: &[u8]| [pixel[0], pixel[1], pixel[2], pixel.get(3).copied().unwrap_or(255)];
    (frame.geometry.size, samples.chunks_exact(channels).map(pixel).collect())
}

#[test]
fn a_drawing_is_sharp_at_every_size() {
    let check = |raw: &str, (w, h): (u32, u32), points: &[(u32, u32, [u8; 4])]| {
        let (size, found) = pixels(raw, DRAWING);
        assert_eq!(size, Size::new(w, h), "{raw}");
        for (x, y, expected) in points {
            assert_eq!(found[(y * w + x) as usize], *expected, "{raw} at {x}, {y}");
        }
    };
    check("format=png", (24, 12), &[(0, 0, RED), (11, 11, RED), (12, 0, NOTHING), (18, 6, BLUE)]);
    // No pixel between the square and what is beside it is a mixture.
    let sharp = [(0, 0, RED), (199, 0, RED), (200, 0, NOTHING), (300, 100, BLUE), (300, 1, BLUE)];
    check("width=400", (400, 200), &sharp);
    check("width=400&height=400", (400, 200), &sharp);
    check("width=400&height=400&fit=contain&format=png", (400, 200), &sharp);
    check("width=200&dpr=2", (400, 200), &sharp);
    check("width=6", (6, 3), &[(0, 0, RED), (2, 2, RED), (4, 1, BLUE)]);
    check("width=100&height=100&fit=cover", (100, 100), &[(0, 0, RED), (49, 99, RED), (50, 0, NOTHING)]);
    check("width=100&height=100&fit=fill", (100, 100), &[(49, 99, RED), (75, 2, BLUE), (50, 1, NOTHING)]);
    check("width=100&height=100&fit=pad", (100, 100), &[(0, 24, NOTHING), (0, 25, RED), (75, 50, BLUE)]);
    check("crop=12,0,12,12&width=300", (300, 300), &[(0, 0, NOTHING), (150, 2, BLUE), (299, 150, BLUE)]);
    check("crop=0.0,0.5,0.5,0.5&width=60", (60, 30), &[(0, 0, RED), (59, 29, RED)]);
    check("crop=6,3,12,9", (12, 9), &[(0, 0, RED), (5, 8, RED), (11, 3, BLUE)]);
    check("rotate=90&width=400", (200, 400), &[(199, 0, RED), (0, 199, RED), (100, 300, BLUE)]);
}

#[test]
fn sizes_that_a_file_does_not_state_follow_from_its_view() {
    let check = |source: &'static str, raw: &str, (w, h): (u32, u32), (x, y): (u32, u32)| {
        let (size, found) = pixels(raw, source);
        assert_eq!(size, Size::new(w, h), "{source}");
        assert_eq!(found[(y * w + x) as usize], RED, "{source} at {x}, {y}");
        let red = found.iter().filter(|pixel| **pixel == RED).count();
        assert_eq!(red, found.len() / 4, "a quarter of {source}");
    };
    macro_rules! quarter {
        ($root:literal, $w:literal, $h:literal) => {
            concat!(
                "<svg xmlns='http://www.w3.org/2000/svg' ",
                $root,
                "><rect width='",
                $w,
                "' height='",
                $h,
                "' fill='red'/></svg>"
            )
        };
    }
    check(quarter!("width='40' height='20'", 20, 10), "format=png", (40, 20), (19, 9));
    check(quarter!("width='1in' height='72pt'", 48, 48), "format=png", (96, 96), (47, 47));
    check(quarter!("width='40' viewBox='0 0 8 4'", 4, 2), "format=png", (40, 20), (19, 9));
    check(
        quarter!("width='100%' height='50%' viewBox='0 0 80 40'", 40, 20),
        "format=png",
        (80, 40),
        (39, 19),
    );
    check(quarter!("viewBox='0 0 2 2'", 1, 1), "format=png", (300, 300), (149, 149));
    check(quarter!("viewBox='0 0 2e6 1e6'", 1e6, 5e5), "width=64", (64, 32), (31, 15));
    check(quarter!("width='1e9' height='1e9'", 5e8, 5e8), "width=50", (50, 50), (24, 24));
    check(quarter!("width='NaN' height='inf'", 150, 75), "format=png", (300, 150), (149, 74));
    check(quarter!("", 150, 75), "width=600", (600, 300), (299, 149));
}

#[test]
fn what_is_too_large_is_rejected_before_it_is_drawn() {
    let check = |raw: &str, source, expected: &str| {
        let error = answer(raw, source).expect_err("too large");
        assert_eq!((error.kind, error.message.as_str()), (Kind::LimitExceeded, expected), "{raw}");
    };
    check(
        "crop=0,0,1,1&width=4000",
        DRAWING,
        "the drawing takes 96000 × 48000 pixels for this output: the limit is 100000000 in total (max-pixels), and 65535 a side",
    );
    check(
        "width=16384&height=16384&fit=fill",
        DRAWING,
        "output of 16384 × 16384 pixels is too large: the limit is 50000000 in total (max-output-pixels)",
    );
    check(
        "format=png",
        "<svg xmlns='http://www.w3.org/2000/svg' width='1e300' height='1e300'/>",
        "output of 1000000000 × 1000000000 pixels is too large: the limit is 16384 a side (max-output-side)",
    );
}
