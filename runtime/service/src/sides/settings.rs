//! Settings of side images.

use crate::{setting::table, source::Key};
use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use std::collections::BTreeMap;

/// The images that transforms may use besides the source.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct SideSettings {
    /// Watermarks by their names, as a table of paths of images of the same origin: JSON, or @ and the name of a file with
    /// it
    #[arg(long, env = "SAFELIGHT_WATERMARKS", value_name = "JSON", value_parser = table::<Watermarks>)]
    pub watermarks: Option<Watermarks>,

    /// Starts of paths of images that a query may name as a watermark, separated by commas, as in /logos/
    #[arg(long, env = "SAFELIGHT_WATERMARK_PATHS", value_name = "PATHS", value_delimiter = ',')]
    pub watermark_paths: Vec<ImagePath>,
}

/// Paths of watermarks by their names.
pub type Watermarks = BTreeMap<String, ImagePath>;

/// A path of an origin, or the start of one. It begins with a slash.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(transparent)]
pub struct ImagePath(String);

impl ImagePath {
    /// Returns the path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is not a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a path that begins with a slash, as in /logos/")]
pub struct InvalidPath;

impl std::str::FromStr for ImagePath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        let plain = text.strip_suffix('/').unwrap_or(text);
        let is_path = text == "/" || Key::from_path(plain).is_ok();
        is_path.then(|| Self(text.to_owned())).ok_or(InvalidPath)
    }
}

impl<'de> Deserialize<'de> for ImagePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl SideSettings {
    /// Returns the path of the side image that a query names; `None` if there is none, or the query may not name it.
    pub(super) fn path(&self, name: &str) -> Option<String> {
        if name.starts_with('/') {
            // A path is the same decoded, so no spelling of another folder passes.
            let key = Key::from_path(name).ok()?;
            let path = format!("/{key}");
            let is_allowed = self.watermark_paths.iter().any(|start| path.starts_with(start.as_str()));
            return (is_allowed && !name.contains('%')).then_some(path);
        }
        let mut all = self.watermarks.iter().flatten();
        all.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, path)| path.as_str().to_owned())
    }

    /// Returns what a query may name, for messages.
    pub(super) fn form(&self) -> String {
        let names = self.watermarks.iter().flatten().map(|(name, _)| name.clone());
        let paths = self.watermark_paths.iter().map(|path| format!("a path below {}", path.as_str()));
        let all: Vec<String> = names.chain(paths).collect();
        if all.is_empty() { "no watermark: this server has none".to_owned() } else { all.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_what_the_operator_allows() {
        let settings = SideSettings {
            watermarks: Some([("logo".to_owned(), "/brand/logo.png".parse().unwrap())].into()),
            watermark_paths: vec!["/logos/".parse().unwrap()],
        };
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(settings.path(name).as_deref(), expected, "{name}");
        };
        check("logo", Some("/brand/logo.png"));
        check("other", None);
        check("/logos/a b.png", Some("/logos/a b.png"));
        for hostile in [
            "/brand/logo.png",
            "/logos",
            "/logos/../private/a.png",
            "/logos/.hidden.png",
            "/logos//a.png",
            "/logos/%2e%2e/a.png",
            "/logos/..%2fa.png",
            "/logos\\..\\a.png",
        ] {
            check(hostile, None);
        }
        assert_eq!(settings.form(), "logo, a path below /logos/");
        assert_eq!(SideSettings::default().path("/a.png"), None);
    }

    #[test]
    fn paths_begin_with_a_slash() {
        for (text, is_path) in
            [("/", true), ("/a/", true), ("/a/b.png", true), ("a", false), ("/../a", false), ("", false)]
        {
            assert_eq!(text.parse::<ImagePath>().is_ok(), is_path, "{text}");
        }
    }
}
