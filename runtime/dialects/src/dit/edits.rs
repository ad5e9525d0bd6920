//! Edits: the operations of sharp, as JSON names them.

use super::invalid;
use crate::{
    edit::{Edit, Word},
    image::Image,
    refusal::Refusal,
    watermark::{Anchor, Place, Position, Watermark},
    words,
};
use safelight_core::{Colour, Format};
use serde_json::{Map, Value};

/// The edits of a request.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the URL")]
pub(crate) struct Edits {
    pub(super) service: &'static str,
    /// Names in their order, of those whose order counts.
    pub(super) order: Vec<String>,
    pub(super) resize: Option<Resize>,
    /// Left, top, width, height.
    pub(super) crop: Option<[u32; 4]>,
    /// Degrees clockwise.
    pub(super) rotate: Option<f64>,
    /// Whether the tag that says how to turn the picture is dropped without a turn.
    pub(super) drops_tag: bool,
    pub(super) auto_orient: bool,
    /// Top to bottom.
    pub(super) flip: bool,
    /// Left to right.
    pub(super) flop: bool,
    /// Top, right, bottom, left.
    pub(super) extend: Option<[u32; 4]>,
    pub(super) round: Option<Round>,
    overlay: Option<Watermark>,
    background: Option<Colour>,
    flatten: bool,
    format: Option<Format>,
    /// Qualities by the names of formats.
    qualities: Vec<(Format, u8)>,
    progressive: Option<bool>,
    pub(super) animated: Option<bool>,
    words: Vec<(&'static str, String, &'static str)>,
    /// The first edit that has no translation.
    unsupported: Option<String>,
    /// Whether there is any edit.
    is_edited: bool,
}

/// `resize`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Resize {
    pub(super) width: Option<f64>,
    pub(super) height: Option<f64>,
    pub(super) fit: Fit,
    /// Shares of the room that is cut or added, from the left and from the top.
    pub(super) position: (f64, f64),
    pub(super) is_smart: bool,
    pub(super) without_enlargement: bool,
    pub(super) without_reduction: bool,
    pub(super) ratio: Option<f64>,
    pub(super) background: Option<Colour>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fit {
    #[default]
    Cover,
    Contain,
    Fill,
    Inside,
    Outside,
}

/// `roundCrop`: centre and radii; `None` for those of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Round {
    pub(super) rx: Option<u32>,
    pub(super) ry: Option<u32>,
    pub(super) left: Option<u32>,
    pub(super) top: Option<u32>,
}

/// Edits that have a translation, and those of which the result is the same without them.
pub(crate) const TRANSLATED: &[&str] = &[
    "animated",
    "avif",
    "blur",
    "crop",
    "ensureAlpha",
    "extend",
    "extract",
    "flatten",
    "flip",
    "flop",
    "gamma",
    "gif",
    "grayscale",
    "greyscale",
    "jpeg",
    "modulate",
    "negate",
    "normalise",
    "normalize",
    "overlayWith",
    "pipelineColorspace",
    "pipelineColourspace",
    "png",
    "removeAlpha",
    "resize",
    "rotate",
    "roundCrop",
    "sharpen",
    "tiff",
    "tint",
    "toFormat",
    "trim",
    "webp",
];

/// Edits that have none: they answer with the status 501.
pub(crate) const UNTRANSLATED: &[&str] = &[
    "affine",
    "bandbool",
    "boolean",
    "clahe",
    "contentModeration",
    "convolution",
    "convolve",
    "extractChannel",
    "joinChannel",
    "linear",
    "median",
    "overlayWith",
    "recomb",
    "rgb",
    "smartCrop",
    "smart_crop",
    "threshold",
    "toColorspace",
    "toColourspace",
    "unflatten",
    "watermark",
];

impl Edits {
    /// Reads edits in their order. As in the service, unknown ones have no effect. `folder` returns the path of a bucket.
    ///
    /// # Errors
    /// [`Refusal`], for a wrong value.
    pub(super) fn new(
        service: &'static str,
        edits: &Map<String, Value>,
        output: Option<&str>,
        folder: &dyn Fn(&str) -> Result<String, Refusal>,
    ) -> Result<Self, Refusal> {
        let mut read = Self { service, is_edited: !edits.is_empty(), ..Self::default() };
        if let Some(output) = output {
            read.format = Some(read.format_of(output)?);
        }
        for (name, value) in edits {
            read.order.push(name.clone());
            match name.as_str() {
                "overlayWith" => read.overlay = Some(overlay(value, folder)?),
                name => read.apply(name, value)?,
            }
        }
        Ok(read)
    }

