//! Are pictures in drawings decoded by our decoders, drawn where they belong, and rejected when they are hostile?

#![cfg(all(
    feature = "svg",
    feature = "png",
    feature = "jpeg",
    feature = "webp",
    feature = "gif",
    feature = "avif"
))]
#![cfg(all(
    feature = "heic",
    feature = "jpeg2000",
    feature = "jxl",
    feature = "tiff",
    feature = "bmp",
    feature = "ico"
))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use ::image::{ExtendedColorType, ImageFormat};
use base64::{Engine, engine::general_purpose::STANDARD};
use common::{decode, formats, heif, image, psnr, sample, scene, to_rgba};
use safelight_codecs::{Avif, DECODERS, Gif, Jpeg, Png, Svg, Webp};
use safelight_core::{
    Decode, Decoder, Detection, Encode, Encoder, Format, Frame, Image, Kind, Limits, Model, Result, Samples,
    Size, Stop,
};
use std::{collections::HashSet, fs, io::Cursor};
use zune_core::{bit_depth::BitDepth, colorspace::ColorSpace, options::EncoderOptions};

const SIZE: Size = Size::new(24, 24);

/// Draws a file at `size`.
fn draw(source: &str, size: Size) -> Result<Image> {
    let decode = Decode { needed: size, all_frames: true, keep_profile: false, chroma: (1, 1) };
    Svg.decode(source.to_owned().into(), &decode, &Limits::default())
}

/// A file of 24 by 24 pixels.
fn svg(inside: &str) -> String {
    format!("<svg xmlns='http://www.w3.org/2000/svg' width='24' height='24'>{inside}</svg>")
}

fn url(file: &[u8]) -> String {
    format!("data:;base64,{}", STANDARD.encode(file))
}

fn png(size: Size, model: Model, samples: Vec<u8>) -> Vec<u8> {
    let frame = Frame::whole(size, model, Samples::U8(samples));
    Png.encode(&image(vec![frame]), &Encode::default(), &Stop::default()).unwrap()
}

#[test]
fn pictures_of_every_format_are_drawn_as_they_are_decoded() {
    let frame = scene(SIZE, Model::Rgb, 0);
    let one = image(vec![frame.clone()]);
    let encode = |encoder: &dyn Encoder| encoder.encode(&one, &Encode::default(), &Stop::default()).unwrap();
    let Samples::U8(samples) = &scene(SIZE, Model::Rgba, 0).planes[0].samples else { panic!("8 bits") };
    let by_image = |format| {
        let mut file = Cursor::new(Vec::new());
        let colour = ExtendedColorType::Rgba8;
        ::image::write_buffer_with_format(&mut file, samples, SIZE.w, SIZE.h, colour, format).unwrap();
        file.into_inner()
    };
    let mut jxl = Vec::new();
    let options = EncoderOptions::new(24, 24, ColorSpace::RGBA, BitDepth::Eight);
    zune_jpegxl::JxlSimpleEncoder::new(samples, options).encode(&mut jxl).unwrap();
    let hevc = || heif::Item::hevc(SIZE, 8, false, |x, y| [60 + x as u16 * 5, 90 + y as u16, 128]);
    let jp2 = format!("{}/../containers/tests/codestreams/rgb8.jp2", env!("CARGO_MANIFEST_DIR"));
    let files = [
        encode(&Jpeg),
        encode(&Png),
        encode(&Webp),
        encode(&Gif),
        encode(&Avif),
        by_image(ImageFormat::Bmp),
        by_image(ImageFormat::Ico),
        by_image(ImageFormat::Tiff),
        jxl,
        fs::read(jp2).unwrap(),
        heif::File::new(b"heic", hevc()).build(),
        heif::File::new(b"mif1", hevc()).build(),
        sample("animated.gif"),
        sample("photo.tiff"),
    ];
    // These are not stripped, so that the sanitiser leaves them out.
    let mut seen = HashSet::from([Format::Svg, Format::Psd, Format::Raw]);
    for file in files {
        let Detection::Known(format) = Format::detect(&file) else { panic!("an unknown format") };
        let decoder = DECODERS.iter().find(|decoder| decoder.format() == format).unwrap();
        let expected = decode(*decoder, &file).frames.remove(0).materialize().unwrap().into_rgb().unwrap();
        let Size { w, h } = expected.geometry.size;
        let start = format!("<svg xmlns='http://www.w3.org/2000/svg' width='{w}' height='{h}'>");
        let found = draw(&format!("{start}<image href='{}'/></svg>", url(&file)), Size::new(w, h)).unwrap();
        let decibels = psnr(&found.frames[0], &expected);
        assert!(45.0 < decibels, "{format}: {decibels} dB");
        seen.insert(format);
    }
    assert_eq!(seen, DECODERS.iter().map(|decoder| decoder.format()).collect());
}

