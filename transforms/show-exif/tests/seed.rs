//! Does the response for the seed's test image have the keys and types of `exif-reader`?
//!
//! `seed.mjs` wrote `seed.json` with exif-reader 2.0.3.

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::Value;
use std::fs;

#[test]
fn keys_and_shapes_are_those_of_exif_reader() {
    let Some(corpus) = safelight_images::corpus() else { return };
    let source = Bytes::from(fs::read(corpus.join("seed/images/TestImage.jpg")).unwrap());
    let output = common::show(&source, 64 << 10, &common::all()).unwrap();
    let found: Value = serde_json::from_slice(&output.body()).unwrap();
    let expected: Value = serde_json::from_str(include_str!("seed.json")).unwrap();
    assert_shape("", &found, &expected);
    assert!(output.read <= 128 << 10, "read {} bytes", output.read);
}

fn assert_shape(path: &str, found: &Value, expected: &Value) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            let sorted = |map: &serde_json::Map<String, Value>| {
                let mut keys: Vec<_> = map.keys().cloned().collect();
                keys.sort();
                keys
            };
            assert_eq!(sorted(found), sorted(expected), "{path}");
            found
                .iter()
                .for_each(|(key, value)| assert_shape(&format!("{path}.{key}"), value, &expected[key]));
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len(), "{path}");
            found.iter().zip(expected).for_each(|(value, expected)| assert_shape(path, value, expected));
        }
        (found, Value::String(expected)) => {
            assert!(is_shape(found, expected), "{path}: {found} is not of type {expected}");
        }
        _ => panic!("{path}: {found} does not have the shape {expected}"),
    }
}

fn is_shape(value: &Value, expected: &str) -> bool {
    match expected {
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "null" => value.is_null(),
        "bytes" => value.as_str().is_some_and(|text| STANDARD.decode(text).is_ok()),
        "date" => value.as_str().is_some_and(|text| text.get(19..) == Some(".000Z")),
        _ => false,
    }
}
