//! Requests of version 7 as paths like thumbor's: parts in any place, which become the edits of JSON.

use super::{Asked, invalid, key_of};
use crate::{refusal::Refusal, source::decoded};
use serde_json::{Map, Value, json};

/// Extensions of sources.
const EXTENSIONS: [&str; 8] = ["jpg", "jpeg", "png", "webp", "tiff", "tif", "svg", "gif"];

/// Returns the request of a path.
///
/// # Errors
/// [`Refusal`].
pub(super) fn asked(path: &str) -> Result<Asked, Refusal> {
    let mut asked = Asked::default();
    let (mut crop, mut size, mut fits_in) = (None, None, false);
    let (mut filters, mut key) = (Vec::new(), Vec::new());
    let segments: Vec<&str> = path.split('/').collect();
    for (index, segment) in segments.iter().enumerate() {
        let is_last = index + 1 == segments.len();
        if let Some(list) = segment.strip_prefix("filters:").filter(|_| !is_last) {
            filters.extend(list.split(':').map(str::to_owned));
        } else if is_last {
            key.push(*segment);
        } else if let Some(found) = pairs(segment) {
            crop = crop.or(Some(found));
        } else if let Some(found) = pair(segment) {
            size = size.or(Some(found));
        } else if *segment == "fit-in" {
            fits_in = true;
        } else if let Some(bucket) = segment.strip_prefix("s3:") {
            asked.bucket = asked.bucket.or(Some(bucket.to_owned()));
        } else {
            key.push(*segment);
        }
    }
    asked.key = key_of(decoded(&key.join("/"))?.trim_start_matches('/'))?;
    check_extension(&asked.key)?;
    if let Some([left, top, right, bottom]) = crop {
        if right < left || bottom < top {
            return Err(invalid(
                "the crop has a negative size: expected two corners, left top and right bottom",
            ));
        }
        let crop = json!({"left": left, "top": top, "width": right - left, "height": bottom - top});
        asked.edits.insert("crop".to_owned(), crop);
    }
    if let Some((width, height)) = size {
        let mut resize = Map::new();
        for (name, side) in [("width", width), ("height", height)].into_iter().filter(|(_, side)| *side != 0)
        {
            resize.insert(name.to_owned(), side.into());
        }
        if fits_in || width == 0 || height == 0 {
            resize.insert("fit".to_owned(), "inside".into());
        }
        asked.edits.insert("resize".to_owned(), resize.into());
    }
    filters.sort();
    let extension = asked.key.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    for filter in &filters {
        let (name, arguments) = filter.split_once('(').unwrap_or((filter, ")"));
        let arguments =
            arguments.strip_suffix(')').ok_or_else(|| invalid(format!("{name}: no closing parenthesis")))?;
        let arguments = decoded(arguments)?;
        apply(&mut asked.edits, name, &arguments, extension.as_deref())?;
    }
    Ok(asked)
}

fn check_extension(key: &str) -> Result<(), Refusal> {
    let name = key.rsplit('/').next().unwrap_or_default();
    let Some((_, extension)) = name.rsplit_once('.') else { return Ok(()) };
    let is_known = EXTENSIONS.iter().chain(&["avif"]).any(|known| known.eq_ignore_ascii_case(extension));
    if is_known { Ok(()) } else { Err(invalid("unsupported extension: expected that of an image")) }
}

/// Returns the numbers of `AxB`.
fn pair(segment: &str) -> Option<(u32, u32)> {
    let (width, height) = segment.split_once('x')?;
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().unwrap_or(u32::MAX))
    };
    Some((number(width)?, number(height)?))
}

/// Returns the numbers of `AxB:CxD`.
fn pairs(segment: &str) -> Option<[u32; 4]> {
    let (start, end) = segment.split_once(':')?;
    let ((left, top), (right, bottom)) = (pair(start)?, pair(end)?);
    Some([left, top, right, bottom])
}