#[test]
fn pictures_are_drawn_where_shapes_would_be() {
    // Red, and blue of which a half is seen.
    let file = url(&png(Size::new(2, 1), Model::Rgba, vec![255, 0, 0, 255, 0, 0, 255, 128]));
    let picture =
        |attributes: &str| format!("<image href='{file}' style='image-rendering:pixelated' {attributes}/>");
    let shapes = |id: &str| {
        format!(
            "<g {id}><rect x='4' y='8' width='8' height='8' fill='red'/>\
             <rect x='12' y='8' width='8' height='8' fill='blue' fill-opacity='.502'/></g>"
        )
    };
    let area = "x='4' y='8' width='16' height='8' preserveAspectRatio='none'";
    for around in [
        "@",
        "<g opacity='.5'>@</g>",
        "<g transform='translate(3 1) rotate(-30 12 12) scale(.7)' opacity='.7'>@</g>",
        "<rect width='24' height='24' fill='#8f8'/><g style='mix-blend-mode:multiply'>@</g>",
        "<clipPath id='c'><circle cx='10' cy='12' r='6'/></clipPath><g clip-path='url(#c)'>@</g>",
        "<clipPath id='d'><rect width='11' height='24'/></clipPath>\
         <clipPath id='c' clip-path='url(#d)'><circle cx='10' cy='12' r='6'/></clipPath><g clip-path='url(#c)'>@</g>",
        "<mask id='m'><rect width='24' height='14' fill='#888'/></mask><g mask='url(#m)'>@</g>",
        "<mask id='m'>@</mask><rect width='24' height='24' fill='#fc0' mask='url(#m)'/>",
        "<mask id='m' style='mask-type:alpha'>@</mask><rect width='24' height='24' mask='url(#m)'/>",
        "<defs>@</defs><use href='#i' x='1' y='-3'/><use href='#i' transform='scale(.5)' opacity='.5'/>",
        "<symbol id='s' viewBox='0 0 24 24'>@</symbol><use href='#s' width='12' height='12'/>",
        "<svg x='4' width='12' height='12' viewBox='4 4 16 16'>@</svg>",
        "<pattern id='p' width='24' height='24' patternUnits='userSpaceOnUse'>@</pattern>\
         <circle cx='12' cy='12' r='8' fill='url(#p)' stroke='#084' stroke-width='2'/>",
        "<pattern id='p' width='1' height='1' viewBox='0 0 24 24'>@</pattern>\
         <rect x='3' y='3' width='12' height='12' fill='url(#p)' fill-opacity='.6'/>",
        "<pattern id='p' width='24' height='24' patternUnits='userSpaceOnUse'>@</pattern>\
         <path d='M2 12H22' stroke='url(#p)' stroke-width='6' stroke-dasharray='4 2'/>",
        "<linearGradient id='l'><stop stop-color='#0f0'/><stop offset='1' stop-color='#00f'/></linearGradient>\
         <radialGradient id='r'><stop stop-color='#fff'/><stop offset='1' stop-opacity='.2'/></radialGradient>\
         <rect width='9' height='9' fill='url(#l)' paint-order='stroke' stroke='url(#r)' stroke-width='3'/>\
         <path d='M1 20H23' stroke='#000'/><g filter='blur(1)'><rect x='9' width='9' height='5'/></g>\
         <text x='2' y='22' font-size='6'>text</text>@",
    ] {
        for size in [SIZE, Size::new(96, 96), Size::new(150, 70)] {
            let drawn = |inside: &str| draw(&svg(&around.replace('@', inside)), size).unwrap();
            let with_picture = drawn(&picture(&format!("{area} id='i'")));
            // Composed in the same way, and by `resvg`.
            let hidden = picture("width='0.001' height='0.001' visibility='hidden'");
            for shapes in [shapes("id='i'"), format!("{}{hidden}", shapes("id='i'"))] {
                let with_shapes = drawn(&shapes);
                let pairs = || {
                    let [found, expected] =
                        [&with_picture, &with_shapes].map(|image| visible(&image.frames[0]));
                    found.into_iter().zip(expected)
                };
                let sum: i32 = pairs().map(|(found, expected)| (found - expected).abs()).sum();
                let mean = f64::from(sum) / pairs().count() as f64;
                // Edges are smoothed together, or one after the other.
                assert!(mean < 0.6, "{around} at {size:?}: a mean difference of {mean:.2}");
                assert!(pairs().any(|(found, _)| found != 0), "{around} shows nothing");
            }
        }
    }
}

