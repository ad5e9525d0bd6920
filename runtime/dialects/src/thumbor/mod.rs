//! thumbor: `/SIGNATURE/trim/LxT:RxB/fit-in/WxH/left/top/smart/filters:…/KEY`, and imagor, which has the same form.
//!
//! <https://thumbor.readthedocs.io/en/latest/usage.html> and <https://github.com/cshum/imagor>. Where they differ from what
//! they document, this follows the answers of thumbor 7.8 and imagor 1.9.

mod arguments;
mod effects;
mod filters;
mod geometry;
mod imagor;
mod path;
mod watermark;

use crate::{
    edit::{Edit, Word},
    image::Image,
    refusal::Refusal,
    signature::{self, Hash},
    source::{decoded, missing, normalized, path_of},
    translation::{Request, Translation},
};
use effects::Effects;
use path::Path;
use safelight_core::{Format, Kind};

/// The services of this form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    Thumbor,
    Imagor,
}

/// The settings of thumbor's URLs.
#[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Thumbor {
    /// Keys, as in `SECURITY_KEY`. Defaults to none: URLs are not signed.
    pub keys: Vec<String>,
    /// Whether URLs may have the word unsafe in place of a signature, as in `ALLOW_UNSAFE_URL`. Defaults to whether there
    /// are no keys.
    pub allow_unsafe: Option<bool>,
    /// Whether pictures are turned as their orientation says, as in `RESPECT_ORIENTATION`. Defaults to false.
    pub respect_orientation: bool,
}

/// The settings of imagor's URLs.
#[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Imagor {
    /// Keys, as in `IMAGOR_SECRET`. Defaults to none: URLs are not signed.
    pub keys: Vec<String>,
    /// Whether URLs may have the word unsafe in place of a signature, as in `IMAGOR_UNSAFE`. Defaults to whether there are
    /// no keys.
    pub allow_unsafe: Option<bool>,
    /// Hash function of signatures, as in `IMAGOR_SIGNER_TYPE`. Defaults to "sha1".
    pub signer_type: Hash,
    /// Letters of a signature, as in `IMAGOR_SIGNER_TRUNCATE`, at least 17. Defaults to all.
    pub signer_truncate: Option<usize>,
}

/// The shortest signature of imagor.
const MIN_SIGNATURE_LETTERS: usize = 17;

/// A parsed URL.
#[derive(Clone, Debug)]
pub(crate) struct Thumbnail {
    flavour: Flavour,
    path: Path,
    effects: Effects,
    respects_orientation: bool,
}

impl Thumbor {
    pub(crate) const NAME: &'static str = "thumbor";

    pub(crate) fn is_signed(&self) -> bool {
        !self.keys.is_empty() && self.allow_unsafe != Some(true)
    }

    /// Checks the settings, as [`crate::Dialect::check`].
    pub(crate) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        check_keys(&self.keys, self.allow_unsafe)
    }

    /// Translates a request.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn translate(&self, request: &Request<'_>) -> Result<Translation, Refusal> {
        let rest = request.path.strip_prefix('/').unwrap_or(request.path);
        let (signature, rest) = rest.split_once('/').ok_or_else(Refusal::signature)?;
        let allows_unsafe = self.allow_unsafe.unwrap_or(self.keys.is_empty());
        if !(signature == "unsafe" && allows_unsafe) {
            let found = decoded(signature)?;
            let is_valid = |key: &String| {
                let mac = signature::hmac(Hash::Sha1, key.as_bytes(), &[rest.as_bytes()]);
                signature::is_equal(&signature::padded(&mac), &found)
            };
            if !self.keys.iter().any(is_valid) {
                return Err(Refusal::signature());
            }
        }
        translate(Flavour::Thumbor, rest, self.respect_orientation)
    }
}

impl Imagor {
    pub(crate) const NAME: &'static str = "imagor";

