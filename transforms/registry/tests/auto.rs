//! `format=auto` never gives a format that the client did not accept.

mod common;

use bytes::Bytes;
use safelight_core::{
    Encode, Encoder, Frame, Image, Model, Plan, Samples, Settings, Size, Stop, testing::Output,
};
use safelight_registry::REGISTRY;

fn answer(raw: &str, accept: &str, source: &Bytes) -> Output {
    let query = REGISTRY.query(raw, accept).expect("a valid query");
    let plan = Plan::new(REGISTRY, query).expect("no conflict");
    Output::collect(plan.start(&Settings::default()), source, 100).expect("a valid source")
}

fn sample(name: &str) -> Bytes {
    safelight_images::read(name).into()
}

/// A translucent AVIF.
fn translucent() -> Bytes {
    let samples = (0..64 * 64 * 4).map(|at| (at % 251) as u8).collect();
    let frame = Frame::whole(Size::new(64, 64), Model::Rgba, Samples::U8(samples));
    let image = Image { frames: vec![frame], delays_ms: vec![], plays: 0, profile: None };
    safelight_codecs::Avif.encode(&image, &Encode::default(), &Stop::default()).expect("a valid image").into()
}

#[test]
fn the_format_is_one_that_the_client_shows() {
    const OLD: &str = "image/png,image/*;q=0.8,*/*;q=0.5";
    const NEW: &str = "image/avif,image/webp,*/*;q=0.8";
    let (_, codestream) = common::codestreams().remove(0);
    let drawing = Bytes::from_static(b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'/>");
    let sources = [
        ("JPEG", sample("photo.jpg"), "image/jpeg"),
        ("PNG", sample("text-chunks.png"), "image/png"),
        ("GIF", sample("animated.gif"), "image/gif"),
        ("WebP", sample("animated.webp"), "image/webp"),
        ("AVIF", sample("photo.avif"), "image/jpeg"),
        ("translucent AVIF", translucent(), "image/png"),
        ("TIFF", sample("photo.tiff"), "image/jpeg"),
        ("JPEG 2000", codestream, "image/png"),
        ("SVG", drawing, "image/png"),
    ];
    for (name, source, expected) in sources {
        for raw in ["format=auto", "width=20&format=auto", "quality=70&f=auto"] {
            assert_eq!(answer(raw, OLD, &source).content_type(), expected, "{name}?{raw}");
        }
        let is_animated = name == "GIF" || name == "WebP";
        let best = if is_animated { "image/webp" } else { "image/avif" };
        assert_eq!(answer("width=20&format=auto", NEW, &source).content_type(), best, "{name}");
    }
}

#[test]
fn a_source_that_every_client_shows_is_only_stripped() {
    for name in ["photo.jpg", "text-chunks.png", "animated.webp"] {
        let source = sample(name);
        let stripped = answer("", "", &source);
        assert!(answer("format=auto", "*/*", &source).body() == stripped.body(), "{name}");
    }
}
