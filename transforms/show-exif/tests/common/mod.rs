//! Functions that the tests share.

#![allow(dead_code, reason = "each test file uses a part of this module")]

pub(crate) mod tiff;

use bytes::Bytes;
use safelight_core::{ByteOp, ExifDetail, Result, Settings, testing::Output};
use safelight_show_exif::ShowExif;

/// Runs the transform on `source`, in chunks of `chunk` bytes.
pub(crate) fn show(source: &Bytes, chunk: usize, settings: &Settings) -> Result<Output> {
    let output = Output::collect(Box::new(ShowExif).start(settings), source, chunk)?;
    assert_eq!(output.content_type(), "application/json");
    Ok(output)
}

/// The settings with which all tags are shown.
pub(crate) fn all() -> Settings {
    Settings { exif: ExifDetail::All, ..Settings::default() }
}
