//! Does every type of value have the shape of `exif-reader`?

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use bytes::Bytes;
use common::tiff::{Tiff, Values};
use safelight_core::{ExifDetail, Kind, Settings};
use serde_json::{Value, json};

const MAKE: u16 = 0x010F;
const ORIENTATION: u16 = 0x0112;
const X_RESOLUTION: u16 = 0x011A;
const DATE_TIME: u16 = 0x0132;
const COPYRIGHT: u16 = 0x8298;

fn shown(tiff: &Tiff, settings: &Settings) -> Value {
    let output = common::show(&Bytes::from(tiff.to_bytes()), 1000, settings).unwrap();
    serde_json::from_slice(&output.body()).unwrap()
}

/// Checks the JSON of `values` as a tag of the first directory, in both byte orders.
#[allow(clippy::needless_pass_by_value, reason = "the rows of the tables are shorter so")]
fn check(tag: u16, values: Values, expected: Value) {
    for big_endian in [false, true] {
        let tiff = Tiff { big_endian, image: vec![(tag, values.clone())], ..Tiff::default() };
        let found = shown(&tiff, &common::all());
        assert_eq!(found["bigEndian"], json!(big_endian));
        let group: Vec<_> = found["Image"].as_object().unwrap().values().collect();
        assert_eq!(group, [&expected], "{values:?}");
    }
}

#[test]
fn groups_have_the_names_of_exif_reader() {
    let tiff = Tiff {
        big_endian: true,
        image: vec![(ORIENTATION, Values::Short(vec![6]))],
        thumbnail: vec![(0x0103, Values::Short(vec![6]))],
        photo: vec![(0x9000, Values::Undefined(b"0232".to_vec()))],
        gps: vec![
            (0x0000, Values::Byte(vec![2, 3, 0, 0])),
            (0x0001, Values::Ascii(b"N\0".to_vec())),
            (0x0002, Values::Rational(vec![(48, 1), (51, 1), (2966, 100)])),
        ],
        iop: vec![(0x0001, Values::Ascii(b"R98\0".to_vec()))],
    };
    let expected = json!({
        "bigEndian": true,
        "Image": { "Orientation": 6, "ExifTag": 26, "GPSTag": 56 },
        "Thumbnail": { "Compression": 6 },
        "Photo": { "ExifVersion": "MDIzMg==", "InteroperabilityTag": 8 },
        "GPSInfo": { "GPSVersionID": [2, 3, 0, 0], "GPSLatitudeRef": "N", "GPSLatitude": [48, 51, 29.66] },
        "Iop": { "InteroperabilityIndex": "R98" },
    });
    let found = shown(&tiff, &common::all());
    assert_eq!(found.to_string(), expected.to_string(), "the keys must be in the same order");
}

#[test]
fn numbers_are_numbers_and_several_are_an_array() {
    check(ORIENTATION, Values::Short(vec![6]), json!(6));
    check(ORIENTATION, Values::Short(vec![6, 7]), json!([6, 7]));
    check(ORIENTATION, Values::Short(vec![]), json!([]));
    check(ORIENTATION, Values::Byte(vec![255]), json!(255));
    check(ORIENTATION, Values::Long(vec![u32::MAX]), json!(4_294_967_295_u32));
    check(ORIENTATION, Values::SShort(vec![-1, 1]), json!([-1, 1]));
    check(ORIENTATION, Values::SLong(vec![i32::MIN]), json!(-2_147_483_648));
    check(ORIENTATION, Values::Double(vec![0.5, f64::NAN]), json!([0.5, null]));
}

#[test]
fn rationals_are_quotients() {
    check(X_RESOLUTION, Values::Rational(vec![(72, 1)]), json!(72));
    check(X_RESOLUTION, Values::Rational(vec![(720, 10)]), json!(72));
    check(X_RESOLUTION, Values::Rational(vec![(1, 3), (0, 5)]), json!([1.0 / 3.0, 0]));
    check(X_RESOLUTION, Values::SRational(vec![(-1, 3), (1, -2), (-4, -2)]), json!([-1.0 / 3.0, -0.5, 2]));
    // JSON.stringify writes Infinity and NaN as null.
    check(X_RESOLUTION, Values::Rational(vec![(1, 0)]), json!(null));
    check(X_RESOLUTION, Values::SRational(vec![(0, 0), (-1, 0), (1, 1)]), json!([null, null, 1]));
}

