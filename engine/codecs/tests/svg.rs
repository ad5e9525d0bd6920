//! Are drawings drawn as they say, at any size, and are hostile ones rejected before they take memory or time?

#![cfg(feature = "svg")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{decode, formats, to_rgba};
use safelight_codecs::{Png, Svg};
use safelight_core::{Decode, Decoder, Image, Isolation, Kind, Limits, Model, Result, Size, Stop};
use std::fs;

/// Draws a file at `size`.
fn draw(source: &str, size: Size) -> Result<Image> {
    let decode = Decode { needed: size, all_frames: true, keep_profile: false, chroma: (1, 1) };
    Svg.decode(source.to_owned().into(), &decode, &Limits::default())
}

const NAMESPACE: &str = "xmlns='http://www.w3.org/2000/svg'";

/// A file of 24 by 24 pixels.
fn svg(inside: &str) -> String {
    format!("<svg {NAMESPACE} width='24' height='24'>{inside}</svg>")
}

#[test]
fn a_source_is_drawn_in_a_child_for_whatever_size() {
    let source = svg("<rect width='12' height='24' fill='#0f0' fill-opacity='.5'/>");
    let opened = Svg.open(source.clone().into(), &Limits::default()).unwrap();
    assert!(opened.isolation() == Isolation::Always && opened.is_vector() && opened.has_transparency());
    assert_eq!(opened.header().geometry.size, Size::new(24, 24));
    for (w, h) in [(1, 1), (2, 7), (24, 24), (1000, 10)] {
        let image = draw(&source, Size::new(w, h)).unwrap();
        let frame = &image.frames[0];
        assert_eq!((frame.geometry.size, frame.model), (Size::new(24, 24), Model::Rgba));
        assert_eq!(frame.planes[0].size, Size::new(w, h));
        assert_eq!(frame.planes[0].step, (24.0 / f64::from(w), 24.0 / f64::from(h)));
        let rgba = to_rgba(frame);
        // Straight alpha.
        let alpha = if w == 1 { 64 } else { 128 };
        assert_eq!(rgba[..4], [0, 255, 0, alpha], "{w} × {h}");
        assert!(w == 1 || rgba[rgba.len() - 4..] == [0; 4], "{w} × {h}");
    }
    let opaque = draw(&svg("<rect width='24' height='24' fill='#0f0'/>"), Size::new(2, 2)).unwrap();
    assert_eq!(opaque.frames[0].model, Model::Rgb);
    let error = draw(&source, Size::new(10_001, 10_000)).unwrap_err();
    assert_eq!(error.kind, Kind::LimitExceeded);
}

#[test]
fn text_is_drawn_in_a_font_of_the_program() {
    let dark = |inside: &str| {
        let image = draw(&svg(inside), Size::new(48, 48)).unwrap();
        to_rgba(&image.frames[0]).chunks_exact(4).filter(|pixel| 128 < pixel[3]).count()
    };
    let text = |attributes: &str| dark(&format!("<text x='1' y='20' font-size='20' {attributes}>il</text>"));
    let sans = text("font-family='Arial, sans-serif'");
    assert!(100 < sans, "{sans} pixels");
    assert_eq!(text("font-family='no such font'"), sans);
    assert_eq!(text(""), sans);
    assert!(sans < text("font-weight='bold'"));
    // Letters of fixed width have longer lines.
    assert!(sans < text("font-family='monospace'"));
    assert_eq!(dark("<text x='1' y='20' font-size='20'></text>"), 0);
}

#[test]
fn text_is_drawn_in_a_font_that_is_given() {
    let serif = vec![dejavu::serif::regular().into()];
    let decoder = Svg.with_fonts(serif.clone()).unwrap();
    let decode = Decode { needed: Size::new(96, 96), all_frames: true, keep_profile: false, chroma: (1, 1) };
    let text =
        |family: &str| svg(&format!("<text x='1' y='20' font-size='20' font-family='{family}'>il</text>"));
    let drawn = |decoder: &dyn Decoder, family: &str| {
        let opened = decoder.open(text(family).into(), &Limits::default()).unwrap();
        to_rgba(&opened.decode(&decode, &Stop::default()).unwrap().frames[0])
    };
    let sans = drawn(&Svg, "DejaVu Serif");
    assert!(drawn(&*decoder, "DejaVu Serif") != sans, "it has serifs");
    assert!(drawn(&*decoder, "no such font, serif") == sans, "its name decides, and no list of the system");
    // A child gets the fonts only for text.
    let fonts = |source: String| decoder.open(source.into(), &Limits::default()).unwrap().fonts().to_vec();
    assert_eq!(fonts(text("serif")), serif);
    assert!(fonts(svg("<rect width='9' height='9'/>")).is_empty());
}

