//! Images are compared with `golden.json`, which has a row for each source and query.
//!
//! A row has the size, type, number of frames, and the image as means of 8 × 8 fields. If the samples are those of
//! the source, it has a hash of them; after a plain resize, the likeness to one in floating point in decibels.
//! After an intended change of images, `SAFELIGHT_GOLDEN=write cargo test -p safelight-registry --test golden`
//! rewrites the rows; look at the images that changed.
//!
//! The cases are a list because each is an image that was looked at. A new transform needs none.

mod common;

use bytes::Bytes;
use common::{Picture, answer, kept_for_people, reference, source};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden.json");

/// The queries of `photo.jpg`.
const OF_THE_PHOTO: &[&str] = &[
    "width=320",
    "width=320&quality=30",
    "width=320&format=png",
    "width=320&format=webp",
    "width=96&format=avif",
    "width=160&format=gif",
    "height=200&format=png",
    "width=100&dpr=2.5&format=png",
    "width=200&height=200&format=png",
    "width=200&height=200&fit=cover&format=png",
    "width=200&height=200&fit=cover&gravity=north-west&format=png",
    "width=90&height=200&fit=cover&gravity=0.8,0.5&format=png",
    "width=200&height=50&fit=fill&format=png",
    "width=200&height=200&fit=pad&format=png",
    "width=200&height=200&fit=pad&gravity=south&background=336699cc&format=png",
    "width=100&height=100&fit=pad&background=33669980&format=webp",
    "crop=800,500,300,200&format=png",
    "crop=0.5,0.25,0.5,0.5&width=200&format=png",
    "width=200&rotate=90&format=png",
    "width=200&flip=hv&rotate=270&format=png",
    "width=200&blur=0.5&format=png",
    "width=200&blur=4&format=png",
    "width=200&sharpen=1.2&format=png",
    "width=200&grayscale=true",
    "width=200&normalize=true&format=png",
    "width=200&exposure=1&hue=90&format=png",
    "width=200&brightness=1.2&contrast=1.5&saturation=0.5&gamma=0.8&format=png",
    "width=200&linear=1.5,-40,1,20,0.8,0&format=png",
    "width=200&sepia=0.8&vignette=1&format=png",
    "width=200&tint=orange&format=png",
    "width=200&duotone=navy,gold&format=png",
    "width=200&invert=true&format=png",
    "width=200&rotate=13&background=336699&format=png",
    "width=200&border=6&borderColor=red&padding=10,20&background=gold&format=png",
    "width=200&round=40&format=png",
    "width=200&round=40&flatten=true&background=gold&format=png",
    "width=200&height=200&fit=cover&round=circle",
    "width=200&pixelate=16&format=png",
    "redact=300,200,500,400;900,600,200,100&redactWith=blur&width=200&format=png",
    "crop=aspect:1:1&gravity=attention&width=100&format=png",
    "width=100&height=150&fit=cover&gravity=entropy&format=png",
    "width=200&height=200&fit=cover&focus=0.8,0.3&zoom=2&format=png",
    "crop=800,500,300,200&minWidth=400&width=350&format=png",
    "trim=60&width=200&format=png",
];

/// The other kinds of sources, each with every query of [`OF_EACH`].
const SOURCES: &[&str] = &[
    "orientation-1.jpg",
    "orientation-2.jpg",
    "orientation-3.jpg",
    "orientation-4.jpg",
    "orientation-5.jpg",
    "orientation-6.jpg",
    "orientation-7.jpg",
    "orientation-8.jpg",
    "progressive.jpg",
    "restart.jpg",
    "gain-map.jpg",
    "photo.tiff",
    "still.webp",
    "orientation-6.webp",
    "orientation-6.png",
    "text-chunks.png",
    "animated.png",
    "animated.gif",
    "animated.webp",
];

const OF_EACH: &[&str] = &["format=png", "width=101&format=png", "width=80&height=80&fit=cover"];

/// Queries that copy the samples of the source.
const OF_SOME: &[(&str, &str)] = &[
    ("orientation-6.png", "crop=10,20,50,40&rotate=90&format=png"),
    ("orientation-6.webp", "rotate=270&format=png"),
    ("animated.png", "crop=0.25,0.25,0.5,0.5&flip=h&format=png"),
    ("animated.gif", "flip=v&format=png"),
];