#[test]
fn text_ends_at_its_nul_and_is_utf_8() {
    check(MAKE, Values::Ascii(b"Canon\0".to_vec()), json!("Canon"));
    check(MAKE, Values::Ascii(b"Canon".to_vec()), json!("Canon"));
    check(MAKE, Values::Ascii(b"OLYMPUS  \0\0\0".to_vec()), json!("OLYMPUS  "));
    check(MAKE, Values::Ascii(b"ION230\0F".to_vec()), json!("ION230"));
    check(MAKE, Values::Ascii(vec![]), json!(""));
    check(MAKE, Values::Ascii("Zürich\0".into()), json!("Zürich"));
    check(MAKE, Values::Ascii(b"Z\xFCrich\0".to_vec()), json!("Zürich"));
    check(MAKE, Values::Utf8("Zürich\0".into()), json!("Zürich"));
    check(COPYRIGHT, Values::Ascii(b"A. Photographer\0".to_vec()), json!("A. Photographer"));
    check(
        COPYRIGHT,
        Values::Ascii(b"A. Photographer \0An Editor\0".to_vec()),
        json!("A. Photographer\nAn Editor"),
    );
    check(COPYRIGHT, Values::Ascii(b" \0An Editor\0".to_vec()), json!("\nAn Editor"));
}

#[test]
fn dates_are_iso_8601() {
    check(DATE_TIME, Values::Ascii(b"2008:11:01 21:15:07\0".to_vec()), json!("2008-11-01T21:15:07.000Z"));
    check(DATE_TIME, Values::Ascii(b"2024:02:29 00:00:00\0".to_vec()), json!("2024-02-29T00:00:00.000Z"));
    check(DATE_TIME, Values::Utf8(b"2008:11:01 21:15:07\0".to_vec()), json!("2008-11-01T21:15:07.000Z"));
}

#[test]
fn a_date_that_is_none_is_the_text() {
    for text in [
        "2023:02:29 00:00:00",
        "2008:11:01 21:15:70",
        "0000:00:00 00:00:00",
        "    :  :     :  :  ",
        "2008:11:01",
        "2008-11-01T21:15:07",
        "2024:12:31 23:59:59+02:00",
        "2008:11:01 21:15:0é",
        "",
    ] {
        check(DATE_TIME, Values::Ascii(format!("{text}\0").into()), json!(text));
    }
    let base64 = "MjAwODoxMTowMSAyMToxNTowNwA=";
    check(DATE_TIME, Values::Undefined(b"2008:11:01 21:15:07\0".to_vec()), json!(base64));
    check(DATE_TIME, Values::Short(vec![2008]), json!(2008));
}

#[test]
fn undefined_bytes_are_base64_even_if_they_are_text() {
    let comment = |value: &[u8], expected: &str| {
        let photo = vec![(0x9286, Values::Undefined(value.to_vec()))];
        let found = shown(&Tiff { photo, ..Tiff::default() }, &common::all());
        assert_eq!(found["Photo"]["UserComment"], json!(expected));
    };
    comment(b"ASCII\0\0\0hi", "QVNDSUkAAABoaQ==");
    comment(b"UNICODE\0h\0i\0", "VU5JQ09ERQBoAGkA");
    comment(b"JIS\0\0\0\0\0\x1B$B", "SklTAAAAAAAbJEI=");
    comment(b"", "");
}

#[test]
fn unknown_tags_have_their_number_as_key_and_unreadable_values_are_null() {
    let tiff = Tiff {
        image: vec![
            (MAKE, Values::Raw(2, 100, u32::MAX)),
            (ORIENTATION, Values::Raw(0, 1, 0)),
            (X_RESOLUTION, Values::Raw(99, u32::MAX, 0)),
            (0xEA1D, Values::SLong(vec![-5])),
        ],
        ..Tiff::default()
    };
    let expected = json!({ "Make": null, "Orientation": null, "XResolution": null, "59933": -5 });
    assert_eq!(shown(&tiff, &common::all())["Image"], expected);
}

