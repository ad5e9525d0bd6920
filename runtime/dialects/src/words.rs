//! Words of queries that translations write in more than one place.

use crate::{
    edit::{Edit, Sides},
    image::Image,
    refusal::Refusal,
};
use safelight_core::Format;

pub(crate) const CROP: &str = "crop";
pub(crate) const RESIZE: &str = "resize";
pub(crate) const GRAVITY: &str = "gravity";
pub(crate) const ROTATE: &str = "rotate";
pub(crate) const FLIP: &str = "flip";

/// Adds columns and rows at the sides of a picture.
pub(crate) fn extend(edit: &mut Edit, sides: Sides) {
    let Sides { top, right, bottom, left } = sides;
    let [top, right, bottom, left] = [top, right, bottom, left].map(|side| side.max(0));
    edit.set("padding", format_args!("{top},{right},{bottom},{left}"), "padding");
}

/// Adds the search for a border of one colour.
pub(crate) fn trim(edit: &mut Edit, threshold: f64, colour: Option<[u8; 3]>, is_symmetric: (bool, bool)) {
    let _ = (colour, is_symmetric);
    edit.set("trim", threshold, "trim");
}

/// Adds the search for a border of the colour in a corner.
pub(crate) fn trim_corner(edit: &mut Edit, tolerance: f64, is_bottom_right: bool) {
    let _ = is_bottom_right;
    edit.set("trim", tolerance, "trim");
}

/// Adds a blur of a sigma in pixels. Less than a third of a pixel shows no difference.
pub(crate) fn blur(edit: &mut Edit, sigma: f64) {
    if MIN_SIGMA <= sigma {
        edit.set("blur", sigma.min(MAX_SIGMA), "blur");
    }
}

/// Adds an unsharp mask of a sigma in pixels.
pub(crate) fn sharpen(edit: &mut Edit, sigma: f64) {
    if MIN_SIGMA <= sigma {
        edit.set("sharpen", sigma.min(MAX_SIGMA), "sharpen");
    }
}

/// The range of `blur` and `sharpen`.
const MIN_SIGMA: f64 = 0.3;
const MAX_SIGMA: f64 = 100.0;

/// Adds a colour.
pub(crate) fn background(edit: &mut Edit, [red, green, blue]: [u8; 3], alpha: u8, option: &'static str) {
    edit.set("background", format_args!("{red:02x}{green:02x}{blue:02x}{alpha:02x}"), option);
}

/// Adds the format of the result, unless it is that of the source.
///
/// # Errors
/// [`Refusal::Unsupported`], if it cannot be encoded.
pub(crate) fn format(
    edit: &mut Edit,
    service: &'static str,
    option: &'static str,
    image: &Image,
    format: Format,
) -> Result<(), Refusal> {
    match format.word() {
        _ if format == image.format && format.word().is_some() => (),
        Some(word) => edit.set("format", word, option),
        None => {
            let reason = ": expected jpeg, png, webp, avif or gif";
            return Err(Refusal::Unsupported { service, option: format!("{option} {format}"), reason });
        }
    }
    Ok(())
}

/// Adds a quality, where the format has one.
pub(crate) fn quality(edit: &mut Edit, format: Format, quality: u8) {
    if has_quality(format) {
        edit.set("quality", quality.max(1), "quality");
    }
}

/// Returns whether a quality changes the bytes of a format without a loss of colours.
pub(crate) fn has_quality(format: Format) -> bool {
    matches!(format, Format::Jpeg | Format::Webp | Format::Avif)
}
