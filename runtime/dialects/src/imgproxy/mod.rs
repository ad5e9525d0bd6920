//! imgproxy: `/SIGNATURE/OPTIONS/plain/SOURCE@EXTENSION`, or with the source as base64.
//!
//! <https://docs.imgproxy.net/usage/processing>; what it documents and what it answers differ, and this follows the
//! answers of version 4.0.

mod arguments;
mod format;
mod gravity;
mod options;
mod recipe;
mod url;

use crate::{
    refusal::Refusal,
    signature::{self, Hash, from_hex},
    source::{Sources, resolve},
    translation::{Request, Translation},
};
use arguments::Invalid;
pub(crate) use options::Options;
use safelight_core::Kind;
use std::collections::BTreeMap;
use url::{Parts, mended};

/// Named options, between slashes. Those of `default` come first in each URL.
pub(crate) type Presets = BTreeMap<String, String>;

/// The settings of imgproxy's URLs.
#[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Imgproxy {
    /// Keys as hexadecimal digits, as in `IMGPROXY_KEY`. Defaults to none: URLs are not signed.
    pub keys: Vec<String>,
    /// Salts as hexadecimal digits, one for each key, as in `IMGPROXY_SALT`. Defaults to none.
    pub salts: Vec<String>,
    /// Number of bytes of signatures, as in `IMGPROXY_SIGNATURE_SIZE`. Defaults to 32.
    pub signature_size: Option<usize>,
    /// Words that are accepted as signatures, as in `IMGPROXY_TRUSTED_SIGNATURES`. Defaults to none.
    pub trusted_signatures: Vec<String>,
    /// Named options, as in `IMGPROXY_PRESETS`: "card" = "rs:fill:300:200/q:70". Defaults to none.
    pub presets: Presets,
    /// Whether URLs have only names of presets, as in `IMGPROXY_ONLY_PRESETS`. Defaults to false.
    pub only_presets: bool,
    /// The picture for the option `watermark`, by its name in the setting watermarks or its path, in place of
    /// `IMGPROXY_WATERMARK_PATH`. Defaults to none: the option has no effect.
    pub watermark: Option<String>,
    /// A factor of its opacity, as in `IMGPROXY_WATERMARK_OPACITY`. Defaults to 1.
    pub watermark_opacity: Option<f64>,
    /// Start of sources, as in `IMGPROXY_BASE_URL`. Defaults to nothing.
    pub base_url: String,
    /// Starts of sources and the paths of this site that have them, such as `"s3://photos/" = "/photos/"`. Defaults
    /// to `"local:///" = "/"`.
    pub sources: Option<Sources>,
}

/// Bytes of a signature.
const SIGNATURE_BYTES: usize = 32;

/// The shortest signature that an operator may choose: shorter ones can be guessed.
const MIN_SIGNATURE_BYTES: usize = 8;

impl Imgproxy {
    /// The name of the service.
    pub(crate) const NAME: &'static str = "imgproxy";

