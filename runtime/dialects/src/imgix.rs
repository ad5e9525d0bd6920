//! imgix: a path, and a query whose last parameter signs both.
//!
//! <https://docs.imgix.com/en-US/apis/rendering> and, for signatures, imgix's `imgix-blueprint`. The service cannot be run
//! elsewhere, so its documentation is what this follows.

use crate::{
    boxes::{Boxed, Fit, Focus, last},
    edit::{Edit, Sides, Word},
    image::Image,
    refusal::Refusal,
    signature::{self, hex},
    source::{decoded, normalized, path_of},
    translation::{Request, Translation},
    turn::Turn,
    words,
};
use percent_encoding::percent_decode_str;
use safelight_core::{Colour, Format, Kind, Rect, Size};

/// The settings of imgix's URLs.
#[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Imgix {
    /// Secure URL tokens of the source. Defaults to none: URLs are not signed.
    pub tokens: Vec<String>,
}

/// The parameters of a URL, decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

/// Parameters with a translation, or without an effect on pixels.
pub(crate) const TRANSLATED: &[&str] = &[
    "ar",
    "auto",
    "bg",
    "blur",
    "border",
    "bri",
    "con",
    "crop",
    "cs",
    "dl",
    "dpr",
    "exp",
    "expires",
    "fill",
    "fill-color",
    "fit",
    "flip",
    "fm",
    "fp-x",
    "fp-y",
    "fp-z",
    "gam",
    "h",
    "hue",
    "invert",
    "ixlib",
    "jpg-progressive",
    "lossless",
    "max-h",
    "max-w",
    "min-h",
    "min-w",
    "monochrome",
    "or",
    "orient",
    "pad",
    "pad-bottom",
    "pad-left",
    "pad-right",
    "pad-top",
    "px",
    "q",
    "rect",
    "rot",
    "s",
    "sat",
    "sepia",
    "sharp",
    "trim",
    "trim-tol",
    "usm",
    "usmrad",
    "w",
];

/// Parameters without a translation, by the beginnings of their names.
pub(crate) const UNTRANSLATED: &[&str] = &[
    "blend",
    "bg-remove",
    "bg-replace",
    "ch",
    "colorquant",
    "corner-radius",
    "duotone",
    "faceindex",
    "facepad",
    "faces",
    "gif-q",
    "grid-",
    "high",
    "htn",
    "mark",
    "mask",
    "nr",
    "palette",
    "page",
    "shad",
    "svg-sanitize",
    "text",
    "transparency",
    "txt",
    "upscale",
    "vib",
    "video-",
];

impl Imgix {
    pub(crate) const NAME: &'static str = "imgix";

    pub(crate) fn is_signed(&self) -> bool {
        !self.tokens.is_empty()
    }

    /// Checks the settings, as [`crate::Dialect::check`].
    pub(crate) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if self.tokens.iter().any(String::is_empty) {
            Err(("tokens", "texts that are not empty"))
        } else {
            Ok(())
        }
    }

    /// Translates a request.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn translate(&self, request: &Request<'_>) -> Result<Translation, Refusal> {
        let query = request.query.unwrap_or_default();
        self.check_signature(request.path, query)?;
        let parameters = Parameters::parse(query);
        let path = path_of(&normalized(&decoded(request.path)?)?);
        let expires = parameters.get("expires").and_then(|time| time.parse::<u64>().ok());
        if expires.is_some_and(|time| time < request.now) {
            return Err(Refusal::new(Kind::NotFound, "the URL has expired"));
        }
        Ok(Translation::new(path, move |image| parameters.words(image)))
    }

    /// Checks `s`: the MD5 of token, path and query. It is no HMAC, but what imgix's customers have in their pages.
    fn check_signature(&self, path: &str, query: &str) -> Result<(), Refusal> {
        if !self.is_signed() {
            return Ok(());
        }
        let (rest, found) = match query.rsplit_once("&s=") {
            Some((rest, found)) => (format!("?{rest}"), found),
            None => (String::new(), query.strip_prefix("s=").ok_or_else(Refusal::signature)?),
        };
        let is_valid = |token: &String| {
            let digest = md5::compute(format!("{token}{path}{rest}"));
            signature::is_equal(&hex(&digest.0), found)
        };
        if self.tokens.iter().any(is_valid) { Ok(()) } else { Err(Refusal::signature()) }
    }
}

