//! Cloudflare Images: `/cdn-cgi/image/OPTIONS/SOURCE`.
//!
//! <https://developers.cloudflare.com/images/optimization/features/>. The service cannot be run elsewhere, so its
//! documentation is what this follows.

use crate::{
    boxes::{Boxed, Fit, Focus},
    edit::{Edit, Word},
    image::Image,
    refusal::Refusal,
    source::{Sources, decoded, missing, normalized, path_of, resolve},
    translation::{Request, Translation},
    turn::Turn,
    words,
};
use safelight_core::{Colour, Format, Kind, Rect, Size};

/// The settings of Cloudflare's URLs.
#[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Cloudflare {
    /// Starts of absolute sources and the paths of this site that have them, such as `"https://img.example/" = "/"`. Defaults
    /// to none: sources are paths of this site.
    pub sources: Sources,
}

/// The start of each path.
pub(crate) const PREFIX: &str = "/cdn-cgi/image/";

/// The options of a URL.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    width: Option<f64>,
    height: Option<f64>,
    dpr: Option<f64>,
    fit: Option<String>,
    gravity: Option<Focus>,
    quarters: i64,
    flip: (bool, bool),
    /// Top, right, bottom, left.
    trim: Option<[u32; 4]>,
    /// Left, top, width, height.
    area: [Option<u32>; 4],
    background: Option<Colour>,
    format: Option<Format>,
    is_auto: bool,
    words: Vec<(&'static str, String, &'static str)>,
}

/// The options and their short names.
pub(crate) const NAMES: &[&[&str]] = &[
    &["anim"],
    &["background"],
    &["blur"],
    &["border"],
    &["brightness"],
    &["compression"],
    &["contrast"],
    &["dpr"],
    &["fit"],
    &["flip"],
    &["format", "f"],
    &["gamma"],
    &["gravity", "g"],
    &["height", "h"],
    &["metadata"],
    &["onerror"],
    &["quality", "q"],
    &["rotate"],
    &["saturation"],
    &["sharpen"],
    &["slow-connection-quality", "scq"],
    &["trim"],
    &["trim.height"],
    &["trim.left"],
    &["trim.top"],
    &["trim.width"],
    &["width", "w"],
];

/// Options without a translation.
pub(crate) const UNTRANSLATED: &[&str] = &["segment", "zoom", "draw"];

impl Cloudflare {
    pub(crate) const NAME: &'static str = "cloudflare";

    /// Translates a request.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn translate(&self, request: &Request<'_>) -> Result<Translation, Refusal> {
        let rest = request.path.strip_prefix(PREFIX).ok_or_else(missing)?;
        let (options, source) = rest.split_once('/').ok_or_else(missing)?;
        let options = Options::parse(&decoded(options)?)?;
        let is_absolute = source.starts_with("https:") || source.starts_with("http:");
        let path = if is_absolute {
            // Some servers join the slashes.
            let source = source.replacen(":/", "://", 1).replacen(":///", "://", 1);
            resolve(&source, &self.sources)?
        } else {
            path_of(&normalized(&decoded(source)?)?)
        };
        Ok(Translation::new(path, move |image| options.words(image)))
    }
}

