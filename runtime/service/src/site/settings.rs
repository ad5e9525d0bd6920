//! Settings of origins.

use crate::{
    StartError,
    cache_control::{CacheSettings, Fallback},
    setting::table,
    sides::{ImagePath, Watermarks},
    source::{Amazon, Origin, Remote, SourceSettings, origin},
};
use clap::Args;
use safelight_edge::rules::{Allow, Ladders, Presets};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc};

/// The setting that names origins.
#[derive(Args, Clone, Debug, Default)]
pub struct OriginArguments {
    /// Origins by prefixes of paths, besides the source or instead of it, as a table: JSON, or @ and the name of a file
    /// with it
    #[arg(long, env = "SAFELIGHT_ORIGINS", value_name = "JSON", value_parser = table::<Origins>)]
    pub origins: Option<Origins>,
}

/// The origins of a site by their prefixes, such as `/photos`.
pub type Origins = BTreeMap<String, OriginSettings>;

/// An origin, and settings that override those of the program for its images.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct OriginSettings {
    /// A folder, or the URL of a bucket or of a web server. Either this or hosts is required.
    pub source: Option<String>,
    /// Hosts of remote images, as in /remote/https://host/photo.jpg, with the port if it is not the default; HTTPS unless
    /// the entry begins with http://. Defaults to none.
    pub hosts: Vec<String>,
    /// Starts of paths below the prefix and what replaces them, such as "/old/" = "/archive/". The longest wins. Defaults
    /// to none.
    pub rewrite: BTreeMap<String, String>,
    /// Whether the query key versionId chooses the version of an object. For s3:// only. Defaults to false.
    pub versions: bool,
    /// Credentials of a bucket. For s3:// only. Defaults to those of the environment.
    pub credentials: Option<CredentialSettings>,
    /// As the setting follow-redirects.
    pub follow_redirects: Option<Vec<String>>,
    /// As the setting allow-address.
    pub allow_address: Option<Vec<String>>,
    /// As the setting presets.
    pub presets: Option<Presets>,
    /// As the setting only-presets.
    pub only_presets: Option<bool>,
    /// As the setting allow.
    pub allow: Option<Allow>,
    /// As the setting ladders.
    pub ladders: Option<Ladders>,
    /// As the setting quality-target.
    pub quality_target: Option<QualityTarget>,
    /// As the setting fallback.
    pub fallback: Option<Fallback>,
    /// As the setting cache.
    pub cache: Option<CacheSettings>,
    /// As the setting watermarks.
    pub watermarks: Option<Watermarks>,
    /// As the setting watermark-paths.
    pub watermark_paths: Option<Vec<ImagePath>>,
}

/// A SSIMULACRA2 score at which qualities aim.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(try_from = "u8")]
pub struct QualityTarget(#[schemars(range(min = 30, max = 95))] u8);

impl QualityTarget {
    /// Scores outside of it are no qualities that anyone wants, or none that encoders reach.
    pub(crate) const RANGE: RangeInclusive<u8> = 30..=95;
}

impl TryFrom<u8> for QualityTarget {
    type Error = String;

    fn try_from(score: u8) -> Result<Self, String> {
        if Self::RANGE.contains(&score) {
            return Ok(Self(score));
        }
        Err(format!("expected a score from {} to {}, got {score}", Self::RANGE.start(), Self::RANGE.end()))
    }
}

impl From<QualityTarget> for u8 {
    fn from(target: QualityTarget) -> Self {
        target.0
    }
}

/// Credentials of a bucket, and where it is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct CredentialSettings {
    /// Profile of AWS's configuration files. Defaults to the credentials of the environment.
    pub profile: Option<String>,
    /// Region. Defaults to that of the profile or of the environment.
    pub region: Option<String>,
    /// Endpoint of a store that is compatible with S3. Defaults to that of the profile or of the environment.
    pub endpoint: Option<String>,
}

impl OriginSettings {
    /// Opens the origin, with `settings` where it has none of its own.
    ///
    /// # Errors
    /// [`StartError`], with a message for the operator.
    pub(super) fn origin(&self, settings: &SourceSettings) -> Result<Arc<dyn Origin>, StartError> {
        let mut settings = settings.clone();
        if let Some(hosts) = &self.follow_redirects {
            settings.follow_redirects = parse("follow-redirects", hosts)?;
        }
        if let Some(addresses) = &self.allow_address {
            settings.allow_address = parse("allow-address", addresses)?;
        }
        self.check()?;
        let credentials = self.credentials.clone().unwrap_or_default();
        let CredentialSettings { profile, region, endpoint } = credentials;
        settings.amazon = Amazon { profile, region, endpoint, versions: self.versions };
        match &self.source {
            Some(source) => origin(source, &settings),
            None => Ok(Arc::new(Remote::new(&self.hosts, &settings)?)),
        }
    }

    /// Checks the settings that depend on each other.
    ///
    /// # Errors
    /// [`StartError`], with a message for the operator.
    pub(super) fn check(&self) -> Result<(), StartError> {
        if self.source.is_some() != self.hosts.is_empty() {
            return Err(StartError::setting("source", "", "either source or hosts"));
        }
        for (start, replacement) in &self.rewrite {
            if !start.starts_with('/') || !replacement.starts_with('/') {
                return Err(StartError::setting(
                    "rewrite",
                    start,
                    "starts of paths, which begin with a slash",
                ));
            }
        }
        let is_amazon = self.source.as_deref().is_some_and(|source| source.starts_with("s3://"));
        if (self.versions || self.credentials.is_some()) && !is_amazon {
            let expected = "a source s3://bucket with versions or credentials";
            return Err(StartError::setting("source", self.source.as_deref().unwrap_or_default(), expected));
        }
        Ok(())
    }
}

fn parse<T: std::str::FromStr>(setting: &'static str, texts: &[String]) -> Result<Vec<T>, StartError>
where
    T::Err: std::fmt::Display,
{
    let parse = |text: &String| {
        text.parse().map_err(|error: T::Err| StartError::Text {
            setting,
            value: text.clone(),
            reason: error.to_string(),
        })
    };
    texts.iter().map(parse).collect()
}