#[test]
fn the_first_of_equal_tags_applies_that_can_be_read() {
    let check = |values: &[Values], expected: Value| {
        let image = values.iter().map(|values| (ORIENTATION, values.clone())).collect();
        let found = shown(&Tiff { image, ..Tiff::default() }, &common::all());
        assert_eq!(found, json!({ "bigEndian": false, "Image": { "Orientation": expected } }), "{values:?}");
    };
    let (good, other) = (Values::Short(vec![3]), Values::Short(vec![6]));
    let (no_type, outside) = (Values::Raw(0, 1, 0), Values::Raw(3, 100, u32::MAX));
    check(&[good.clone(), other], json!(3));
    check(&[good.clone(), no_type.clone()], json!(3));
    check(&[no_type.clone(), good.clone()], json!(3));
    check(&[outside, good], json!(3));
    check(&[no_type.clone(), no_type], json!(null));

    // Files in the wild end their GPS directory with entries of zeros, whose tag is that of the version.
    let gps = vec![(0, Values::Byte(vec![2, 2, 0, 0])), (0, Values::Raw(0, 0, 0))];
    let found = shown(&Tiff { gps, ..Tiff::default() }, &common::all());
    assert_eq!(found["GPSInfo"], json!({ "GPSVersionID": [2, 2, 0, 0] }));
}

#[test]
fn pointers_of_any_integer_type_are_followed() {
    for big_endian in [false, true] {
        let tiff = Tiff {
            big_endian,
            photo: vec![(0x8827, Values::Short(vec![200]))],
            gps: vec![(0x0001, Values::Ascii(b"N\0".to_vec()))],
            iop: vec![(0x0001, Values::Ascii(b"R98\0".to_vec()))],
            ..Tiff::default()
        };
        let expected = json!({
            "bigEndian": big_endian,
            "Image": { "ExifTag": 26, "GPSTag": 56 },
            "Photo": { "ISOSpeedRatings": 200, "InteroperabilityTag": 8 },
            "GPSInfo": { "GPSLatitudeRef": "N" },
            "Iop": { "InteroperabilityIndex": "R98" },
        });
        // LONG, SLONG, IFD.
        for kind in [4, 9, 13] {
            let mut bytes = tiff.to_bytes();
            for tag in [0x8769_u16, 0x8825, 0xA005] {
                let (tag, long, at) =
                    if big_endian { (tag.to_be_bytes(), [0, 4], 3) } else { (tag.to_le_bytes(), [4, 0], 2) };
                let entry = [tag, long].concat();
                let pointer = bytes.windows(4).position(|window| window == entry).unwrap();
                bytes[pointer + at] = kind;
            }
            let output = common::show(&Bytes::from(bytes), 1000, &common::all()).unwrap();
            let found: Value = serde_json::from_slice(&output.body()).unwrap();
            assert_eq!(found, expected, "type {kind}");
        }
    }
    // A pointer before the block is shown, and not followed.
    let image = vec![(0x8769, Values::SLong(vec![-8]))];
    let found = shown(&Tiff { image, ..Tiff::default() }, &common::all());
    assert_eq!(found, json!({ "bigEndian": false, "Image": { "ExifTag": -8 } }));
}

#[test]
fn a_big_tiff_is_read() {
    // Directories at 16 and at 92: tag, type, a count and a value of eight bytes each.
    let entry = |tag: u16, kind: u16, count: u64, value: [u8; 8]| {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat()
    };
    let short = |value: u16| (u64::from(value) << 48).to_be_bytes();
    let big = [
        &b"MM\0\x2B\0\x08\0\0\0\0\0\0\0\0\0\x10"[..],
        &3_u64.to_be_bytes(),
        &entry(MAKE, 2, 8, *b"Camera \0"),
        &entry(ORIENTATION, 3, 1, short(6)),
        &entry(0x8769, 18, 1, 92_u64.to_be_bytes()),
        &0_u64.to_be_bytes(),
        &2_u64.to_be_bytes(),
        &entry(0x829A, 5, 1, [0, 0, 0, 1, 0, 0, 0, 4]),
        &entry(0xA002, 16, 2, 148_u64.to_be_bytes()),
        &0_u64.to_be_bytes(),
        &7_u64.to_be_bytes(),
        &u64::MAX.to_be_bytes(),
    ]
    .concat();
    let output = common::show(&Bytes::from(big), 1000, &common::all()).unwrap();
    let found: Value = serde_json::from_slice(&output.body()).unwrap();
    let expected = json!({
        "bigEndian": true,
        "Image": { "Make": "Camera ", "Orientation": 6, "ExifTag": 92 },
        "Photo": { "ExposureTime": 0.25, "PixelXDimension": [7, u64::MAX] },
    });
    assert_eq!(found, expected);
}

