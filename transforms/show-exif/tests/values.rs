//! Do the values of real files agree with exiftool?

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it found"
)]

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::{fs, path::Path};

/// The groups of exiftool and of the response.
const GROUPS: &[(&str, &str)] = &[
    ("IFD0", "Image"),
    ("IFD1", "Thumbnail"),
    ("ExifIFD", "Photo"),
    ("GPS", "GPSInfo"),
    ("InteropIFD", "Iop"),
];

/// The tags whose names differ between exiftool and the response.
const NAMES: &[(&str, &str)] = &[
    ("CreateDate", "DateTimeDigitized"),
    ("ExifImageHeight", "PixelYDimension"),
    ("ExifImageWidth", "PixelXDimension"),
    ("ExposureCompensation", "ExposureBiasValue"),
    ("FocalLengthIn35mmFormat", "FocalLengthIn35mmFilm"),
    ("ISO", "ISOSpeedRatings"),
    ("ImageHeight", "ImageLength"),
    ("InteropIndex", "InteroperabilityIndex"),
    ("InteropVersion", "InteroperabilityVersion"),
    ("LensInfo", "LensSpecification"),
    ("ModifyDate", "DateTime"),
    ("OwnerName", "CameraOwnerName"),
    ("RelatedImageHeight", "RelatedImageLength"),
    ("SerialNumber", "BodySerialNumber"),
    ("SubfileType", "NewSubfileType"),
    ("ThumbnailLength", "JPEGInterchangeFormatLength"),
    ("ThumbnailOffset", "JPEGInterchangeFormat"),
];

/// The tags whose bytes are base64 in the response.
const OPAQUE: &[&str] = &[
    "CFAPattern",
    "ComponentsConfiguration",
    "ExifVersion",
    "FileSource",
    "FlashpixVersion",
    "GPSProcessingMethod",
    "InteroperabilityVersion",
    "SceneType",
    "UserComment",
];

/// The minimum share of values that agree.
const MIN_AGREEMENT: f64 = 0.999;

#[test]
fn values_of_the_samples_agree_with_exiftool() {
    check(safelight_images::folder(), 500);
}

#[test]
fn values_of_real_photos_agree_with_exiftool() {
    if let Some(corpus) = safelight_images::corpus() {
        check(&corpus, 3000);
    }
}

/// Compares all values of the files in `folder`, at least `min_compared` of them.
fn check(folder: &Path, min_compared: u32) {
    let Some(records) = exiftool(folder) else { return };
    let (mut agreed, mut compared) = (0_u32, 0_u32);
    for record in &records {
        let path = record["SourceFile"].as_str().unwrap();
        let source = Bytes::from(fs::read(path).unwrap());
        let shown = common::show(&source, 64 << 10, &common::all());
        let ours: Value = shown.map_or(Value::Null, |output| serde_json::from_slice(&output.body()).unwrap());
        let base = tiff_offset(&source);
        for (tag, theirs) in record {
            let Some((group, tag)) = tag.split_once(':') else { continue };
            // exiftool combines several tags to values without a number.
            let (Some(id), theirs) = (theirs["id"].as_u64(), &theirs["val"]) else { continue };
            let group = GROUPS.iter().find(|(name, _)| *name == group).unwrap().1;
            let name = NAMES.iter().find(|(name, _)| *name == tag).map_or(tag, |(_, name)| name);
            let ours = ours[group].get(name).or_else(|| ours[group].get(id.to_string()));
            compared += 1;
            if ours.is_some_and(|ours| same(name, ours, theirs, base)) {
                agreed += 1;
            } else {
                println!("{path}: {group}.{name}: {ours:?}, exiftool has {theirs}");
            }
        }
    }
    println!("{agreed} of {compared} values in {} files agree", records.len());
    assert!(min_compared <= compared);
    assert!(MIN_AGREEMENT * f64::from(compared) <= f64::from(agreed));
}

