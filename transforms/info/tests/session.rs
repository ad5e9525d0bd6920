//! The document of the sample images, and of files that are built here.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use safelight_core::{ExifDetail, Kind, Query, Result, Settings, Step, Transform, testing::Output};
use safelight_info::Info;
use serde_json::{Value, json};

fn run(raw: &str, source: &[u8], chunk: usize, detail: ExifDetail) -> Result<(Value, usize)> {
    let settings = Settings { exif: detail, ..Settings::default() };
    let query = Query::parse(raw, "", Info.params())?;
    let Some(Step::Bytes(op)) = Info.step(&query)? else { panic!("{raw} requests no document") };
    let output = Output::collect(op.start(&settings), &Bytes::copy_from_slice(source), chunk)?;
    assert_eq!(output.content_type(), "application/json");
    Ok((serde_json::from_slice(&output.body()).unwrap(), output.read))
}

/// The document of a sample image, with private metadata. It does not depend on the chunks.
fn sample(name: &str) -> Value {
    let source = safelight_images::read(name);
    let whole = run("info=full", &source, usize::MAX, ExifDetail::All).unwrap().0;
    for chunk in [1000, 4099] {
        assert_eq!(run("info=full", &source, chunk, ExifDetail::All).unwrap().0, whole, "{name}, {chunk}");
    }
    assert_eq!(whole["complete"], true, "{name}");
    assert_eq!(whole["file"]["bytes"], source.len(), "{name}");
    whole
}

#[test]
fn the_headers_of_every_format_are_read() {
    let check = |name: &str, expected: Value| {
        let document = sample(name);
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&document["file"][key], value, "{name}: {key} of {}", document["file"]);
        }
    };
    check(
        "photo.jpg",
        json!({"format": "JPEG", "bitDepth": 8, "colorSpace": "YCbCr", "hasAlpha": false, "progressive": false}),
    );
    check("progressive.jpg", json!({"progressive": true, "frames": 1}));
    check("photo.avif", json!({"format": "AVIF", "mimeType": "image/avif", "bitDepth": 8, "pages": 1}));
    check("photo.tiff", json!({"format": "TIFF", "pages": 1, "frames": 1}));
    check("still.webp", json!({"format": "WebP", "frames": 1, "bitDepth": 8}));
    check("animated.gif", json!({"colorSpace": "Palette", "bitDepth": 8}));
    for name in ["animated.gif", "animated.png", "animated.webp"] {
        let file = &sample(name)["file"];
        assert!(file["frames"].as_u64().is_some_and(|frames| 1 < frames), "{name}: {file}");
        assert!(file["durationMs"].as_u64().is_some_and(|time| 0 < time), "{name}: {file}");
        assert!(file["loop"].is_u64(), "{name}: {file}");
    }
    for orientation in 1..=8 {
        let file = sample(&format!("orientation-{orientation}.jpg"))["file"].clone();
        assert_eq!(file["orientation"], orientation);
        let (stored, shown) = (("width", "height"), ("displayWidth", "displayHeight"));
        let shown = if 5 <= orientation { (shown.1, shown.0) } else { shown };
        assert_eq!((&file[stored.0], &file[stored.1]), (&file[shown.0], &file[shown.1]), "{file}");
    }
    let extras = |name: &str, key: &str| sample(name)["extras"][key].clone();
    assert_eq!(extras("gain-map.jpg", "gainMap"), true);
    assert_eq!(extras("motion-photo.jpg", "motionPhoto"), true);
    assert_eq!(extras("photo.jpg", "gainMap"), false);
}