#[test]
fn the_default_shows_what_is_harmless_and_names_the_rest() {
    let tiff = Tiff {
        image: vec![
            (MAKE, Values::Ascii(b"Canon\0".to_vec())),
            (0x013B, Values::Ascii(b"Somebody\0".to_vec())),
            (0xEA1C, Values::Undefined(b"anything".to_vec())),
        ],
        photo: vec![
            (0x829A, Values::Rational(vec![(1, 4)])),
            (0x9003, Values::Ascii(b"2008:11:01 21:15:07\0".to_vec())),
            (0x9010, Values::Ascii(b"+02:00\0".to_vec())),
            (0x927C, Values::Undefined(b"serial number".to_vec())),
            (0x9286, Values::Undefined(b"ASCII\0\0\0at home".to_vec())),
            (0xA431, Values::Ascii(b"0123\0".to_vec())),
        ],
        gps: vec![(0x0001, Values::Ascii(b"N\0".to_vec()))],
        ..Tiff::default()
    };
    let found = shown(&tiff, &Settings::default());
    let exif_tag = &found["Image"]["ExifTag"];
    let expected = json!({
        "bigEndian": false,
        "Image": { "Make": "Canon", "ExifTag": exif_tag },
        "Photo": { "ExposureTime": 0.25, "DateTimeOriginal": "2008-11-01T21:15:07.000Z" },
        "withheld": [
            "Image.Artist",
            "Image.GPSTag",
            "Image.59932",
            "Photo.OffsetTime",
            "Photo.MakerNote",
            "Photo.UserComment",
            "Photo.BodySerialNumber",
            "GPSInfo.GPSLatitudeRef",
        ],
    });
    assert_eq!(found.to_string(), expected.to_string());
    let all = shown(&tiff, &common::all());
    assert!(all.get("withheld").is_none());
    assert_eq!(all["Image"]["Artist"], json!("Somebody"));

    let harmless = Tiff { image: vec![(ORIENTATION, Values::Short(vec![6]))], ..Tiff::default() };
    assert_eq!(shown(&harmless, &Settings::default()), shown(&harmless, &common::all()));
}

#[test]
fn only_the_settings_give_a_query_a_right() {
    let image = vec![(0x013B, Values::Ascii(b"Somebody\0".to_vec()))];
    let source = Bytes::from(Tiff { image, ..Tiff::default() }.to_bytes());
    for (raw, exif, expected) in [
        ("showExif=true", ExifDetail::Harmless, false),
        ("showExif=all", ExifDetail::Harmless, false),
        ("showExif=true", ExifDetail::ByQuery, false),
        ("showExif=all", ExifDetail::ByQuery, true),
        ("showExif=true", ExifDetail::All, true),
    ] {
        let settings = Settings { exif, ..Settings::default() };
        let body = common::show_by(raw, &source, 1000, &settings).unwrap().body();
        let shown = String::from_utf8(body).unwrap();
        assert_eq!(shown.contains("Somebody"), expected, "{raw} with {exif:?}: {shown}");
    }
}

#[test]
fn text_in_a_tag_for_something_else_is_withheld() {
    const SECRET: &str = "HIDDEN: owner J. Doe";
    let text = || Values::Ascii(SECRET.into());
    let bytes = || Values::Undefined(SECRET.into());
    let numbers = || Values::Byte(SECRET.into());
    let tiff = Tiff {
        image: vec![
            (0x0103, bytes()),
            (MAKE, numbers()),
            (ORIENTATION, text()),
            (X_RESOLUTION, numbers()),
            (DATE_TIME, text()),
        ],
        photo: vec![
            (0x829A, text()),
            (0x9000, bytes()),
            (0x9003, bytes()),
            (0x9101, bytes()),
            (0xA301, text()),
        ],
        ..Tiff::default()
    };
    let found = shown(&tiff, &Settings::default());
    let exif_tag = &found["Image"]["ExifTag"];
    assert_eq!(found["Image"], json!({ "ExifTag": exif_tag }));
    assert_eq!((&found["Photo"], found["withheld"].as_array().map(Vec::len)), (&Value::Null, Some(10)));
}

#[test]
fn an_unreadable_block_is_an_error() {
    let check = |block: &[u8], kind, message: &str| {
        let error = common::show(&Bytes::copy_from_slice(block), 1000, &common::all()).unwrap_err();
        assert_eq!((error.kind, error.to_string().as_str()), (kind, message), "{block:?}");
    };
    let no_entry = "the EXIF block is damaged: it has no readable entry";
    check(b"II*\0", Kind::Corrupt, no_entry);
    check(b"II*\0\x08\0\0\0", Kind::Corrupt, no_entry);
    check(b"MM\0*\xFF\xFF\xFF\xFF", Kind::Corrupt, no_entry);
    check(b"MM\0*\0\0\0\x08\0\x01", Kind::Corrupt, no_entry);
    check(b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0", Kind::Corrupt, no_entry);
}