    fn apply(&mut self, name: &str, value: &Value) -> Result<(), Refusal> {
        let wrong = || invalid(format!("{name}: invalid value {value}"));
        let number = || value.as_f64().ok_or_else(wrong);
        let flag = || value.as_bool().ok_or_else(wrong);
        match name {
            "resize" => self.resize = Some(Resize::parse(value)?),
            "crop" | "extract" => {
                let side = |key: &str| {
                    value[key].as_u64().and_then(|side| u32::try_from(side).ok()).ok_or_else(wrong)
                };
                let crop = [side("left")?, side("top")?, side("width")?, side("height")?];
                if crop[2] == 0 || crop[3] == 0 {
                    return Err(wrong());
                }
                self.crop = Some(crop);
            }
            "rotate" if value.is_null() => (self.drops_tag, self.rotate) = (true, None),
            "rotate" => self.rotate = Some(number()?),
            "autoOrient" => self.auto_orient = flag()?,
            "flip" => self.flip = flag()?,
            "flop" => self.flop = flag()?,
            "grayscale" | "greyscale" if value != false => self.word("grayscale", &true, "grayscale"),
            "negate" if value != false => self.word("invert", &true, "negate"),
            "normalise" | "normalize" => self.word("normalize", &true, "normalize"),
            "tint" => {
                let Colour { rgb: [red, green, blue], .. } = colour(value).ok_or_else(wrong)?;
                self.word("tint", &format!("{red:02x}{green:02x}{blue:02x}"), "tint");
            }
            "gamma" => {
                let gamma = number()?;
                if !(1.0..=3.0).contains(&gamma) {
                    return Err(wrong());
                }
                // sharp takes it back after the resize.
            }
            "modulate" => {
                for key in ["brightness", "saturation"] {
                    if let Some(factor) = value[key].as_f64() {
                        let key = if key == "brightness" { "brightness" } else { "saturation" };
                        self.word(key, &factor.clamp(0.0, 10.0), "modulate");
                    }
                }
                if let Some(hue) = value["hue"].as_f64() {
                    self.word("hue", &hue.round(), "modulate");
                }
            }
            "blur" => {
                // Without a sigma, each pixel is the mean of nine.
                let sigma = if value == true { 0.8 } else { number()? };
                if !(0.3..=1000.0).contains(&sigma) {
                    return Err(wrong());
                }
                self.word("blur", &sigma.min(100.0), "blur");
            }
            "sharpen" => {
                let sigma = match value {
                    Value::Bool(true) => 0.5,
                    Value::Object(members) => {
                        members.get("sigma").and_then(Value::as_f64).ok_or_else(wrong)?
                    }
                    _ => number()?,
                };
                if sigma <= 0.0 {
                    return Err(wrong());
                }
                self.word("sharpen", &sigma.clamp(0.3, 100.0), "sharpen");
            }
            "flatten" if value != false => {
                self.flatten = true;
                self.background = colour(&value["background"]).or(Some(BLACK));
            }
            "removeAlpha" if value != false => self.flatten = true,
            "extend" => self.extend = Some(self.sides(value).ok_or_else(wrong)?),
            "trim" => {
                let threshold = value.as_f64().or(value["threshold"].as_f64()).unwrap_or(10.0);
                self.word("trim", &threshold, "trim");
            }
            "roundCrop" => self.round(value),
            "toFormat" => self.format = Some(self.format_of(value.as_str().ok_or_else(wrong)?)?),
            "jpeg" | "png" | "webp" | "avif" | "gif" | "tiff" => self.options(name, value)?,
            "animated" => {
                if value.is_string() {
                    return Err(wrong());
                }
                self.animated = Some(value == true);
            }
            // `watermark` is one of version 8.
            name if (UNTRANSLATED.contains(&name) || name == "watermark") && value != false => {
                self.unsupported = self.unsupported.take().or(Some(name.to_owned()));
            }
            _ => (),
        }
        Ok(())
    }

    fn word(&mut self, key: &'static str, value: &dyn ToString, option: &'static str) {
        self.words.push((key, value.to_string(), option));
    }