/// Kinds of which only the corpus has files.
const OF_THE_CORPUS: &[(&str, &str)] = &[
    ("corpus/sharp/2569067123_aca715a2ee_o.jpg", "width=200&format=png"),
    ("corpus/sharp/Channel_digital_image_CMYK_color.jpg", "width=200&format=png"),
    ("corpus/sharp/Channel_digital_image_CMYK_color_no_profile.jpg", "width=200&format=png"),
    ("corpus/sharp/gamma_dalai_lama_gray.jpg", "width=200&format=png"),
    ("corpus/sharp/16-bit-grey-alpha.png", "width=20&format=png"),
    ("corpus/sharp/alpha-premultiply-2048x1536-paper.png", "width=200"),
    ("corpus/sharp/grey-8bit-alpha.png", "width=100&format=webp"),
    ("corpus/sharp/p3.png", "width=20"),
    ("corpus/sharp/prophoto.png", "width=20"),
    ("corpus/sharp/swiss.png", "width=100"),
    ("corpus/sharp/tbgn2c16.png", "format=webp"),
    ("corpus/sharp/with-alpha.png", "width=100&format=jpeg&background=ff8000"),
    ("corpus/sharp/4.webp", "width=100&format=png"),
    ("corpus/sharp/5_webp_a.webp", "width=100&format=png"),
    ("corpus/sharp/rotating-squares.gif", "width=40&format=webp"),
    ("corpus/sharp/animated-loop-3.webp", "width=40&format=gif"),
    ("corpus/orientation/Landscape_6.jpg", "width=100&format=png"),
    ("corpus/orientation/Portrait_7.jpg", "width=100&format=png"),
];

#[test]
fn images_equal_the_recorded_ones() {
    let text = std::fs::read_to_string(PATH).unwrap_or_else(|_| "[]".to_owned());
    let known: Vec<Value> = serde_json::from_str(&text).expect("golden.json is JSON");
    let is_writing = is_writing();
    let (mut rows, mut changes) = (Vec::new(), Vec::new());
    for (name, raw) in cases() {
        let known = known.iter().find(|row| row["source"] == name && row["query"] == raw);
        // Where the corpus is missing, its rows stay as they are.
        let found = source(name).and_then(|source| row(name, raw, &source));
        if let (Some((found, body)), false) = (&found, is_writing) {
            let differences = known.map_or_else(|| vec!["is new".to_owned()], |known| compare(known, found));
            if !differences.is_empty() {
                let left = kept_for_people(&format!("{name}-{raw}"));
                std::fs::write(&left, body).expect("a writable folder");
                let place = left.display();
                changes.push(format!("{name}?{raw} {}; see {place}", differences.join(", ")));
            }
        }
        rows.extend(found.map(|(found, _)| found).or(known.cloned()));
    }
    if is_writing {
        let lines: Vec<_> = rows.iter().map(Value::to_string).collect();
        std::fs::write(PATH, format!("[\n{}\n]\n", lines.join(",\n"))).expect("a writable file");
        return;
    }
    let stale =
        known.iter().find(|row| !cases().any(|(name, raw)| row["source"] == name && row["query"] == raw));
    assert!(stale.is_none(), "a row without a case: {stale:?}");
    assert!(
        changes.is_empty(),
        "{} images changed:\n{}\nIf this is intended, rewrite golden.json with SAFELIGHT_GOLDEN=write.",
        changes.len(),
        changes.join("\n")
    );
}

#[expect(clippy::disallowed_methods, reason = "a developer says that images may change")]
fn is_writing() -> bool {
    std::env::var("SAFELIGHT_GOLDEN").is_ok_and(|value| value == "write")
}

fn cases() -> impl Iterator<Item = (&'static str, &'static str)> {
    let photo = OF_THE_PHOTO.iter().map(|raw| ("photo.jpg", *raw));
    let each = SOURCES.iter().flat_map(|name| OF_EACH.iter().map(move |raw| (*name, *raw)));
    photo.chain(each).chain(OF_SOME.iter().chain(OF_THE_CORPUS).copied())
}

/// Returns the row of a response, and the response; `None` if the program that decodes it is missing.
fn row(name: &str, raw: &str, source: &Bytes) -> Option<(Value, Vec<u8>)> {
    let answer = answer(raw, source).unwrap_or_else(|error| panic!("{name}?{raw}: {error}"));
    let body = answer.body();
    let picture = Picture::decode(&body)?;
    let row = json!({
        "source": name,
        "query": raw,
        "type": answer.content_type(),
        "size": [picture.w, picture.h],
        "frames": picture.frames,
        "luma": means(&picture, |[r, g, b, a]| (0.299 * r + 0.587 * g + 0.114 * b) * a),
        "blue": means(&picture, |[r, g, b, a]| 0.5 + (0.5 * b - 0.331 * g - 0.169 * r) * a),
        "red": means(&picture, |[r, g, b, a]| 0.5 + (0.5 * r - 0.419 * g - 0.081 * b) * a),
        "alpha": means(&picture, |[_, _, _, a]| a),
        "detail": detail(&picture),
        "samples": is_exact(raw, source).then(|| hash(&picture.to_rgba8())),
        "decibels": likeness(raw, source, &picture).map(f64::floor),
    });
    Some((row, body))
}

/// Fields on each side.
const FIELDS: usize = 8;

