//! The response of reports: one JSON object.

use crate::{Cost, Image, Report, Result, Size, Stop};

/// The MIME type of the response.
pub(crate) const REPORT_TYPE: &str = "application/json";

/// Returns the size of the picture, of `size`, that is enough for all reports.
pub(super) fn needed(reports: &[Box<dyn Report>], size: Size) -> Size {
    reports
        .iter()
        .map(|report| report.needed(size))
        .fold(Size::new(1, 1), |most, needed| Size::new(most.w.max(needed.w), most.h.max(needed.h)))
}

/// The cost of all reports on a frame of so many decoded pixels.
pub(super) fn cost(reports: &[Box<dyn Report>], pixels: u64) -> Cost {
    reports.iter().map(|report| report.cost(pixels)).fold(Cost::default(), Cost::then)
}

/// Writes the values of the first frame of `image`.
///
/// # Errors
/// Those of [`Report::value`].
pub(super) fn write(reports: &[Box<dyn Report>], image: Image, stop: &Stop) -> Result<String> {
    let mut json = String::from("{");
    let frame = image.frames.into_iter().next();
    for (report, frame) in reports.iter().zip(std::iter::repeat(frame.as_ref())) {
        let Some(frame) = frame else { break };
        let value = report.value(frame, stop)?;
        let comma = if json.len() == 1 { "" } else { "," };
        json.extend([comma, "\"", report.key(), "\":", &value]);
    }
    json.push('}');
    Ok(json)
}