/// Adds the edits of a filter. Unknown ones have none.
fn apply(
    edits: &mut Map<String, Value>,
    name: &str,
    arguments: &str,
    extension: Option<&str>,
) -> Result<(), Refusal> {
    let list: Vec<&str> = arguments.split(',').map(str::trim).collect();
    let text = |index: usize| list.get(index).copied().unwrap_or_default();
    let number = |index: usize| text(index).parse::<f64>().ok().filter(|number| number.is_finite());
    let wrong = || invalid(format!("{name}: invalid arguments {arguments:?}"));
    let mut set = |key: &str, value: Value| edits.insert(key.to_owned(), value);
    match name {
        "autojpg" => drop(set("toFormat", "jpeg".into())),
        "background_color" => drop(set("flatten", json!({"background": colour(text(0)).ok_or_else(wrong)?}))),
        "blur" => {
            let sigma = number(1).or(number(0).map(|radius| radius / 2.0)).ok_or_else(wrong)?;
            set("blur", sigma.into());
        }
        "equalize" => drop(set("normalize", "true".into())),
        "format" => {
            let format: String = text(0).to_ascii_lowercase().replace("jpg", "jpeg");
            if ["jpeg", "png", "webp", "tiff", "gif", "avif", "heif", "heic", "raw"]
                .contains(&format.as_str())
            {
                set("toFormat", format.into());
            }
        }
        "grayscale" => drop(set("grayscale", true.into())),
        "animated" => drop(set("animated", (!text(0).eq_ignore_ascii_case("false")).into())),
        "rotate" => {
            let angle = if arguments.is_empty() { Value::Null } else { number(0).ok_or_else(wrong)?.into() };
            // Without an angle, the picture is turned by its tag.
            if angle.is_null() {
                set("autoOrient", true.into())
            } else {
                set("rotate", angle)
            };
        }
        "sharpen" => {
            let sigma = 1.0 + number(1).ok_or_else(wrong)? / 2.0;
            set("sharpen", sigma.into());
        }
        "quality" => {
            let quality = number(0).ok_or_else(wrong)?;
            let format = match extension {
                Some("jpg") | None => "jpeg",
                Some("tif") => "tiff",
                Some(extension) => extension,
            };
            set(format, json!({"quality": quality as u32}));
        }
        "strip_exif" | "strip_icc" => drop(set("rotate", Value::Null)),
        "fill" | "no_upscale" | "upscale" | "proportion" | "stretch" => {
            let value = match name {
                "fill" => colour(text(0)).ok_or_else(wrong)?,
                "proportion" => number(0).ok_or_else(wrong)?.into(),
                _ => Value::Null,
            };
            resize(edits, name, value);
        }
        "rgb" | "convolution" | "smart_crop" => drop(set(name, arguments.into())),
        "watermark" => {
            // Other positions than numbers are those of no options.
            let is_number = |text: &str| text.trim_end_matches('p').parse::<i32>().is_ok();
            let options = if is_number(text(2)) && is_number(text(3)) {
                json!({"left": text(2), "top": text(3)})
            } else {
                Value::Null
            };
            let overlay = json!({
                "bucket": text(0), "key": text(1), "options": options,
                "alpha": text(4), "wRatio": text(5), "hRatio": text(6),
            });
            set("overlayWith", overlay);
        }
        _ => (),
    }
    Ok(())
}

/// Adds a filter that changes the resize.
fn resize(edits: &mut Map<String, Value>, name: &str, value: Value) {
    let resize = edits.entry("resize").or_insert_with(|| Map::new().into());
    let Some(resize) = resize.as_object_mut() else { return };
    let mut set = |key: &str, value: Value| resize.insert(key.to_owned(), value);
    match name {
        "fill" => {
            set("background", value);
            set("fit", "contain".into());
        }
        "no_upscale" => drop(set("withoutEnlargement", true.into())),
        "upscale" => drop(set("fit", "inside".into())),
        "proportion" => drop(set("ratio", value)),
        _ if resize.get("fit").and_then(Value::as_str) == Some("inside") => (),
        _ => drop(resize.insert("fit".to_owned(), "fill".into())),
    }
}

/// Returns a colour of CSS, whose digits may lack their sign.
fn colour(text: &str) -> Option<Value> {
    safelight_core::Colour::parse(text).map(|_| text.into())
}
