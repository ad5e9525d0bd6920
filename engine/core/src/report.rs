//! Reports: ends of a plan that describe the picture instead of encoding it.

use crate::{Cost, Frame, Result, Size, Stop};
use std::fmt::Debug;

/// A report on the picture that the pixel steps leave.
///
/// The response is one JSON object with the value of every report that a query requests, under its key.
pub trait Report: Debug + Send {
    /// The key of the value: the query parameter.
    fn key(&self) -> &'static str;

    /// Returns the size that is enough of a picture of `size`, within it.
    fn needed(&self, size: Size) -> Size;

    /// The cost of [`Report::value`] for a frame of so many decoded pixels, which is in the memory already.
    fn cost(&self, pixels: u64) -> Cost;

    /// Returns the value as JSON, for a frame in sRGB without chroma planes, until `stop` is set.
    ///
    /// # Errors
    /// Those of [`Stop::check`].
    fn value(&self, frame: &Frame, stop: &Stop) -> Result<String>;
}