    /// Returns the format of a word.
    fn format_of(&self, word: &str) -> Result<Format, Refusal> {
        Ok(match word {
            "jpg" | "jpeg" => Format::Jpeg,
            "png" => Format::Png,
            "webp" => Format::Webp,
            "gif" => Format::Gif,
            "avif" => Format::Avif,
            "tiff" => Format::Tiff,
            "heif" | "heic" | "raw" => {
                let reason = ": expected jpeg, png, webp, avif or gif";
                return Err(Refusal::Unsupported {
                    service: self.service,
                    option: format!("format {word}"),
                    reason,
                });
            }
            _ => {
                return Err(invalid(format!(
                    "unknown format {word:?}: expected jpeg, png, webp, avif or gif"
                )));
            }
        })
    }

    fn options(&mut self, name: &str, value: &Value) -> Result<(), Refusal> {
        let wrong = || invalid(format!("{name}: invalid value {value}"));
        let format = self.format_of(name)?;
        match &value["quality"] {
            Value::Null => (),
            quality => {
                let quality = quality.as_u64().and_then(|quality| u8::try_from(quality).ok());
                let quality = quality.filter(|quality| (1..=100).contains(quality)).ok_or_else(wrong)?;
                self.qualities.push((format, quality));
            }
        }
        self.progressive = value["progressive"].as_bool().or(self.progressive);
        Ok(())
    }

    fn sides(&mut self, value: &Value) -> Option<[u32; 4]> {
        let side = |value: &Value| value.as_u64().and_then(|side| u32::try_from(side).ok());
        if let Some(all) = side(value) {
            return Some([all; 4]);
        }
        value.as_object()?;
        self.background = colour(&value["background"]).or(self.background);
        Some(["top", "right", "bottom", "left"].map(|key| side(&value[key]).unwrap_or(0)))
    }

    fn round(&mut self, value: &Value) {
        let side = |key: &str| value[key].as_u64().and_then(|side| u32::try_from(side).ok());
        if value == true || value.is_object() {
            self.round = Some(Round { rx: side("rx"), ry: side("ry"), left: side("left"), top: side("top") });
        }
    }

    /// Returns the parameters for a source.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn words(&self, image: &Image) -> Result<Vec<Word>, Refusal> {
        if let Some(option) = &self.unsupported {
            return Err(Refusal::Unsupported { service: self.service, option: option.clone(), reason: "" });
        }
        let is_stored = !self.is_edited && self.format.is_none_or(|format| format == image.format);
        if is_stored {
            return Ok(Vec::new());
        }
        let mut edit = Edit::default();
        let default = if image.is_vector() { Format::Png } else { image.format };
        let format = self.format.unwrap_or(default);
        let keeps_frames = self.animated.unwrap_or(format == Format::Gif);
        if let Some(size) = image.size {
            self.place(&mut edit, image, size, image.is_animated && keeps_frames)?;
        }
        for (key, value, option) in &self.words {
            edit.set(key, value, option);
        }
        if let Some(overlay) = &self.overlay {
            overlay.add(&mut edit, "overlayWith");
        }
        words::format(&mut edit, self.service, "format", image, format)?;
        let quality =
            self.qualities.iter().rev().find(|(own, _)| *own == format).map(|(_, quality)| *quality);
        if let Some(quality) = quality {
            words::quality(&mut edit, format, quality);
        }
        if self.progressive == Some(true) && format == Format::Jpeg {
            edit.set("progressive", true, "jpeg");
        }
        if image.is_animated && !keeps_frames {
            edit.set("animated", false, "animated");
        }
        let background = self.resize.as_ref().and_then(|resize| resize.background).or(self.background);
        if edit.has_sides() || self.flatten {
            let Colour { rgb, alpha } = background.unwrap_or(BLACK);
            words::background(&mut edit, rgb, alpha, "background");
        }
        if self.flatten {
            words::flatten(&mut edit, image, format, "flatten");
        }
        Ok(edit.into_words(image))
    }
}