impl Parameters {
    fn parse(query: &str) -> Self {
        let decode =
            |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (key, value) = (decode(key), decode(value));
            // A name that ends so has its value in base64.
            match key.strip_suffix("64") {
                Some(short) => Some((short.to_owned(), signature::from_base64(&value)?)),
                None => Some((key, value)),
            }
        };
        Self(query.split('&').filter(|text| !text.is_empty()).filter_map(pair).collect())
    }

    fn get(&self, key: &str) -> Option<&str> {
        last(&self.0, key).filter(|value| !value.is_empty())
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.get(key)?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Returns whether a list has a word.
    fn has(&self, key: &str, word: &str) -> bool {
        self.get(key).is_some_and(|list| list.split(',').any(|own| own == word))
    }

    /// Returns the parameters for a source. As in the service, unknown ones and invalid values have no effect.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn words(&self, image: &Image) -> Result<Vec<Word>, Refusal> {
        for (key, _) in &self.0 {
            if !TRANSLATED.contains(&key.as_str()) && UNTRANSLATED.iter().any(|start| key.starts_with(start))
            {
                return Err(Refusal::Unsupported { service: Imgix::NAME, option: key.clone(), reason: "" });
            }
        }
        let mut edit = Edit::default();
        let orientation = self.number("or").or(self.number("orient"));
        let orientation = orientation.and_then(|value| safelight_core::Orientation::new(value as u8));
        edit.turn = orientation.map_or(image.upright(), Turn::upright);
        if let Some(stored) = image.size {
            let whole = edit.turn.size(stored);
            self.place(&mut edit, whole)?;
        }
        self.effects(&mut edit);
        self.output(&mut edit, image)?;
        Ok(edit.into_words(image))
    }

    fn place(&self, edit: &mut Edit, whole: Size) -> Result<(), Refusal> {
        let mut size = whole;
        if let Some(rect) = self.rect(whole) {
            edit.crop = Some(rect);
            size = rect.size;
        }
        let dpr = self.number("dpr").filter(|dpr| (0.1..=8.0).contains(dpr)).unwrap_or(1.0);
        let side = |key: &str, own: u32| {
            let side = self.number(key).filter(|side| 0.0 < *side)?;
            // Up to 1 it is a share of the source.
            Some(if side <= 1.0 { side * f64::from(own) } else { side })
        };
        let (mut width, mut height) = (side("w", size.w), side("h", size.h));
        let fit = self.get("fit").unwrap_or("clip").split(',').next().unwrap_or_default();
        let is_cut = matches!(fit, "crop" | "min");
        if let Some(ratio) = self.get("ar").and_then(ratio).filter(|_| is_cut || fit.starts_with("fill")) {
            match (width, height) {
                (Some(own), None) => height = Some(own / ratio),
                (None, Some(own)) => width = Some(own * ratio),
                (None, None) if is_cut => {
                    let own = f64::from(size.w).min(f64::from(size.h) * ratio);
                    (width, height) = (Some(own), Some(own / ratio));
                }
                _ => (),
            }
        }
        let limited = |side: Option<f64>, key: &str, own: u32| {
            let most = self.number(&format!("max-{key}")).filter(|side| 0.0 < *side);
            let least = self.number(&format!("min-{key}")).filter(|side| 0.0 < *side);
            let side = match (side, most) {
                (Some(side), Some(most)) => Some(side.min(most)),
                (None, Some(most)) if most < f64::from(own) => Some(most),
                (side, _) => side,
            };
            match (side, least) {
                (Some(side), Some(least)) => Some(side.max(least)),
                (side, _) => side,
            }
        };
        (width, height) = (limited(width, "w", size.w), limited(height, "h", size.h));
        let (fit, enlarges) = match fit {
            "crop" => (Fit::Cover, true),
            "min" => (Fit::Shape, false),
            "max" => (Fit::Inside, false),
            "scale" => (Fit::Stretch, true),
            "fill" => (Fit::Pad, true),
            "fillmax" => (Fit::Pad, false),
            "clamp" | "facearea" => {
                let option = format!("fit={fit}");
                return Err(Refusal::Unsupported { service: Imgix::NAME, option, reason: "" });
            }
            _ => (Fit::Inside, true),
        };
        let times = |side: Option<f64>| side.map(|side| side * dpr);
        Boxed { width: times(width), height: times(height), fit, enlarges, focus: self.focus() }
            .place(edit, size);

        if let Some(degrees) = self.number("rot") {
            if degrees % 90.0 != 0.0 {
                let reason = ": expected a multiple of 90 degrees";
                return Err(Refusal::Unsupported { service: Imgix::NAME, option: "rot".to_owned(), reason });
            }
            // Counter-clockwise.
            edit.after = Turn::clockwise(-((degrees / 90.0) as i64));
        }
        let flips = self.get("flip").unwrap_or_default();
        if flips.contains('h') {
            edit.after = edit.after.then(Turn::HORIZONTAL);
        }
        if flips.contains('v') {
            edit.after = edit.after.then(Turn::VERTICAL);
        }
        self.pad(edit);
        Ok(())
    }

    fn pad(&self, edit: &mut Edit) {
        let all = self.number("pad").unwrap_or(0.0);
        let side = |name: &str| self.number(&format!("pad-{name}")).unwrap_or(all).clamp(0.0, 4096.0) as i64;
        let [top, right, bottom, left] = ["top", "right", "bottom", "left"].map(side);
        edit.sides = edit.sides.and(Sides { top, right, bottom, left });
    }

    /// Returns the part of the source: `x,y,w,h`, of which the first two may be words.
    fn rect(&self, whole: Size) -> Option<Rect> {
        let parts: Vec<&str> = self.get("rect")?.split(',').collect();
        let &[x, y, w, h] = parts.as_slice() else { return None };
        let number = |text: &str, side: u32| {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && 0.0 <= *number)?;
            Some(if number <= 1.0 && text.contains('.') { number * f64::from(side) } else { number } as u32)
        };
        let (w, h) = (number(w, whole.w)?.min(whole.w), number(h, whole.h)?.min(whole.h));
        let start = |text: &str, side: u32, kept: u32| match text {
            "left" | "top" => Some(0),
            "center" | "middle" => Some((side - kept) / 2),
            "right" | "bottom" => Some(side - kept),
            text => number(text, side),
        };
        let (x, y) = (start(x, whole.w, w)?, start(y, whole.h, h)?);
        let is_inside = x < whole.w && y < whole.h && 0 < w && 0 < h;
        is_inside.then(|| Rect { x, y, size: Size::new(w.min(whole.w - x), h.min(whole.h - y)) })
    }

    fn focus(&self) -> Focus {
        if self.has("crop", "focalpoint") {
            let share = |key: &str| self.number(key).unwrap_or(0.5).clamp(0.0, 1.0);
            return Focus::Point(share("fp-x"), share("fp-y"));
        }
        if self.has("crop", "entropy") {
            return Focus::Word("entropy");
        }
        if ["edges", "faces"].iter().any(|word| self.has("crop", word)) {
            return Focus::Word("attention");
        }
        let axis = |start: &str, end: &str| {
            if self.has("crop", start) {
                0.0
            } else if self.has("crop", end) {
                1.0
            } else {
                0.5
            }
        };
        Focus::Share(axis("left", "right"), axis("top", "bottom"))
    }

    fn effects(&self, edit: &mut Edit) {
        let percent =
            |key: &str| self.number(key).filter(|number| *number != 0.0).map(|number| 1.0 + number / 100.0);
        for (own, key) in [("bri", "brightness"), ("con", "contrast"), ("sat", "saturation")] {
            if let Some(factor) = percent(own) {
                edit.set(key, factor.clamp(0.0, 10.0), key);
            }
        }
        if let Some(gamma) = percent("gam") {
            edit.set("gamma", gamma.clamp(0.1, 10.0), "gam");
        }
        if let Some(exposure) = self.number("exp").filter(|exposure| *exposure != 0.0) {
            // From -100 to 100, which looks about like five stops each way.
            edit.set("exposure", exposure.clamp(-100.0, 100.0) / 20.0, "exp");
        }
        if let Some(hue) = self.number("hue").filter(|hue| *hue != 0.0) {
            edit.set("hue", hue.round(), "hue");
        }
        if self.get("invert") == Some("true") {
            edit.set("invert", true, "invert");
        }
        if let Some(sepia) = self.number("sepia").filter(|sepia| 0.0 < *sepia) {
            edit.set("sepia", (sepia / 100.0).min(1.0), "sepia");
        }
        if let Some(Colour { rgb: [red, green, blue], .. }) = self.get("monochrome").and_then(Colour::parse) {
            edit.set("tint", format_args!("{red:02x}{green:02x}{blue:02x}"), "monochrome");
        }
        if let Some(block) = self.number("px").filter(|block| 1.0 < *block) {
            edit.set("pixelate", block.min(100.0) as u32, "px");
        }
        // Both have ranges of their own, whose ends look about like these sigmas.
        if let Some(blur) = self.number("blur").filter(|blur| 0.0 < *blur) {
            words::blur(edit, blur.min(2000.0) / 20.0);
        }
        if let Some(sharp) = self.number("sharp").filter(|sharp| 0.0 < *sharp) {
            words::sharpen(edit, sharp.min(100.0) / 20.0);
        } else if self.number("usm").is_some_and(|amount| 0.0 < amount) {
            words::sharpen(edit, self.number("usmrad").unwrap_or(2.5));
        }
        if self.get("trim").is_some_and(|trim| trim == "auto" || trim == "color") {
            words::trim(
                edit,
                self.number("trim-tol").unwrap_or(10.0).clamp(0.0, 255.0),
                None,
                (false, false),
            );
        }
        if let Some((width, colour)) = self.get("border").and_then(|border| border.split_once(','))
            && let (Ok(width), Some(Colour { rgb: [red, green, blue], .. })) =
                (width.parse::<u32>(), Colour::parse(colour))
        {
            edit.set("border", width.min(1000), "border");
            edit.set("borderColor", format_args!("{red:02x}{green:02x}{blue:02x}"), "border");
        }
    }

    fn output(&self, edit: &mut Edit, image: &Image) -> Result<(), Refusal> {
        let named = match self.get("fm") {
            Some("jpg" | "jpeg" | "pjpg") => Some(Format::Jpeg),
            Some("png" | "png8" | "png32") => Some(Format::Png),
            Some("webp") => Some(Format::Webp),
            Some("avif") => Some(Format::Avif),
            Some("gif") => Some(Format::Gif),
            Some(other @ ("json" | "blurhash" | "jp2" | "jxr" | "mp4" | "webm" | "hls" | "mp3")) => {
                let option = format!("fm={other}");
                return Err(Refusal::Unsupported { service: Imgix::NAME, option, reason: "" });
            }
            _ => None,
        };
        match named {
            Some(format) if format != image.format => words::format(edit, Imgix::NAME, "fm", image, format)?,
            None if self.has("auto", "format") => edit.set("format", "auto", "auto=format"),
            _ => (),
        }
        if self.get("fm") == Some("pjpg") || self.get("jpg-progressive") == Some("true") {
            edit.set("progressive", true, "fm");
        }
        if let Some(quality) = self.number("q").filter(|quality| (0.0..=100.0).contains(quality)) {
            edit.set("quality", quality.max(1.0).round(), "q");
        } else if self.has("auto", "compress") && named.is_none_or(words::has_quality) {
            edit.set("quality", 45, "auto=compress");
        }
        if matches!(self.get("lossless"), Some("true" | "1")) {
            edit.set("compression", "lossless", "lossless");
        }
        if let Some(name) = self.get("dl") {
            edit.set("download", name, "dl");
        }
        let colour = self.get("bg").or(self.get("fill-color")).and_then(colour);
        match colour {
            Some(Colour { rgb, alpha }) => {
                words::background(edit, rgb, alpha, "bg");
                if alpha == 255 {
                    words::flatten(edit, image, named.unwrap_or(image.format), "bg");
                }
            }
            // White, as imgix's documentation says.
            None if edit.has_sides() => words::background(edit, [255; 3], 255, "bg"),
            None => (),
        }
        Ok(())
    }
}

/// Returns the width for each pixel of height of `3:2` or `1.5`.
fn ratio(text: &str) -> Option<f64> {
    let (width, height) = text.split_once(':').unwrap_or((text, "1"));
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| 0.0 < *number && number.is_finite());
    Some(number(width)? / number(height)?)
}

/// Returns a colour of CSS, or of digits with the alpha first.
fn colour(text: &str) -> Option<Colour> {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text.len() {
        8 if is_hex => Colour::parse(&format!("{}{}", &text[2..], &text[..2])),
        4 if is_hex => {
            let doubled: String = text.chars().flat_map(|digit| [digit, digit]).collect();
            Colour::parse(&format!("{}{}", &doubled[2..], &doubled[..2]))
        }
        _ => Colour::parse(text),
    }
}