    /// The documented options, with and without a translation.
    pub(crate) fn options_known() -> (Vec<&'static str>, Vec<&'static str>) {
        let first = |all: &[&[&'static str]]| all.iter().map(|names| names[0]).collect();
        (first(options::NAMES), first(options::PRO))
    }

    /// Checks the settings. Returns the first that is invalid, and what would be right.
    pub(crate) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let is_hex =
            |texts: &[String]| texts.iter().all(|text| from_hex(text).is_some_and(|key| !key.is_empty()));
        if !is_hex(&self.keys) {
            return Err(("keys", "hexadecimal digits"));
        }
        if !self.salts.iter().all(|salt| from_hex(salt).is_some()) || self.salts.len() > self.keys.len() {
            return Err(("salts", "hexadecimal digits, and not more salts than keys"));
        }
        let size = self.signature_size.unwrap_or(SIGNATURE_BYTES);
        if !(MIN_SIGNATURE_BYTES..=SIGNATURE_BYTES).contains(&size) {
            return Err(("signature-size", "a number from 8 to 32"));
        }
        for preset in self.presets.values() {
            if Options::default().apply_preset(preset, &self.presets).is_err() {
                return Err(("presets", "options between slashes"));
            }
        }
        Ok(())
    }

    /// Returns whether URLs need a signature.
    pub(crate) fn is_signed(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Translates a request.
    ///
    /// # Errors
    /// [`Refusal`], with imgproxy's statuses.
    pub(crate) fn translate(&self, request: &Request<'_>) -> Result<Translation, Refusal> {
        let path = mended(request.path.trim_start_matches('/'));
        let (signature, rest) = path.split_once('/').ok_or_else(invalid)?;
        self.check_signature(signature, rest)?;
        let parts = Parts::parse(rest).map_err(refusal)?;
        let options = self.options(&parts).map_err(refusal)?;
        if options.expires != 0 && options.expires < request.now {
            return Err(Refusal::new(Kind::NotFound, "the URL has expired"));
        }
        let source = format!("{}{}", self.base_url, parts.source);
        let path = match &self.sources {
            Some(sources) => resolve(&source, sources)?,
            None => resolve(&source, &[("local:///".to_owned(), "/".to_owned())].into())?,
        };
        let mark = self.watermark.clone().map(|name| (name, self.watermark_opacity.unwrap_or(1.0)));
        Ok(Translation::new(path, move |image| options.words(image, mark.as_ref())))
    }

    /// Returns the options of a URL.
    fn options(&self, parts: &Parts<'_>) -> Result<Options, Invalid> {
        let mut options = Options::default();
        if let Some(preset) = self.presets.get("default") {
            options.apply_preset(preset, &self.presets)?;
        }
        for option in &parts.options {
            if self.only_presets {
                options.apply(&format!("preset:{option}"), &self.presets)?;
            } else {
                options.apply(option, &self.presets)?;
            }
        }
        if let Some(extension) = parts.extension.as_ref().filter(|_| !options.is_raw) {
            options.format = Some(format::parse(extension).ok_or(Invalid::Option)?);
        }
        Ok(options)
    }

    /// Checks a signature of the rest of the path.
    fn check_signature(&self, signature: &str, rest: &str) -> Result<(), Refusal> {
        if !self.is_signed() {
            // Then any word is one; with a colon it is an option, whose signature was forgotten.
            return if signature.contains(':') { Err(Refusal::signature()) } else { Ok(()) };
        }
        let size = self.signature_size.unwrap_or(SIGNATURE_BYTES);
        let is_valid = |(index, key): (usize, &String)| {
            let key = from_hex(key).unwrap_or_default();
            let salt = self.salts.get(index).and_then(|salt| from_hex(salt)).unwrap_or_default();
            let mac = signature::hmac(Hash::Sha256, &key, &[&salt, b"/", rest.as_bytes()]);
            let expected = signature::base64(mac.get(..size).unwrap_or(&mac));
            !key.is_empty() && signature::is_equal(&expected, signature)
        };
        let is_trusted = self.trusted_signatures.iter().any(|word| signature::is_equal(word, signature));
        if is_trusted || self.keys.iter().enumerate().any(is_valid) {
            Ok(())
        } else {
            Err(Refusal::signature())
        }
    }
}

/// Returns the rejection of an option.
fn refusal(invalid_option: Invalid) -> Refusal {
    match invalid_option {
        Invalid::Option => invalid(),
        Invalid::Pro(option) => {
            Refusal::Unsupported { service: Imgproxy::NAME, option: option.to_owned(), reason: "" }
        }
        Invalid::Limit => {
            Refusal::new(Kind::Forbidden, "limits may not be set in the URL: they are the operator's")
        }
    }
}

fn invalid() -> Refusal {
    Refusal::new(Kind::NotFound, "invalid URL: expected a signature, options of imgproxy, and a source")
}
