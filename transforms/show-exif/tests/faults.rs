//! Do the files that showed a fault have the values that other programs read?

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use bytes::Bytes;
use serde_json::{Value, json};
use std::fs;

#[test]
fn values_of_the_files_that_showed_a_fault_are_right() {
    let Some(corpus) = safelight_images::corpus() else { return };
    let folder = corpus.with_file_name("faults").join("metadata");
    if !folder.is_dir() {
        eprintln!("no folder of faults at {}: it is not checked", folder.display());
        return;
    }
    let check = |name: &str, expected: Value| {
        let source = Bytes::from(fs::read(folder.join(name)).unwrap());
        let output = common::show(&source, 100, &common::all()).unwrap();
        let found: Value = serde_json::from_slice(&output.body()).unwrap();
        for (group, tags) in expected.as_object().unwrap() {
            for (tag, value) in tags.as_object().unwrap() {
                assert_eq!(&found[group][tag], value, "{name}: {group}.{tag} in {found}");
            }
        }
    };
    check("exif-date-iso.jpg", json!({ "Image": { "DateTime": "2023-09-27T14:37:11+02:00" } }));
    check("exif-date-seconds-70.jpg", json!({ "Image": { "DateTime": "2017:08:21 15:08:70" } }));
    check(
        "exif-gps-pointer-slong.jpg",
        json!({
            "Image": { "GPSTag": 26 },
            "GPSInfo": { "GPSVersionID": [2, 3, 0, 0], "GPSLatitudeRef": "N", "GPSDateStamp": "2008:05:08" },
        }),
    );
    check("exif-zero-entry-hides-gpsversion.jpg", json!({ "GPSInfo": { "GPSVersionID": [2, 2, 0, 0] } }));
    check("png-raw-profile-exif.png", json!({ "Image": { "Make": "Foo", "Orientation": 6 } }));
}
