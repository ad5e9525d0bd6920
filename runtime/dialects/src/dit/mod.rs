//! AWS's Dynamic Image Transformation, formerly Serverless Image Handler: version 7 with JSON in base64 or paths like
//! thumbor's, and version 8 with a query.
//!
//! <https://docs.aws.amazon.com/solutions/latest/dynamic-image-transformation-for-amazon-cloudfront/>; this follows the
//! answers of versions 7.0.8 and 8.0.1.

mod edits;
mod geometry;
mod json;
mod path;
mod query;
pub(crate) mod version8;

pub use version8::Dit8;

use crate::{
    refusal::Refusal,
    signature::{self, Hash},
    source::{missing, path_of},
    translation::{Request, Translation},
};
use base64::{Engine, prelude::BASE64_STANDARD};
pub(crate) use edits::{Edits, TRANSLATED, UNTRANSLATED};
use safelight_core::Kind;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The settings of URLs of Dynamic Image Transformation 7.
#[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Dit {
    /// Keys, as in the secret that `SECRETS_MANAGER` and `SECRET_KEY` name. Defaults to none: URLs are not signed.
    pub keys: Vec<String>,
    /// Buckets, as in `SOURCE_BUCKETS`, and the paths of this site that have their images, such as "photos" = "/photos/".
    /// Defaults to none: names of buckets are ignored, and all images are below /.
    pub buckets: BTreeMap<String, String>,
    /// The bucket of URLs that name none. Defaults to the only one.
    pub default_bucket: Option<String>,
}

impl Dit {
    pub(crate) const NAME: &'static str = "dit";

    pub(crate) fn is_signed(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Checks the settings, as [`crate::Dialect::check`].
    pub(crate) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if self.keys.iter().any(String::is_empty) {
            return Err(("keys", "texts that are not empty"));
        }
        let is_known = match &self.default_bucket {
            Some(bucket) => self.buckets.contains_key(bucket),
            None => self.buckets.len() < 2,
        };
        if !is_known {
            return Err(("default-bucket", "one of the buckets"));
        }
        if self.buckets.values().any(|path| !path.starts_with('/') || !path.ends_with('/')) {
            return Err(("buckets", "paths that begin and end with a slash"));
        }
        Ok(())
    }

    /// Translates a request.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn translate(&self, request: &Request<'_>) -> Result<Translation, Refusal> {
        let pairs = query::pairs(request.query.unwrap_or_default());
        self.check_signature(request.path, &pairs)?;
        if let Some(expires) = query::last(&pairs, "expires") {
            let until = query::time(expires)
                .ok_or_else(|| invalid(format!("expires: expected YYYYMMDDTHHmmssZ, got {expires:?}")))?;
            if until < request.now {
                return Err(invalid("the URL has expired"));
            }
        }
        let mut asked = match from_base64(request.path) {
            Some(members) => json::asked(members)?,
            None => path::asked(request.path)?,
        };
        query::replace(&mut asked.edits, &pairs)?;
        let folder = self.folder(asked.bucket.as_deref())?;
        let folder_of = |bucket: &str| self.folder(Some(bucket)).map(str::to_owned);
        let edits = Edits::new(Self::NAME, &asked.edits, asked.output.as_deref(), &folder_of)?;
        let key = path_of(&asked.key);
        let path = format!("{folder}{}", &key[1..]);
        Ok(Translation::new(path, move |image| edits.words(image)))
    }

    /// Returns the path of a bucket.
    fn folder(&self, bucket: Option<&str>) -> Result<&str, Refusal> {
        if self.buckets.is_empty() {
            return Ok("/");
        }
        let default = || self.default_bucket.as_deref().or(self.buckets.keys().next().map(String::as_str));
        let name = bucket.or_else(default).unwrap_or_default();
        let folder = self.buckets.get(name).map(String::as_str);
        folder.ok_or_else(|| {
            Refusal::new(Kind::Forbidden, format!("unknown bucket {name:?}: expected a configured one"))
        })
    }

    fn check_signature(&self, path: &str, pairs: &[(String, String)]) -> Result<(), Refusal> {
        if !self.is_signed() {
            return Ok(());
        }
        let found = query::last(pairs, "signature").ok_or_else(Refusal::signature)?;
        let mut signed: Vec<_> = pairs.iter().filter(|(key, _)| key != "signature").collect();
        signed.sort();
        let signed: Vec<_> = signed.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let message =
            if signed.is_empty() { path.to_owned() } else { format!("{path}?{}", signed.join("&")) };
        let is_valid = |key: &String| {
            let mac = signature::hmac(Hash::Sha256, key.as_bytes(), &[message.as_bytes()]);
            signature::is_equal(&signature::hex(&mac), found)
        };
        if self.keys.iter().any(is_valid) { Ok(()) } else { Err(Refusal::signature()) }
    }
}

/// A request of version 7.
#[derive(Debug, Default)]
struct Asked {
    /// Defaults to `None`: the default bucket.
    bucket: Option<String>,
    key: String,
    edits: Map<String, Value>,
    /// Format of the result, unless an edit names one. Defaults to `None`: that of the source.
    output: Option<String>,
}

/// Returns the members of an object of JSON in base64, which the whole path is.
fn from_base64(path: &str) -> Option<Map<String, Value>> {
    let bytes = BASE64_STANDARD.decode(path.strip_prefix('/').unwrap_or(path)).ok()?;
    match serde_json::from_slice(&bytes).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(Kind::InvalidParam, message)
}

/// Returns a key that is not empty.
fn key_of(key: &str) -> Result<String, Refusal> {
    if key.is_empty() { Err(missing()) } else { Ok(key.to_owned()) }
}