/// Samples of which transparent pixels have no colour.
fn visible(frame: &Frame) -> Vec<i32> {
    let shown = |pixel: &[u8]| {
        let [colours @ .., alpha] = [pixel[0], pixel[1], pixel[2], pixel[3]].map(i32::from);
        let [r, g, b] = colours.map(|colour| colour * alpha / 255);
        [r, g, b, alpha]
    };
    to_rgba(frame).chunks_exact(4).flat_map(shown).collect()
}

#[test]
fn pictures_are_fitted_as_their_element_says() {
    // Red, green, blue.
    let file = url(&png(Size::new(3, 1), Model::Rgb, vec![255, 0, 0, 0, 255, 0, 0, 0, 255]));
    let check = |attributes: &str, expected: [(u32, u32, [u8; 4]); 3]| {
        let source = svg(&format!("<image href='{file}' style='image-rendering:pixelated' {attributes}/>"));
        let rgba = to_rgba(&draw(&source, SIZE).unwrap().frames[0]);
        for (x, y, pixel) in expected {
            let at = (y * 24 + x) as usize * 4;
            assert_eq!(rgba[at..at + 4], pixel, "{attributes} at {x}, {y}");
        }
    };
    let (red, green, blue, none) = ([255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [0; 4]);
    check("", [(0, 0, red), (2, 0, blue), (3, 0, none)]);
    check("width='24'", [(0, 0, red), (23, 7, blue), (12, 8, none)]);
    check("height='4'", [(0, 0, red), (11, 3, blue), (12, 0, none)]);
    check("width='24' height='24'", [(12, 7, none), (12, 8, green), (12, 16, none)]);
    check(
        "width='24' height='24' preserveAspectRatio='xMidYMax'",
        [(12, 15, none), (1, 16, red), (23, 23, blue)],
    );
    check(
        "width='24' height='24' preserveAspectRatio='none'",
        [(0, 0, red), (12, 23, green), (23, 12, blue)],
    );
    check(
        "width='8' height='8' preserveAspectRatio='xMaxYMid slice'",
        [(0, 0, blue), (7, 7, blue), (8, 0, none)],
    );
    // A small copy is a mean of all pixels, unless the file wants them as they are.
    let samples = (0..256 * 256).map(|at| if at % 2 == 0 { 0 } else { 200 }).collect();
    let file = url(&png(Size::new(256, 256), Model::Grey, samples));
    let source = svg(&format!("<image href='{file}' width='24' height='24'/>"));
    let found = to_rgba(&draw(&source, SIZE).unwrap().frames[0]);
    assert!(found.chunks_exact(4).all(|pixel| (95..=105).contains(&pixel[0]) && pixel[3] == 255));
}

#[test]
fn hostile_pictures_are_rejected() {
    let pixel = |at: u32| {
        let [_, r, g, b] = at.to_be_bytes();
        format!("<image href='{}'/>", url(&png(Size::new(1, 1), Model::Rgb, vec![r, g, b])))
    };
    let side = |side: u32| url(&png(Size::new(side, side), Model::Grey, vec![0; (side * side) as usize]));
    let mut bomb = png(Size::new(1, 1), Model::Grey, vec![0]);
    bomb[16..24].copy_from_slice(&[0, 0, 0x7F, 0xFF, 0, 0, 0x7F, 0xFF]);
    let checksum = crc32fast::hash(&bomb[12..29]).to_be_bytes();
    bomb[29..33].copy_from_slice(&checksum);
    let large = format!("<image href='{}'/><image href='{}'/>", side(8000), side(6001));
    let open = |inside: &str| Svg.open(svg(inside).into(), &Limits::default()).err();
    for (inside, message) in [
        ((0..10_000).map(pixel).collect::<String>(), "it contains too many pictures"),
        (format!("<image href='{}'/>", url(&bomb)), "the image is 32767 × 32767 pixels"),
        (large, "its pictures have too many pixels together"),
    ] {
        let error = open(&inside).unwrap_or_else(|| panic!("{message}: it is opened"));
        assert_eq!(error.kind, Kind::LimitExceeded, "{error}");
        assert!(error.message.contains(message), "{error}");
    }
    // One file is one picture, however often it is drawn.
    let many = format!("{}<use href='#a'/>", pixel(7).replace("<image", "<image id='a'").repeat(3000));
    assert!(draw(&svg(&many), SIZE).is_ok());
    let filtered = "<filter id='f'><feGaussianBlur stdDeviation='1'/></filter>";
    let by_image = format!("<filter id='g'><feImage href='{}'/></filter>", side(2));
    for inside in [
        format!("{filtered}<g filter='url(#f)'><g opacity='.5'>{}</g></g>", pixel(1)),
        format!("{filtered}<g style='filter:blur(1px)'>{}</g>", pixel(1)),
        format!("{by_image}<rect width='9' height='9' filter='url(#g)'/>"),
        format!(
            "{filtered}<pattern id='p' width='9' height='9' patternUnits='userSpaceOnUse'>{}</pattern>\
             <rect width='9' height='9' fill='url(#p)' filter='url(#f)'/>",
            pixel(1)
        ),
    ] {
        let error = draw(&svg(&inside), SIZE).unwrap_err();
        assert_eq!(error.kind, Kind::UnsupportedFormat, "{inside}");
        assert_eq!(error.message, "unsupported SVG image: it has a filter over a picture");
    }
}

#[test]
fn pictures_that_browsers_do_not_show_are_left_out() {
    let whole = png(SIZE, Model::Grey, (0..24 * 24).map(|at| (at * 7 % 256) as u8).collect());
    let mut damaged = whole.clone();
    let at = damaged.windows(4).position(|window| window == b"IDAT").unwrap() + 6;
    damaged[at..at + 9].fill(0xFF);
    let empty = visible(&draw(&svg(""), SIZE).unwrap().frames[0]);
    let inner = format!("<svg xmlns='http://www.w3.org/2000/svg'><image href='{}'/></svg>", url(&whole));
    for file in [&damaged[..], &whole[..20], b"", b"no picture", inner.as_bytes()] {
        let found =
            draw(&svg(&format!("<image href='{}' width='24' height='24'/>", url(file))), SIZE).unwrap();
        assert!(visible(&found.frames[0]) == empty, "{} bytes", file.len());
    }
    // Damage anywhere is an image or a typed error.
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        for file in [&changed[..], &whole[..at]] {
            if let Err(error) = draw(&svg(&format!("<image href='{}'/>", url(file))), SIZE) {
                assert!(matches!(error.kind, Kind::UnsupportedFormat | Kind::LimitExceeded), "{error}");
            }
        }
    }
}