    pub(crate) fn is_signed(&self) -> bool {
        !self.keys.is_empty() && self.allow_unsafe != Some(true)
    }

    /// Checks the settings, as [`crate::Dialect::check`].
    pub(crate) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if self.signer_truncate.is_some_and(|letters| letters < MIN_SIGNATURE_LETTERS) {
            return Err(("signer-truncate", "a number from 17"));
        }
        check_keys(&self.keys, self.allow_unsafe)
    }

    /// Translates a request.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn translate(&self, request: &Request<'_>) -> Result<Translation, Refusal> {
        let rest = request.path.trim_start_matches('/');
        let (signature, rest) = rest.split_once('/').unwrap_or((rest, ""));
        if signature == "params" {
            return Err(unsupported(Flavour::Imagor, "params", ": it describes the URL, and has no image"));
        }
        let allows_unsafe = self.allow_unsafe.unwrap_or(self.keys.is_empty());
        if !(signature == "unsafe" && allows_unsafe) {
            self.check_signature(signature, rest)?;
        }
        translate(Flavour::Imagor, rest.trim_start_matches('/'), true)
    }

    fn check_signature(&self, found: &str, rest: &str) -> Result<(), Refusal> {
        let decoded_rest = decoded(rest)?;
        let expected = |key: &String, path: &str| {
            let mut text =
                signature::padded(&signature::hmac(self.signer_type, key.as_bytes(), &[path.as_bytes()]));
            text.truncate(self.signer_truncate.unwrap_or(text.len()));
            text
        };
        let is_valid = |key: &String| {
            // Signatures of the path as it is sent, and of the path that its author wrote.
            signature::is_equal(&expected(key, rest), found)
                || signature::is_equal(&expected(key, &decoded_rest), found)
        };
        let none = String::new();
        let is_valid = match self.keys.as_slice() {
            // imagor's own default is an empty key, which is no secret.
            [] => self.allow_unsafe.unwrap_or(true) && is_valid(&none),
            keys => keys.iter().any(is_valid),
        };
        if is_valid { Ok(()) } else { Err(Refusal::signature()) }
    }
}

fn check_keys(keys: &[String], allow_unsafe: Option<bool>) -> Result<(), (&'static str, &'static str)> {
    if keys.iter().any(String::is_empty) {
        return Err(("keys", "texts that are not empty"));
    }
    if keys.is_empty() && allow_unsafe == Some(false) {
        return Err(("allow-unsafe", "true, or keys"));
    }
    Ok(())
}

fn translate(flavour: Flavour, rest: &str, respects_orientation: bool) -> Result<Translation, Refusal> {
    let path = Path::parse(flavour, rest);
    let key = match flavour {
        Flavour::Thumbor => decoded(&path.key)?,
        Flavour::Imagor => match path.key.strip_prefix("b64:") {
            Some(text) => signature::from_base64(text).ok_or_else(missing)?,
            None => decoded(&path.key.replace('+', " "))?,
        },
    };
    if path.is_debug {
        return Err(unsupported(flavour, "debug", ""));
    }
    if path.is_meta {
        return Err(unsupported(flavour, "meta", ": it describes the image, and has none"));
    }
    let effects = Effects::new(flavour, &path.filters);
    if effects.is_expired {
        return Err(Refusal::new(Kind::Gone, "the URL has expired"));
    }
    let source = path_of(&normalized(&key)?);
    let thumbnail = Thumbnail { flavour, path, effects, respects_orientation };
    Ok(Translation::new(source, move |image| thumbnail.words(image)))
}

/// The filters, with and without a translation.
pub(crate) fn filters_known(flavour: Flavour) -> (Vec<&'static str>, Vec<&'static str>) {
    let untranslated = effects::UNTRANSLATED.iter().filter(|(own, _)| *own == flavour).map(|(_, name)| *name);
    let translated = effects::TRANSLATED.iter().filter(|(own, _)| own.is_none_or(|own| own == flavour));
    (translated.map(|(_, name)| *name).collect(), untranslated.collect())
}