#[test]
fn hostile_files_are_rejected_before_they_are_drawn() {
    let nested = |start: &str, times: usize, inside: &str, end: &str| {
        svg(&format!("{}{inside}{}", start.repeat(times), end.repeat(times)))
    };
    let chain = |name: &str, from: &str, times: usize| {
        let link = |at: usize| {
            format!("<{name} id='a{at}' {}><rect/></{name}>", from.replace('@', &(at + 1).to_string()))
        };
        (0..times).map(link).collect::<String>()
    };
    let tenfold = |name: &str, inside: &str| {
        let link = |at: usize| {
            format!("<{name} id='a{at}'>{}</{name}>", inside.replace('@', &(at + 1).to_string()).repeat(10))
        };
        svg(&format!("{}<use href='#a0'/>", (0..8).map(link).collect::<String>()))
    };
    let points = "1 1 ".repeat(50_000);
    for (source, kind) in [
        (
            format!("<!DOCTYPE svg [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]>{}", svg("<text>&b;</text>")),
            Kind::Corrupt,
        ),
        (
            format!("<!DOCTYPE svg [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>{}", svg("<text>&a;</text>")),
            Kind::Corrupt,
        ),
        (nested("<g>", 100_000, "", "</g>"), Kind::UnsupportedFormat),
        (nested("<g opacity='.5'>", 200, "<rect/>", "</g>"), Kind::LimitExceeded),
        (svg(&"<rect/>".repeat(100_000)), Kind::LimitExceeded),
        (svg(&chain("g", "><use href='#a@'/></g><g", 400)), Kind::LimitExceeded),
        (svg(&chain("clipPath", "clip-path='url(#a@)'", 2000)), Kind::LimitExceeded),
        (svg(&chain("mask", "mask=\"url('#a@')\"", 2000)), Kind::LimitExceeded),
        (tenfold("g", "<use href='#a@'/>"), Kind::LimitExceeded),
        (tenfold("mask", "<rect mask='url(#a@)'/>"), Kind::LimitExceeded),
        (tenfold("pattern", "<rect fill='url(#a@) red'/>"), Kind::LimitExceeded),
        (tenfold("g", "<rect style='fill:red;filter:url( #a@ )'/>"), Kind::LimitExceeded),
        (
            svg(&format!(
                "<marker id='m'>{}</marker><path marker-mid='url(#m)' d='M{points}'/>",
                "<rect/>".repeat(100)
            )),
            Kind::LimitExceeded,
        ),
        (svg(&format!("<text>{}</text>", "x".repeat(300_000))), Kind::LimitExceeded),
        (svg(&format!("<rect style='{}'/>", "fill:red;".repeat(5000))), Kind::LimitExceeded),
        (svg(&format!("<style>rect{{{}}}</style>", "fill:red;".repeat(5000))), Kind::LimitExceeded),
        (svg("<filter id='f'><feTurbulence numOctaves='100000000'/></filter>"), Kind::LimitExceeded),
        (
            svg(&format!("<filter><feConvolveMatrix kernelMatrix='{}'/></filter>", "1,".repeat(2500))),
            Kind::LimitExceeded,
        ),
        (svg(&format!("<filter>{}</filter>", "<feGaussianBlur/>".repeat(500))), Kind::LimitExceeded),
        (
            svg(&format!(
                "<filter id='f'>{}</filter>{}",
                "<feFlood/>".repeat(9),
                "<rect filter='url(#f)'/>".repeat(500)
            )),
            Kind::LimitExceeded,
        ),
        ("<svg width='24' height='24'/>".to_owned(), Kind::UnsupportedFormat),
        (svg("<g>"), Kind::Corrupt),
    ] {
        let start: String = source.chars().take(200).collect();
        let error =
            Svg.open(source.into(), &Limits::default()).err().unwrap_or_else(|| panic!("{start} is opened"));
        assert_eq!(error.kind, kind, "{start}: {error}");
    }
}

