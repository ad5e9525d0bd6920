//! The services whose URLs are translated, and their settings.

use crate::{
    cloudflare::{self, Cloudflare},
    dit::{self, Dit, Dit8},
    imgix::{self, Imgix},
    imgproxy::Imgproxy,
    refusal::Refusal,
    thumbor::{Flavour, Imagor, Thumbor, filters_known},
    translation::{Request, Translation},
};

/// A service, by its name.
#[derive(Clone, Debug)]
pub enum Dialect {
    /// imgproxy.
    Imgproxy(Imgproxy),
    /// thumbor.
    Thumbor(Thumbor),
    /// imagor.
    Imagor(Imagor),
    /// Dynamic Image Transformation 7.
    Dit(Dit),
    /// Dynamic Image Transformation 8.
    Dit8(Dit8),
    /// Cloudflare Images.
    Cloudflare(Cloudflare),
    /// imgix.
    Imgix(Imgix),
}

/// The settings of the services.
#[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// Settings of imgproxy.
    pub imgproxy: Imgproxy,
    /// Settings of thumbor.
    pub thumbor: Thumbor,
    /// Settings of imagor.
    pub imagor: Imagor,
    /// Settings of Dynamic Image Transformation 7.
    pub dit: Dit,
    /// Settings of Dynamic Image Transformation 8.
    pub dit8: Dit8,
    /// Settings of Cloudflare Images.
    pub cloudflare: Cloudflare,
    /// Settings of imgix.
    pub imgix: Imgix,
}

impl Dialect {
    /// The names of the services.
    pub const NAMES: &[&str] = &["imgproxy", "thumbor", "imagor", "dit", "dit8", "cloudflare", "imgix"];

    /// Returns the service of this name with its settings; `None` for an unknown name.
    pub fn new(name: &str, settings: &Settings) -> Option<Self> {
        Some(match name {
            "imgproxy" => Self::Imgproxy(settings.imgproxy.clone()),
            "thumbor" => Self::Thumbor(settings.thumbor.clone()),
            "imagor" => Self::Imagor(settings.imagor.clone()),
            "dit" => Self::Dit(settings.dit.clone()),
            "dit8" => Self::Dit8(settings.dit8.clone()),
            "cloudflare" => Self::Cloudflare(settings.cloudflare.clone()),
            "imgix" => Self::Imgix(settings.imgix.clone()),
            _ => return None,
        })
    }

    /// Returns the documented options of a service, or its filters, with and without a translation.
    pub fn options(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        let lists =
            |translated: &[&'static str], others: &[&'static str]| (translated.to_vec(), others.to_vec());
        match self {
            Self::Imgproxy(_) => Imgproxy::options_known(),
            Self::Thumbor(_) => filters_known(Flavour::Thumbor),
            Self::Imagor(_) => filters_known(Flavour::Imagor),
            Self::Dit(_) => lists(dit::TRANSLATED, dit::UNTRANSLATED),
            Self::Dit8(_) => lists(dit::version8::TRANSLATED, dit::version8::UNTRANSLATED),
            Self::Cloudflare(_) => {
                let names: Vec<_> = cloudflare::NAMES.iter().map(|names| names[0]).collect();
                lists(&names, cloudflare::UNTRANSLATED)
            }
            Self::Imgix(_) => lists(imgix::TRANSLATED, imgix::UNTRANSLATED),
        }
    }

    /// Returns whether the URLs of the service of this name begin with a prefix of their own.
    pub fn has_prefix(name: &str) -> bool {
        name == Cloudflare::NAME
    }

    /// Returns whether the URLs begin with a prefix of their own.
    pub fn is_prefixed(&self) -> bool {
        matches!(self, Self::Cloudflare(_))
    }

    /// Returns whether a path is one of the service: all are, unless they begin with a prefix of their own.
    pub fn claims(&self, path: &str) -> bool {
        !self.is_prefixed() || path.starts_with(cloudflare::PREFIX)
    }

    /// Returns the name of the service.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Imgproxy(_) => Imgproxy::NAME,
            Self::Thumbor(_) => Thumbor::NAME,
            Self::Imagor(_) => Imagor::NAME,
            Self::Dit(_) => Dit::NAME,
            Self::Dit8(_) => Dit8::NAME,
            Self::Cloudflare(_) => Cloudflare::NAME,
            Self::Imgix(_) => Imgix::NAME,
        }
    }

    /// Returns whether URLs need a signature.
    pub fn is_signed(&self) -> bool {
        match self {
            Self::Imgproxy(imgproxy) => imgproxy.is_signed(),
            Self::Thumbor(thumbor) => thumbor.is_signed(),
            Self::Imagor(imagor) => imagor.is_signed(),
            Self::Dit(dit) => dit.is_signed(),
            Self::Imgix(imgix) => imgix.is_signed(),
            Self::Dit8(_) | Self::Cloudflare(_) => false,
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// The name of the first invalid one, and what would be right.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        match self {
            Self::Imgproxy(imgproxy) => imgproxy.check(),
            Self::Thumbor(thumbor) => thumbor.check(),
            Self::Imagor(imagor) => imagor.check(),
            Self::Dit(dit) => dit.check(),
            Self::Dit8(dit8) => dit8.check(),
            Self::Imgix(imgix) => imgix.check(),
            Self::Cloudflare(_) => Ok(()),
        }
    }

    /// Translates a request.
    ///
    /// # Errors
    /// [`Refusal`], with the status of the service.
    pub fn translate(&self, request: &Request<'_>) -> Result<Translation, Refusal> {
        match self {
            Self::Imgproxy(imgproxy) => imgproxy.translate(request),
            Self::Thumbor(thumbor) => thumbor.translate(request),
            Self::Imagor(imagor) => imagor.translate(request),
            Self::Dit(dit) => dit.translate(request),
            Self::Dit8(dit8) => dit8.translate(request),
            Self::Cloudflare(cloudflare) => cloudflare.translate(request),
            Self::Imgix(imgix) => imgix.translate(request),
        }
    }
}