#[test]
fn the_comparison_distinguishes_values() {
    let check = |name, ours: Value, theirs: Value, expected| {
        assert_eq!(same(name, &ours, &theirs, 12.0), expected, "{name}: {ours} and {theirs}");
    };
    check("FNumber", json!(2.8), json!(2.8), true);
    check("FNumber", json!(2.8), json!(2.800_001), false);
    check("FNumber", json!(null), json!("undef"), true);
    check("FNumber", json!(null), json!(0), false);
    check("FNumber", json!([2.8, 2.8]), json!(2.8), false);
    check("ApertureValue", json!(3), json!(2.828_427_124_746_19), true);
    check("ApertureValue", json!(3), json!(3), false);
    check("GPSLatitude", json!([48, 30, 36]), json!(48.51), true);
    check("GPSLatitude", json!([48, 30, 37]), json!(48.51), false);
    check("GPSTimeStamp", json!([7, 30, 14]), json!("07:30:14"), true);
    check("GPSTimeStamp", json!([7, 30, 14]), json!("07:30:15"), false);
    check("StripOffsets", json!(8), json!(20), true);
    check("StripOffsets", json!(8), json!(8), false);
    check("DateTime", json!("2008-11-01T21:15:07.000Z"), json!("2008:11:01 21:15:07"), true);
    check("DateTime", json!("2008-11-01T21:15:07.000Z"), json!("2008:11:01 21:15:08"), false);
    check("DateTime", json!(null), json!("2008:11:01 21:15:07"), false);
    check("DateTime", json!("0000:00:00 00:00:00"), json!("0000:00:00 00:00:00"), true);
    check("Make", json!("Canon "), json!("Canon"), true);
    check("Make", json!("Canon"), json!("canon"), false);
    check("Software", json!("1.00"), json!(1.0), true);
    check("Software", json!("1.01"), json!(1.0), false);
    check("ExifVersion", json!("MDIzMg=="), json!("0232"), true);
    check("ExifVersion", json!("MDIzMg=="), json!("0231"), false);
    check("UserComment", json!("QVNDSUkAAABoaQ=="), json!("hi"), true);
    check("UserComment", json!("QVNDSUkAAABoaQ=="), json!(""), false);
}

/// Returns exiftool's output for each file in `folder`, each value as an object of the tag's number and
/// value; `None` if exiftool is not installed.
fn exiftool(folder: &Path) -> Option<Vec<Map<String, Value>>> {
    let groups = GROUPS.iter().map(|(group, _)| format!("-{group}:all"));
    let mut exiftool = safelight_images::program("exiftool")?;
    exiftool.args(["-j", "-n", "-b", "-G1", "-D", "-r"]).args(groups).arg(folder);
    Some(serde_json::from_slice(&exiftool.output().unwrap().stdout).unwrap())
}

/// Returns the offset of the EXIF block in a file, which exiftool adds to offsets.
fn tiff_offset(source: &[u8]) -> f64 {
    const SIGNATURE: &[u8] = b"Exif\0\0";
    let at = source.windows(SIGNATURE.len()).position(|window| window == SIGNATURE);
    at.map_or(0.0, |at| (at + SIGNATURE.len()) as f64)
}

