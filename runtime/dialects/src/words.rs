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

/// The largest threshold of `trim`.
const MAX_THRESHOLD: f64 = 255.0;

/// Adds the search for a border: of a colour, by default that of the pixel at the top left, and as wide on the right as on
/// the left, or below as above. A picture differs by no more than the largest threshold, and then has no border.
pub(crate) fn trim(edit: &mut Edit, threshold: f64, colour: Option<[u8; 3]>, is_symmetric: (bool, bool)) {
    if MAX_THRESHOLD < threshold {
        return;
    }
    edit.set("trim", threshold.round(), "trim");
    if let Some([red, green, blue]) = colour {
        edit.set("trimColor", format_args!("{red:02x}{green:02x}{blue:02x}"), "trim");
    }
    let sides = match is_symmetric {
        (true, true) => "hv",
        (true, false) => "h",
        (false, true) => "v",
        (false, false) => return,
    };
    edit.set("trimEqual", sides, "trim");
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

/// Lays the picture on its background, where neither it nor its format is opaque anyway.
pub(crate) fn flatten(edit: &mut Edit, image: &Image, format: Format, option: &'static str) {
    if image.has_alpha && format != Format::Jpeg {
        edit.set("flatten", true, option);
    }
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