/// Reads another picture on the picture.
fn overlay(value: &Value, folder: &dyn Fn(&str) -> Result<String, Refusal>) -> Result<Watermark, Refusal> {
    let wrong = |key: &str| invalid(format!("overlayWith.{key}: invalid value {}", value[key]));
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    // Other percentages are ignored.
    let share = |key: &str| {
        let percent = text(&value[key]).and_then(|text| text.parse::<u32>().ok());
        percent.filter(|percent| *percent <= 100).map(|percent| f64::from(percent) / 100.0)
    };
    let (w, h) = (share("wRatio"), share("hRatio"));
    if w == Some(0.0) || h == Some(0.0) {
        return Err(wrong("wRatio"));
    }
    let key = value["key"].as_str().ok_or_else(|| wrong("key"))?;
    let name = format!("{}{key}", folder(value["bucket"].as_str().unwrap_or_default())?);
    let options = &value["options"];
    let position =
        |key: &str| text(&options[key]).map(|text| Position::parse(&text).ok_or_else(|| wrong("options")));
    let place = match (position("left").transpose()?, position("top").transpose()?) {
        (Some(x), Some(y)) => Place::At(x, y),
        (None, None) => Place::At(Position::at(Anchor::Centre), Position::at(Anchor::Centre)),
        _ => return Err(wrong("options")),
    };
    let scale = (w.is_some() || h.is_some()).then_some((w, h));
    let opacity = 1.0 - share("alpha").unwrap_or(0.0);
    Ok(Watermark { name, opacity, place, scale })
}

const BLACK: Colour = Colour { rgb: [0; 3], alpha: 255 };

/// Returns a colour: text of CSS, or its channels.
fn colour(value: &Value) -> Option<Colour> {
    if let Some(text) = value.as_str() {
        return Colour::parse(text);
    }
    let members = value.as_object()?;
    let channel = |key: &str| members.get(key).and_then(Value::as_f64).unwrap_or(0.0).clamp(0.0, 255.0) as u8;
    let alpha = members.get("alpha").and_then(Value::as_f64).unwrap_or(1.0).clamp(0.0, 1.0);
    Some(Colour { rgb: [channel("r"), channel("g"), channel("b")], alpha: (alpha * 255.0).round() as u8 })
}

impl Resize {
    fn parse(value: &Value) -> Result<Self, Refusal> {
        let wrong = |key: &str| invalid(format!("resize.{key}: invalid value {}", value[key]));
        if !value.is_object() {
            return Err(invalid(format!("resize: expected an object, got {value}")));
        }
        let number = |key: &str| match &value[key] {
            Value::Null => Ok(None),
            Value::String(text) => text.parse::<f64>().map(Some).map_err(|_| wrong(key)),
            other => other.as_f64().map(Some).ok_or_else(|| wrong(key)),
        };
        let side = |key: &str| {
            let side = number(key)?.map(f64::round);
            if side.is_some_and(|side| !(1.0..=1e9).contains(&side)) { Err(wrong(key)) } else { Ok(side) }
        };
        let fit = match value["fit"].as_str() {
            None if value["fit"].is_null() => Fit::Cover,
            Some("cover") => Fit::Cover,
            Some("contain") => Fit::Contain,
            Some("fill") => Fit::Fill,
            Some("inside") => Fit::Inside,
            Some("outside") => Fit::Outside,
            _ => return Err(wrong("fit")),
        };
        let kernels =
            ["nearest", "cubic", "mitchell", "lanczos2", "lanczos3", "linear", "mks2013", "mks2021"];
        if !value["kernel"].is_null()
            && !value["kernel"].as_str().is_some_and(|kernel| kernels.contains(&kernel))
        {
            return Err(wrong("kernel"));
        }
        let place = value["position"].as_str().or(value["gravity"].as_str()).unwrap_or("centre");
        let has = |words: [&str; 2]| {
            words.iter().any(|word| place.split([' ', '-']).any(|part| part == *word) || place.contains(word))
        };
        let axis = |start: [&str; 2], end: [&str; 2]| {
            if has(start) {
                0.0
            } else if has(end) {
                1.0
            } else {
                0.5
            }
        };
        let flag = |key: &str| value[key] == true;
        Ok(Self {
            width: side("width")?,
            height: side("height")?,
            fit,
            position: (
                axis(["left", "west"], ["right", "east"]),
                axis(["top", "north"], ["bottom", "south"]),
            ),
            is_smart: matches!(place, "attention" | "entropy"),
            without_enlargement: flag("withoutEnlargement"),
            without_reduction: flag("withoutReduction"),
            ratio: number("ratio")?.filter(|ratio| 0.0 < *ratio),
            background: colour(&value["background"]),
        })
    }
}