/// Returns whether two values agree after the conversions of exiftool.
fn same(name: &str, ours: &Value, theirs: &Value, base: f64) -> bool {
    match (name, ours) {
        ("ShutterSpeedValue", Value::Number(_)) => near(2f64.powf(-numbers(ours)[0]), theirs),
        ("ApertureValue" | "MaxApertureValue", Value::Number(_)) => {
            near(2f64.powf(numbers(ours)[0] / 2.0), theirs)
        }
        ("GPSLatitude" | "GPSLongitude" | "GPSDestLatitude" | "GPSDestLongitude", Value::Array(_)) => {
            let sixtieths = [1.0, 60.0, 3600.0];
            near(numbers(ours).iter().zip(sixtieths).map(|(part, unit)| part / unit).sum(), theirs)
        }
        ("GPSTimeStamp", Value::Array(_)) => {
            let parts: Vec<f64> = text(theirs).split(':').map(|part| part.parse().unwrap()).collect();
            all_near(&numbers(ours), &parts)
        }
        ("JPEGInterchangeFormat" | "StripOffsets", Value::Number(_)) => near(numbers(ours)[0] + base, theirs),
        ("DateTime" | "DateTimeOriginal" | "DateTimeDigitized", Value::String(date)) => {
            let date = date.replace('-', ":").replace('T', " ");
            date.strip_suffix(".000Z").unwrap_or(&date) == text(theirs).replace('-', ":").trim_end()
        }
        ("XPTitle" | "XPComment" | "XPAuthor" | "XPKeywords" | "XPSubject", Value::Array(_)) => {
            let bytes: Vec<u8> = numbers(ours).iter().map(|byte| *byte as u8).collect();
            utf16(&bytes, u16::from_le_bytes).trim_end_matches('\0') == text(theirs)
        }
        // Some writers give these the type ASCII, and then they are text.
        (_, Value::String(ours)) if OPAQUE.contains(&name) => {
            let is_same = |bytes: Vec<u8>| same_bytes(name, &bytes, theirs);
            same_text(ours, theirs) || STANDARD.decode(ours).is_ok_and(is_same)
        }
        (_, Value::String(ours)) => same_text(ours, theirs),
        (_, Value::Null) => matches!(text(theirs).as_str(), "undef" | "inf"),
        _ => {
            let theirs = text(theirs);
            let parsed = theirs.split(' ').map(|number| number.parse().unwrap_or(f64::NAN));
            all_near(&numbers(ours), &parsed.collect::<Vec<_>>())
        }
    }
}

/// Compares UNDEFINED bytes, which exiftool shows as text or as a list of numbers.
fn same_bytes(name: &str, ours: &[u8], theirs: &Value) -> bool {
    let theirs = text(theirs);
    let listed: Vec<_> = match (name, ours) {
        // Columns and rows have 16 bits, in either byte order (EXIF 2.32 section 4.6.5 H).
        ("CFAPattern", [0, columns, 0, rows, pattern @ ..] | [columns, 0, rows, 0, pattern @ ..]) => {
            [columns, rows].into_iter().chain(pattern).map(u8::to_string).collect()
        }
        _ => ours.iter().map(u8::to_string).collect(),
    };
    let as_text = match name {
        "UserComment" | "GPSProcessingMethod" => comment(ours),
        _ => String::from_utf8_lossy(ours).into_owned(),
    };
    listed.join(" ") == theirs || as_text.trim_end_matches(['\0', ' ']) == theirs.trim_end()
}

/// Compares text. exiftool writes text that looks like a number as a number.
fn same_text(ours: &str, theirs: &Value) -> bool {
    match theirs {
        Value::Number(_) => ours.trim().parse().is_ok_and(|ours| near(ours, theirs)),
        _ => ours.trim_end() == text(theirs).trim_end(),
    }
}

/// Decodes a comment, which follows eight bytes of character code (EXIF 2.32 section 4.6.5 B).
fn comment(bytes: &[u8]) -> String {
    let (code, text) = bytes.split_at(bytes.len().min(8));
    match code {
        b"UNICODE\0" => utf16(text, u16::from_le_bytes),
        _ => String::from_utf8_lossy(text.split(|byte| *byte == 0).next().unwrap()).into_owned(),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units: Vec<_> = bytes.as_chunks().0.iter().map(|pair| unit(*pair)).collect();
    String::from_utf16_lossy(&units)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        value => vec![text(value).parse().unwrap_or(f64::NAN)],
    }
}

fn near(ours: f64, theirs: &Value) -> bool {
    all_near(&[ours], &numbers(theirs))
}

/// Returns whether numbers agree in nine digits, which exiftool prints of some.
fn all_near(ours: &[f64], theirs: &[f64]) -> bool {
    let close = |(one, two): (&f64, &f64)| (one - two).abs() <= 1e-9 * one.abs().max(two.abs()).max(1e-3);
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(close)
}
