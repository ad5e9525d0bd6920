//! Functions that the tests share.

#![allow(dead_code, reason = "each test file uses a part of this module")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

pub(crate) mod tiff;

use bytes::Bytes;
use safelight_core::{ByteOp, ExifDetail, Query, Result, Settings, Step, Transform, testing::Output};
use safelight_show_exif::ShowExif;

/// Returns the step for the query `raw`.
pub(crate) fn op(raw: &str) -> Box<dyn ByteOp> {
    let query = Query::parse(raw, "", ShowExif.params()).unwrap();
    match ShowExif.step(&query).unwrap() {
        Some(Step::Bytes(op)) => op,
        _ => panic!("{raw} requests no EXIF"),
    }
}

/// Runs the transform on `source`, in chunks of `chunk` bytes.
pub(crate) fn show(source: &Bytes, chunk: usize, settings: &Settings) -> Result<Output> {
    show_by("showExif=true", source, chunk, settings)
}

/// Runs the transform for the query `raw` on `source`, in chunks of `chunk` bytes.
pub(crate) fn show_by(raw: &str, source: &Bytes, chunk: usize, settings: &Settings) -> Result<Output> {
    let output = Output::collect(op(raw).start(settings), source, chunk)?;
    assert_eq!(output.content_type(), "application/json");
    Ok(output)
}

/// The settings with which all tags are shown.
pub(crate) fn all() -> Settings {
    Settings { exif: ExifDetail::All, ..Settings::default() }
}