/// The rejection of an option or a filter.
fn unsupported(flavour: Flavour, option: &str, reason: &'static str) -> Refusal {
    Refusal::Unsupported { service: flavour.name(), option: option.to_owned(), reason }
}

impl Flavour {
    fn name(self) -> &'static str {
        match self {
            Self::Thumbor => Thumbor::NAME,
            Self::Imagor => Imagor::NAME,
        }
    }
}

impl Thumbnail {
    /// Returns the parameters for a source.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn words(&self, image: &Image) -> Result<Vec<Word>, Refusal> {
        let mut edit = Edit::default();
        // thumbor gives GIFs to a program of their own, which knows no filters that work on pixels.
        let is_gif = self.flavour == Flavour::Thumbor && image.format == Format::Gif;
        if self.effects.is_raw && self.flavour == Flavour::Imagor {
            return Ok(Vec::new());
        }
        if let Some(name) = self.effects.unsupported.as_ref().filter(|_| !is_gif) {
            return Err(unsupported(self.flavour, name, ""));
        }
        match self.flavour {
            Flavour::Thumbor => self.place_thumbor(&mut edit, image)?,
            Flavour::Imagor => self.place_imagor(&mut edit, image)?,
        }
        if !is_gif {
            self.effects.add(&mut edit);
        }
        self.output(&mut edit, image, is_gif)?;
        Ok(edit.into_words(image))
    }

    /// Adds the parameters of the result's format.
    fn output(&self, edit: &mut Edit, image: &Image, is_gif: bool) -> Result<(), Refusal> {
        let effects = &self.effects;
        let own = match (self.flavour, image.format) {
            (_, Format::Jpeg | Format::Png | Format::Webp | Format::Gif) => image.format,
            (Flavour::Thumbor, Format::Tiff) | (Flavour::Imagor, Format::Ico) => Format::Png,
            (_, Format::Avif) => Format::Avif,
            (Flavour::Imagor, Format::Tiff) if effects.format.is_none() => {
                return Err(unsupported(
                    self.flavour,
                    "format tiff",
                    ": expected jpeg, png, webp, avif or gif",
                ));
            }
            (Flavour::Thumbor, Format::Svg) => {
                return Err(Refusal::new(Kind::InvalidParam, "an SVG cannot be shown"));
            }
            _ => Format::Jpeg,
        };
        let format = if is_gif { own } else { effects.format.unwrap_or(own) };
        crate::words::format(edit, self.flavour.name(), "format", image, format)?;
        let keeps_frames = match self.flavour {
            Flavour::Thumbor => image.format == Format::Gif,
            Flavour::Imagor => matches!(image.format, Format::Gif | Format::Webp) && format != Format::Avif,
        };
        if image.is_animated && (!keeps_frames || effects.is_still) {
            edit.set("animated", false, "format");
        }
        let is_changed = !edit.is_empty();
        if let Some(quality) = effects.quality.filter(|_| !is_gif) {
            crate::words::quality(edit, format, quality);
        } else if is_changed && format == Format::Jpeg {
            crate::words::quality(edit, format, if self.flavour == Flavour::Thumbor { 80 } else { 75 });
        }
        if let Some(bytes) = effects.max_bytes.filter(|_| !is_gif && crate::words::has_quality(format)) {
            edit.set("maxBytes", bytes.clamp(100, 100_000_000), "max_bytes");
        }
        if edit.has_sides() || effects.flat.is_some() {
            let colour = effects.fill.or(effects.flat).unwrap_or(safelight_core::Colour::TRANSPARENT);
            crate::words::background(edit, colour.rgb, colour.alpha, "fill");
        }
        if effects.flat.is_some() {
            crate::words::flatten(edit, image, format, "background_color");
        }
        Ok(())
    }
}