/// Returns the mean of `value` over each field, from 0 to 255, as two hexadecimal digits each, row by row.
fn means(picture: &Picture, value: impl Fn([f32; 4]) -> f32) -> String {
    let mut sums = [(0.0, 0.0); FIELDS * FIELDS];
    for (i, pixel) in picture.pixels().enumerate() {
        let (x, y) = (i % picture.w * FIELDS / picture.w, i / picture.w * FIELDS / picture.h);
        let (sum, count) = &mut sums[y * FIELDS + x];
        *sum += f64::from(value(*pixel));
        *count += 1.0;
    }
    sums.iter().fold(String::new(), |mut text, (sum, count)| {
        let mean = (255.0 * sum / f64::max(*count, 1.0)).round().clamp(0.0, 255.0);
        write!(text, "{:02x}", mean as u8).expect("writing to a string cannot fail");
        text
    })
}

/// Returns the mean difference of neighbouring pixels of a row, in ten-thousandths of the range. A blur lowers it.
fn detail(picture: &Picture) -> u64 {
    let pixels: Vec<f64> = picture.pixels().map(|pixel| f64::from(pixel[1] * pixel[3])).collect();
    let rows = pixels.chunks_exact(picture.w);
    let steps = rows.flat_map(|row| row.windows(2)).map(|pair| (pair[0] - pair[1]).abs());
    (1e4 * steps.sum::<f64>() / pixels.len() as f64).round() as u64
}

fn hash(samples: &[u8]) -> String {
    Sha256::digest(samples).iter().take(8).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// Returns whether the response has the samples of the source, at any position.
fn is_exact(raw: &str, source: &Bytes) -> bool {
    let is_exact = |pair: &str| {
        pair == "format=png" || ["crop=", "rotate=", "flip="].iter().any(|key| pair.starts_with(key))
    };
    let is_lossless = !source.starts_with(b"\xFF\xD8");
    is_lossless
        && raw.split('&').all(is_exact)
        && Picture::decode(source).is_some_and(|original| !original.has_profile)
}

/// Returns the likeness in decibels to a resize in floating point, if the query has no other effect and colours are
/// not converted.
fn likeness(raw: &str, source: &Bytes, found: &Picture) -> Option<f64> {
    let keys: Vec<&str> = raw.split('&').filter_map(|pair| pair.split('=').next()).collect();
    let is_plain = keys.iter().all(|key| ["width", "height", "fit", "format"].contains(key));
    let is_resized = keys.contains(&"width") && !raw.contains("fit=pad") && !raw.contains("fit=fill");
    let original = (is_plain && is_resized).then(|| Picture::decode(source)).flatten();
    let original = original.filter(|original| !original.has_profile)?;
    let part = if raw.contains("fit=cover") {
        reference::middle(&original, found.w, found.h)
    } else {
        reference::whole(&original)
    };
    Some(reference::lanczos3(&original, part, found.w, found.h).psnr(found))
}

/// Returns the differences between two rows.
fn compare(known: &Value, found: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    for key in ["type", "size", "frames", "samples"] {
        if known[key] != found[key] {
            differences.push(format!("has {key} {} and had {}", found[key], known[key]));
        }
    }
    for key in ["luma", "blue", "red", "alpha"] {
        differences.extend(difference(key, &fields(&known[key]), &fields(&found[key])));
    }
    let detail = |row: &Value| row["detail"].as_f64().unwrap_or(f64::MAX);
    let (was, is) = (detail(known), detail(found));
    if (was - is).abs() > 0.06 * was + 3.0 {
        differences.push(format!("has detail {is} and had {was}"));
    }
    match (known["decibels"].as_f64(), found["decibels"].as_f64()) {
        (Some(was), Some(is)) if was - 1.0 <= is => (),
        (None, None) => (),
        (was, is) => differences.push(format!("is {is:?} dB like a reference and was {was:?}")),
    }
    differences
}

fn fields(text: &Value) -> Vec<i32> {
    let text = text.as_str().unwrap_or_default();
    let digits = text.as_bytes().chunks(2).filter_map(|digits| std::str::from_utf8(digits).ok());
    digits.filter_map(|digits| i32::from_str_radix(digits, 16).ok()).collect()
}

/// Returns a message if fields differ by more than the rounding of another decoder or encoder.
fn difference(name: &str, was: &[i32], is: &[i32]) -> Option<String> {
    const ROUNDING: i32 = 3;
    if was.len() != is.len() {
        return Some(format!("has {} fields of {name}", is.len()));
    }
    let differs = |i: &usize| ROUNDING < (was[*i] - is[*i]).abs();
    let worst = (0..is.len()).filter(differs).max_by_key(|&i| (was[i] - is[i]).abs())?;
    let count = (0..is.len()).filter(differs).count();
    let (x, y) = (worst % FIELDS, worst / FIELDS);
    Some(format!(
        "has another {name} in {count} of {} fields, most in column {x} of row {y}: {} and was {}",
        is.len(),
        is[worst],
        was[worst]
    ))
}
