//! Comparison of sizes with those of sharp, which `sizes.mjs` wrote to `sizes.json`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{geometry, op};
use safelight_core::Size;
use serde_json::Value;

#[test]
fn sizes_are_those_of_sharp() {
    let cases: Vec<Vec<Value>> = serde_json::from_str(include_str!("sizes.json")).unwrap();
    assert_eq!(cases.len(), 400);
    for case in cases {
        let [w, h, width, height, fit, dpr, output_w, output_h] = case.as_slice() else {
            panic!("{case:?} is no case")
        };
        let number = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
        let side =
            |key, value: &Value| value.as_u64().map(|side| format!("{key}={side}&")).unwrap_or_default();
        let fit = fit.as_str().unwrap();
        let raw = format!("{}{}fit={fit}&dpr={dpr}", side("width", width), side("height", height));
        let output = op(&raw).output(geometry(number(w), number(h))).unwrap();
        assert_eq!(output.size, Size::new(number(output_w), number(output_h)), "{raw} of {w} × {h}");
    }
}