impl Options {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let mut options = Self::default();
        for pair in text.split(',').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if UNTRANSLATED.contains(&name) {
                return Err(Refusal::Unsupported {
                    service: Cloudflare::NAME,
                    option: name.to_owned(),
                    reason: "",
                });
            }
            let known = NAMES.iter().find(|names| names.contains(&name));
            let known = known.ok_or_else(|| invalid(format!("unknown option {name:?}")))?;
            options
                .apply(known[0], value)
                .ok_or_else(|| invalid(format!("the option {name} has an invalid value {value:?}")))?;
        }
        Ok(options)
    }

    /// Applies an option; `None` for an invalid value.
    fn apply(&mut self, name: &'static str, value: &str) -> Option<()> {
        let number = || value.parse::<f64>().ok().filter(|number| number.is_finite() && 0.0 <= *number);
        let side = || value.parse::<u32>().ok();
        match name {
            // The width of the device, which hints would tell.
            "width" if value == "auto" => (),
            "width" => self.width = Some(number().filter(|side| 1.0 <= *side)?),
            "height" => self.height = Some(number().filter(|side| 1.0 <= *side)?),
            "dpr" => self.dpr = Some(number().filter(|dpr| 0.0 < *dpr && *dpr <= 10.0)?),
            "fit" => {
                const FITS: [&str; 7] =
                    ["scale-down", "contain", "cover", "crop", "pad", "squeeze", "aspect-crop"];
                FITS.contains(&value).then(|| self.fit = Some(value.to_owned()))?;
            }
            "gravity" => self.gravity = Some(gravity(value)?),
            "rotate" => {
                let degrees = value.parse::<i64>().ok().filter(|degrees| degrees % 90 == 0)?;
                self.quarters = degrees / 90;
            }
            "flip" => self.flip = (value.contains('h'), value.contains('v')),
            "trim" if value == "auto" || value == "border" => self.word("trim", &10, name),
            "trim" => {
                let sides: Vec<u32> =
                    value.split(';').map(|side| side.parse().ok()).collect::<Option<_>>()?;
                self.trim = Some(sides.try_into().ok()?);
            }
            "trim.left" => self.area[0] = Some(side()?),
            "trim.top" => self.area[1] = Some(side()?),
            "trim.width" => self.area[2] = Some(side()?),
            "trim.height" => self.area[3] = Some(side()?),
            "background" => self.background = Some(Colour::parse(value)?),
            "format" => match value {
                "auto" => self.is_auto = true,
                "avif" => self.format = Some(Format::Avif),
                "webp" => self.format = Some(Format::Webp),
                "png" => self.format = Some(Format::Png),
                "jpeg" => {
                    self.format = Some(Format::Jpeg);
                    self.word("progressive", &true, name);
                }
                "baseline-jpeg" => self.format = Some(Format::Jpeg),
                _ => return None,
            },
            "quality" => {
                let quality = match value {
                    "high" => 90.0,
                    "medium-high" => 80.0,
                    "medium-low" => 65.0,
                    "low" => 50.0,
                    _ => number().filter(|quality| (1.0..=100.0).contains(quality))?,
                };
                self.word("quality", &quality.round(), name);
            }
            "anim" if value == "false" => self.word("animated", &false, name),
            "compression" => (value == "fast").then(|| self.word("effort", &0, name))?,
            "blur" => {
                // The radius of a box that looks about like a Gaussian of half of it.
                let radius = number().filter(|radius| *radius <= 250.0)?;
                if 0.6 <= radius {
                    self.word("blur", &(radius / 2.0).min(100.0), name);
                }
            }
            "sharpen" => {
                let strength = number().filter(|strength| *strength <= 10.0)?;
                if 0.0 < strength {
                    self.word("sharpen", &strength.max(0.3), name);
                }
            }
            "brightness" | "contrast" | "saturation" | "gamma" => {
                let factor = number()?.clamp(if name == "gamma" { 0.1 } else { 0.0 }, 10.0);
                self.word(name, &factor, name);
            }
            "border" => self.border(value)?,
            // Metadata is always removed; there is no other source in case of an error; connections are not measured.
            _ => (),
        }
        Some(())
    }

    /// Adds a border: its colour and its widths, each after a sign of equality or a colon.
    fn border(&mut self, value: &str) -> Option<()> {
        for part in value.split(';') {
            let (key, value) = part.split_once([':', '=']).unwrap_or(("width", part));
            match key {
                "color" => {
                    let Colour { rgb: [red, green, blue], alpha } = Colour::parse(value)?;
                    self.word("borderColor", &format!("{red:02x}{green:02x}{blue:02x}{alpha:02x}"), "border");
                }
                "width" => self.word("border", &value.parse::<u32>().ok()?.min(1000), "border"),
                _ => return None,
            }
        }
        Some(())
    }

    fn word(&mut self, key: &'static str, value: &dyn ToString, option: &'static str) {
        self.words.retain(|(known, ..)| *known != key);
        self.words.push((key, value.to_string(), option));
    }

    /// Returns the parameters for a source.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn words(&self, image: &Image) -> Result<Vec<Word>, Refusal> {
        let mut edit = Edit::default();
        edit.turn = image.upright().then(Turn::clockwise(self.quarters));
        if self.flip.0 {
            edit.turn = edit.turn.then(Turn::HORIZONTAL);
        }
        if self.flip.1 {
            edit.turn = edit.turn.then(Turn::VERTICAL);
        }
        if let Some(stored) = image.size {
            let whole = edit.turn.size(stored);
            self.place(&mut edit, whole)?;
        }
        for (key, value, option) in &self.words {
            edit.set(key, value, option);
        }
        if self.is_auto {
            edit.set("format", "auto", "format");
        } else {
            let own = if image.is_vector() { Format::Svg } else { image.format.encoded_as() };
            let format = self.format.unwrap_or(own);
            if format != image.format {
                words::format(&mut edit, Cloudflare::NAME, "format", image, format)?;
            }
        }
        if let Some(Colour { rgb, alpha }) = self.background {
            words::background(&mut edit, rgb, alpha, "background");
            words::flatten(&mut edit, image, self.format.unwrap_or(image.format), "background");
        }
        Ok(edit.into_words(image))
    }

    fn place(&self, edit: &mut Edit, whole: Size) -> Result<(), Refusal> {
        let mut size = whole;
        let area = if let Some([top, right, bottom, left]) = self.trim {
            let rest = |side: u32, one: u32, two: u32| side.saturating_sub(one.saturating_add(two));
            [left, top, rest(whole.w, left, right), rest(whole.h, top, bottom)]
        } else {
            let [left, top, width, height] = self.area;
            [left.unwrap_or(0), top.unwrap_or(0), width.unwrap_or(whole.w), height.unwrap_or(whole.h)]
        };
        let [x, y, width, height] = area;
        let kept = Size::new(width.min(whole.w.saturating_sub(x)), height.min(whole.h.saturating_sub(y)));
        if kept.w == 0 || kept.h == 0 {
            return Err(invalid("trim: nothing of the image is left"));
        }
        if kept != whole {
            edit.crop = Some(Rect { x, y, size: kept });
            size = kept;
        }
        let dpr = self.dpr.unwrap_or(1.0);
        let (fit, enlarges) = match self.fit.as_deref() {
            Some("contain") => (Fit::Inside, true),
            Some("cover") => (Fit::Cover, true),
            Some("crop") => (Fit::Cover, false),
            Some("aspect-crop") => (Fit::Shape, false),
            Some("pad") => (Fit::Pad, true),
            Some("squeeze") => (Fit::Stretch, true),
            _ => (Fit::Inside, false),
        };
        let times = |side: Option<f64>| side.map(|side| side * dpr);
        let focus = self.gravity.unwrap_or(Focus::Share(0.5, 0.5));
        Boxed { width: times(self.width), height: times(self.height), fit, enlarges, focus }
            .place(edit, size);
        Ok(())
    }
}

fn gravity(value: &str) -> Option<Focus> {
    Some(match value {
        "auto" | "face" => Focus::Word("attention"),
        "left" => Focus::Share(0.0, 0.5),
        "right" => Focus::Share(1.0, 0.5),
        "top" => Focus::Share(0.5, 0.0),
        "bottom" => Focus::Share(0.5, 1.0),
        "center" => Focus::Share(0.5, 0.5),
        _ => {
            let (x, y) = value.split_once('x')?;
            let share = |text: &str| text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
            Focus::Share(share(x)?, share(y)?)
        }
    })
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(Kind::InvalidParam, message)
}