#[test]
fn the_cost_of_pictures_is_stated() {
    let cost = |inside: &str| {
        let decode = Decode { needed: SIZE, all_frames: true, keep_profile: false, chroma: (1, 1) };
        Svg.open(svg(inside).into(), &Limits::default()).unwrap().cost(&decode)
    };
    let file = url(&png(Size::new(1000, 1000), Model::Grey, vec![0; 1_000_000]));
    let (none, one) = (
        cost(""),
        cost(&format!(
            "<image href='{file}'/><image x:href='{file}' xmlns:x='http://www.w3.org/1999/xlink'/>"
        )),
    );
    assert!(none.bytes + 22_000_000 < one.bytes && none.cpu_ns + 10_000_000 < one.cpu_ns, "{one:?}");
    assert!(one.bytes < none.bytes + 60_000_000, "{one:?}");
}

#[test]
fn the_suite_of_resvg_is_composed_as_it_draws_it() {
    let hidden =
        format!("<image visibility='hidden' href='{}'/>", url(&png(Size::new(1, 1), Model::Grey, vec![0])));
    let mut count = 0;
    for path in formats("svg") {
        let Ok(source) = fs::read_to_string(&path) else { continue };
        let Some((before, after)) = source.rsplit_once("</svg>") else { continue };
        let composed = format!("{before}{hidden}</svg>{after}");
        let (Ok(expected), Ok(found)) = (draw(&source, SIZE), draw(&composed, SIZE)) else { continue };
        let (expected, found) = (visible(&expected.frames[0]), visible(&found.frames[0]));
        let sum: i32 = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs()).sum();
        let mean = f64::from(sum) / expected.len() as f64;
        assert!(mean < 0.2, "{}: a mean difference of {mean:.2}", path.display());
        count += 1;
    }
    eprintln!("{count} drawings compared");
}