#[test]
fn jpegs_of_every_coding_state_their_depth() {
    let check = |app: &[u8], marker: u8, bits: u8, ids: &[u8], expected: Value| {
        let count = ids.len() as u8;
        let components = ids.iter().flat_map(|id| [*id, 0x11, 0]);
        let frame =
            [&[0xFF, marker, 0, 8 + 3 * count, bits, 0, 8, 0, 9, count][..], &components.collect::<Vec<_>>()];
        let file =
            [b"\xFF\xD8", app, &frame.concat(), b"\xFF\xDA\0\x08\x01\x01\0\0\x3F\0\x12\xFF\xD9"].concat();
        let document = run("info=true", &file, 7, ExifDetail::Harmless).unwrap().0;
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&document["file"][key], value, "{marker:X}: {key} of {}", document["file"]);
        }
    };
    let adobe = |transform| [&b"\xFF\xEE\0\x0EAdobe\0\x64\0\0\0\0"[..], &[transform]].concat();
    let ycc = json!({"bitDepth": 12, "colorSpace": "YCbCr", "progressive": false});
    check(b"", 0xC1, 12, &[1, 2, 3], ycc);
    check(b"", 0xC9, 8, &[1], json!({"bitDepth": 8, "colorSpace": "Gray", "progressive": false}));
    check(b"", 0xCA, 12, &[1, 2, 3], json!({"bitDepth": 12, "progressive": true, "width": 9, "height": 8}));
    check(b"", 0xC3, 16, &[1], json!({"bitDepth": 16, "colorSpace": "Gray", "progressive": false}));
    check(b"", 0xC3, 10, &[1, 2, 3], json!({"bitDepth": 10, "colorSpace": "RGB"}));
    check(&adobe(0), 0xC3, 8, &[1, 2, 3], json!({"colorSpace": "RGB"}));
    check(&adobe(1), 0xC3, 8, &[1, 2, 3], json!({"colorSpace": "YCbCr"}));
    let jfif = b"\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0";
    check(jfif, 0xC3, 8, &[1, 2, 3], json!({"colorSpace": "YCbCr"}));
}

#[test]
fn private_metadata_are_named_and_not_shown() {
    let mut withheld = 0;
    for name in safelight_images::names() {
        let source = safelight_images::read(name);
        let Ok((all, _)) = run("info=full", &source, 4096, ExifDetail::All) else { continue };
        let (shown, _) = run("info=full", &source, 4096, ExifDetail::Harmless).unwrap();
        // An edge's word for EXIF is not one for this document.
        assert_eq!(run("info=full", &source, 4096, ExifDetail::ByQuery).unwrap().0, shown, "{name}");
        for block in ["gps", "iptc", "text"] {
            assert_eq!(shown[block], Value::Null, "{name}");
        }
        for block in ["gps", "xmp", "iptc", "text"] {
            if all[block] != Value::Null {
                let names = shown["withheld"].as_array().unwrap();
                assert!(
                    names.iter().any(|found| found.as_str().unwrap().starts_with(block)),
                    "{name}: {block}"
                );
                withheld += 1;
            }
        }
        assert_eq!(all["withheld"], Value::Null, "{name}");
        assert_eq!(shown["file"], all["file"], "{name}");
    }
    assert!(3 < withheld, "{withheld}");
}

#[test]
fn a_large_photo_is_read_up_to_its_headers() {
    let jpeg = safelight_images::long_jpeg(4 << 20);
    let (document, read) = run("info=true", &jpeg, 16 << 10, ExifDetail::Harmless).unwrap();
    assert!(read < 128 << 10, "{read}");
    assert_eq!((&document["complete"], &document["file"]["bytes"]), (&json!(false), &json!(jpeg.len())));
    assert!(document["file"]["width"].is_u64());
    let (document, read) = run("info=full", &jpeg, 16 << 10, ExifDetail::Harmless).unwrap();
    assert_eq!((read, &document["complete"]), (jpeg.len(), &json!(true)));
}

#[test]
fn damage_ends_the_document_and_not_the_response() {
    for name in safelight_images::names() {
        let source = safelight_images::read(name);
        for share in 1..16 {
            let cut = &source[..source.len() * share / 16];
            match run("info=true", cut, 4096, ExifDetail::All) {
                Ok((document, _)) => assert!(document["file"]["format"].is_string(), "{name}"),
                Err(error) => assert_eq!(error.kind, Kind::UnsupportedFormat, "{name}: {error}"),
            }
        }
    }
    assert_eq!(run("info=true", b"no image", 3, ExifDetail::All).unwrap_err().kind, Kind::UnsupportedFormat);
}
