//! Do the documents of real files agree with exiftool?

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it found"
)]

use bytes::Bytes;
use safelight_core::{ExifDetail, Query, Settings, Step, Transform, testing::Output};
use safelight_info::Info;
use serde_json::{Map, Value};
use std::{fs, path::Path};

/// The minimum shares of sides, and of values of XMP and IPTC, that agree.
const MIN_SIDES: f64 = 1.0;
const MIN_VALUES: f64 = 0.995;

#[test]
fn samples_agree_with_exiftool() {
    check(safelight_images::folder(), 20, 20);
}

#[test]
fn real_photos_agree_with_exiftool() {
    if let Some(corpus) = safelight_images::corpus() {
        check(&corpus, 150, 600);
    }
}

/// Compares the files in `folder`, at least so many of them and of their values.
fn check(folder: &Path, min_files: u32, min_values: u32) {
    let Some(records) = exiftool(folder) else { return };
    let (mut files, mut sides, mut values, mut compared) = (0_u32, 0_u32, 0_u32, 0_u32);
    for record in &records {
        let path = record["SourceFile"].as_str().unwrap();
        let Some(document) = document(&fs::read(path).unwrap()) else { continue };
        let file = &document["file"];
        if let (Some(width), Some(height)) = (record.get("Width"), record.get("Height")) {
            files += 1;
            if [&file["width"], &file["height"]] == [width, height] {
                sides += 1;
            } else {
                println!("{path}: {} × {}, exiftool has {width} × {height}", file["width"], file["height"]);
            }
        }
        for (tag, theirs) in record {
            let Some((group, name)) = tag.split_once(':') else { continue };
            let ours = match group.strip_prefix("XMP-") {
                _ if SKIPPED.contains(&name) => continue,
                Some(space) => {
                    let find = |name| find(&document["xmp"], own(SPACES, space), name);
                    find(name).or_else(|| find(own(NAMES, name)))
                }
                None => document["iptc"].get(name),
            };
            compared += 1;
            if ours.is_some_and(|ours| same(ours, theirs)) {
                values += 1;
            } else {
                println!("{path}: {tag}: {ours:?}, exiftool has {theirs}");
            }
        }
    }
    println!("sides of {sides} of {files} files, {values} of {compared} values");
    assert!(min_files <= files && min_values <= compared);
    assert!(MIN_SIDES * f64::from(files) <= f64::from(sides));
    assert!(MIN_VALUES * f64::from(compared) <= f64::from(values));
}

/// Values that exiftool computes from others or converts, and those outside of RDF and of the application record.
const SKIPPED: &[&str] = &[
    "GPSLatitude",
    "GPSLongitude",
    "ShutterSpeedValue",
    "ApertureValue",
    "MaxApertureValue",
    "HDRPMakerNote",
    "XMPToolkit",
    "About",
    "CodedCharacterSet",
    "EnvelopeRecordVersion",
];

/// Namespaces that exiftool names otherwise.
const SPACES: &[(&str, &str)] = &[("microsoft", "MicrosoftPhoto")];

/// Properties that exiftool names otherwise.
const NAMES: &[(&str, &str)] = &[
    ("ColorTemperature", "Temperature"),
    ("ExifImageHeight", "PixelYDimension"),
    ("ExifImageWidth", "PixelXDimension"),
    ("ExposureCompensation", "ExposureBiasValue"),
    ("FocalLengthIn35mmFormat", "FocalLengthIn35mmFilm"),
    ("ICCProfileName", "ICCProfile"),
    ("ISO", "ISOSpeedRatings"),
    ("ImageHeight", "ImageLength"),
    ("LensInfo", "LensSpecification"),
    ("RatingPercent", "Rating"),
    ("SerialNumber", "BodySerialNumber"),
];

fn document(source: &[u8]) -> Option<Value> {
    let settings = Settings { exif: ExifDetail::All, ..Settings::default() };
    let query = Query::parse("info=full", "", Info.params()).unwrap();
    let Some(Step::Bytes(op)) = Info.step(&query).unwrap() else { panic!("no document") };
    let output = Output::collect(op.start(&settings), &Bytes::copy_from_slice(source), 64 << 10).ok()?;
    Some(serde_json::from_slice(&output.body()).unwrap())
}

/// Returns exiftool's output for each file in `folder`; `None` if exiftool is not installed.
fn exiftool(folder: &Path) -> Option<Vec<Map<String, Value>>> {
    let run = |options: &[&str]| -> Option<Vec<Map<String, Value>>> {
        let mut exiftool = safelight_images::program("exiftool")?;
        exiftool.args(["-j", "-n", "-r"]).args(options).arg(folder);
        Some(serde_json::from_slice(&exiftool.output().unwrap().stdout).unwrap())
    };
    let mut records = run(&["-G1", "-struct", "-XMP:all", "-IPTC:all"])?;
    let groups = ["File", "PNG", "RIFF", "GIF", "IFD0", "Jpeg2000", "Meta"];
    let sides: Vec<_> = groups
        .iter()
        .flat_map(|group| [format!("-{group}:ImageWidth"), format!("-{group}:ImageHeight")])
        .collect();
    let sides = run(&sides.iter().map(String::as_str).collect::<Vec<_>>())?;
    for (record, sides) in records.iter_mut().zip(sides) {
        assert_eq!(record["SourceFile"], sides["SourceFile"]);
        for (from, to) in [("ImageWidth", "Width"), ("ImageHeight", "Height")] {
            if let Some(side) = sides.get(from) {
                record.insert(to.to_owned(), side.clone());
            }
        }
    }
    Some(records)
}

/// The name of what exiftool calls `name`.
fn own<'a>(names: &[(&str, &'a str)], name: &'a str) -> &'a str {
    names.iter().find(|(theirs, _)| *theirs == name).map_or(name, |(_, ours)| ours)
}

/// The property of a namespace whose name is `name` in the letters of exiftool.
fn find<'a>(xmp: &'a Value, space: &str, name: &str) -> Option<&'a Value> {
    let properties = xmp.get(space)?.as_object()?;
    let (name, language) =
        name.split_once('-').map_or((name, None), |(name, language)| (name, Some(language)));
    let value = properties.iter().find(|(own, _)| own.eq_ignore_ascii_case(name))?.1;
    match language {
        Some(language) => value.get(language),
        None => Some(value.get("x-default").unwrap_or(value)),
    }
}

/// Whether two values agree after exiftool's conversions.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Value::Array(ours), theirs) => matches!(ours.as_slice(), [ours] if same(ours, theirs)),
        (Value::Object(ours), Value::Object(theirs)) => theirs.iter().all(|(name, theirs)| {
            ours.iter().any(|(own, ours)| own.eq_ignore_ascii_case(name) && same(ours, theirs))
        }),
        _ => plain(ours) == plain(theirs),
    }
}

fn plain(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let number = |word: &str| match word.split_once('/') {
        Some((one, two)) => Some(one.parse::<f64>().ok()? / two.parse::<f64>().ok()?),
        None => word.parse().ok(),
    };
    let numbers: Option<Vec<f64>> = text.split_whitespace().map(number).collect();
    match numbers {
        Some(numbers) if !numbers.is_empty() => {
            let numbers: Vec<_> = numbers.iter().map(|number| format!("{number:.6}")).collect();
            numbers.join(" ")
        }
        // Dates have other separators.
        _ => text.to_lowercase().chars().filter(|letter| !" -:t\r\n".contains(*letter)).collect(),
    }
}