#[test]
fn odd_files_are_drawn_as_far_as_they_mean_something() {
    const RED: &str = "<rect width='24' height='24' fill='red'/>";
    for inside in [
        "<g id='a'><use href='#a'/><use href='#b'/></g><g id='b'><use href='#a'/></g>",
        "<rect id='a' fill='url(#none)' width='NaN' height='1e999' x='inf'/>",
        "<mask id='a' mask='url(#a)'/><rect mask='url(#a)' width='9' height='9'/>",
        "<path d='M1e38 1e38L-1e38 0z M'/><polygon points='1 2 3'/>",
        "<image href='file:///etc/passwd'/><image href='http://127.0.0.1/a.png'/><use href='a.svg#b'/>",
        "<style>@import url(http://127.0.0.1/a.css); rect{fill:url(http://127.0.0.1/)}</style>",
        "<script>alert(1)</script><foreignObject><p/></foreignObject>",
        "<g transform='scale(0)'><rect width='9' height='9'/></g><g transform='scale(1e30)'><path d='M0 0h1v1z'/></g>",
        "<filter id='f' width='1e9' height='1e9'><feGaussianBlur stdDeviation='1e6'/></filter><g filter='url(#f)'/>",
    ] {
        let image = draw(&svg(&format!("{inside}{RED}")), Size::new(24, 24))
            .unwrap_or_else(|error| panic!("{inside}: {error}"));
        assert!(to_rgba(&image.frames[0]).chunks_exact(4).all(|pixel| pixel == [255, 0, 0, 255]), "{inside}");
    }
}

#[test]
fn the_deepest_nesting_that_is_allowed_is_drawn() {
    // The stack of a child is that of its main thread.
    let draw = || {
        let inside = format!("{}<rect width='24' height='24'/>{}", "<g>".repeat(250), "</g>".repeat(250));
        draw(&svg(&inside), Size::new(1, 1)).unwrap()
    };
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(draw).unwrap();
    assert_eq!(to_rgba(&thread.join().unwrap().frames[0]), [0, 0, 0, 255]);
}

/// Files of resvg's own suite that are drawn in other ways here, besides those with text and pictures.
const EXCEPTIONS: [&str; 2] = [
    // Its picture was drawn at another scale, at which the radius covers other pixels.
    "filters_feMorphology_radius=10-1",
    // A size of 0 is taken as none, as browsers do for images.
    "structure_svg_zero-size",
];

#[test]
fn the_suite_of_resvg_looks_as_its_pictures() {
    let mut count = 0;
    for path in formats("svg") {
        let (name, source) = (path.file_stem().unwrap().to_string_lossy(), fs::read(&path).unwrap());
        let source = String::from_utf8_lossy(&source);
        let is_svg = path.extension().is_some_and(|extension| extension == "svg");
        let is_exception =
            EXCEPTIONS.contains(&&*name) || source.contains("<image") || source.contains("<feImage");
        let Some(png) = fs::read(path.with_extension("png")).ok().filter(|_| is_svg && !is_exception) else {
            continue;
        };
        let expected = &decode(&Png, &png).frames[0];
        let found = draw(&source, expected.geometry.size).unwrap_or_else(|error| panic!("{name}: {error}"));
        // Pixels that are transparent have no colour.
        let visible = |frame| {
            let shown = |pixel: &[u8]| [0, 1, 2].map(|at| i32::from(pixel[at]) * i32::from(pixel[3]) / 255);
            let pixel = |pixel: &[u8]| [&shown(pixel)[..], &[pixel[3].into()]].concat();
            to_rgba(frame).chunks_exact(4).flat_map(pixel).collect::<Vec<_>>()
        };
        let (found, expected) = (visible(&found.frames[0]), visible(expected));
        let sum: i32 = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs()).sum();
        // The pictures have the fonts of the suite.
        let bound = if source.contains("<text") { 5.0 } else { 1.0 };
        let mean = f64::from(sum) / expected.len() as f64;
        assert!(mean <= bound, "{name}: a mean difference of {mean:.2}");
        count += 1;
    }
    eprintln!("{count} drawings compared");
}
