//! Settings of dialects.

use super::{Dialects, Place, Placed};
use crate::{StartError, setting::table, site::Prefix};
use clap::Args;
use safelight_dialects::{Dialect, Settings};
use std::{fmt, str::FromStr};

/// The settings of URLs of other services.
#[derive(Args, Clone, Debug, Default)]
pub struct DialectArguments {
    /// Services whose URLs are understood, separated by commas: imgproxy, thumbor, imagor, dit, cloudflare or imgix, each with
    /// a prefix of the path or a host, as in imgproxy=/img or imgix=img.example. One alone is understood everywhere,
    /// several below their names
    #[arg(long, env = "SAFELIGHT_DIALECT", value_name = "SERVICES", value_delimiter = ',')]
    pub dialect: Vec<PlacedDialect>,

    /// Settings of these services, such as their keys, as a table: JSON, or @ and the name of a file with it
    #[arg(long, env = "SAFELIGHT_DIALECTS", value_name = "JSON", hide_env_values = true, value_parser = table::<Settings>)]
    pub dialects: Option<Settings>,
}

/// The name of a service, and where its URLs are understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedDialect {
    name: String,
    place: Option<Place>,
}

/// A text that is no service with a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidDialect;

impl fmt::Display for InvalidDialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "expected one of {}, or one with a prefix or a host, as in imgproxy=/img",
            Dialect::NAMES.join(", ")
        )
    }
}

impl std::error::Error for InvalidDialect {}

impl FromStr for PlacedDialect {
    type Err = InvalidDialect;

    fn from_str(text: &str) -> Result<Self, InvalidDialect> {
        let (name, place) = match text.split_once('=') {
            Some((name, place)) => (name, Some(Place::parse(place).ok_or(InvalidDialect)?)),
            None => (text, None),
        };
        if !Dialect::NAMES.contains(&name) {
            return Err(InvalidDialect);
        }
        Ok(Self { name: name.to_owned(), place })
    }
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        if text.starts_with('/') {
            return Prefix::parse(text).map(Self::Prefix);
        }
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        let is_valid = !text.is_empty() && text.bytes().all(is_host);
        is_valid.then(|| Self::Host(text.to_ascii_lowercase()))
    }
}

impl DialectArguments {
    /// Returns the dialects.
    ///
    /// # Errors
    /// [`StartError`], with a message for the operator.
    pub fn dialects(&self) -> Result<Dialects, StartError> {
        let settings = self.dialects.clone().unwrap_or_default();
        // Those that claim all paths of their place.
        let is_alone = self.dialect.iter().filter(|placed| !Dialect::has_prefix(&placed.name)).count() < 2;
        let mut all: Vec<Placed> = Vec::new();
        for PlacedDialect { name, place } in &self.dialect {
            let expected = "services that are each named once";
            let own = format!("/{name}");
            let dialect = Dialect::new(name, &settings);
            let dialect = dialect.ok_or_else(|| StartError::setting("dialect", name, expected))?;
            dialect.check().map_err(|(key, expected)| StartError::Text {
                setting: "dialects",
                value: format!("{name}.{key}"),
                reason: format!("expected {expected}"),
            })?;
            let is_everywhere = is_alone || Dialect::has_prefix(name);
            let default = || Prefix::parse(if is_everywhere { "/" } else { own.as_str() });
            let place = place.clone().or_else(|| default().map(Place::Prefix));
            let place = place.ok_or_else(|| StartError::setting("dialect", name, expected))?;
            let is_taken = |other: &Placed| other.place == place && !Dialect::has_prefix(name);
            if all.iter().any(|other| is_taken(other) && !other.dialect.is_prefixed()) {
                return Err(StartError::setting("dialect", name, "another prefix or host: it is taken"));
            }
            all.push(Placed { place, dialect });
        }
        // The most precise first: hosts, dialects with a prefix of their own, long prefixes.
        all.sort_by_key(|placed| match &placed.place {
            Place::Host(_) => (0, 0),
            Place::Prefix(prefix) => {
                (if placed.dialect.is_prefixed() { 1 } else { 2 }, usize::MAX - prefix.len())
            }
        });
        Ok(Dialects(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialects(texts: &[&str]) -> Result<String, String> {
        let dialect = texts.iter().map(|text| text.parse::<PlacedDialect>()).collect::<Result<_, _>>();
        let dialect = dialect.map_err(|error| error.to_string())?;
        let arguments = DialectArguments { dialect, dialects: None };
        let found = arguments.dialects().map_err(|error| error.to_string())?;
        Ok(format!("{:?}", found.0.iter().map(|placed| &placed.place).collect::<Vec<_>>()))
    }

    #[test]
    fn dialects_have_places() {
        let check =
            |texts: &[&str], expected: &str| assert_eq!(dialects(texts).unwrap(), expected, "{texts:?}");
        check(&["imgproxy"], "[Prefix(Prefix([]))]");
        check(&["imgproxy=/i"], "[Prefix(Prefix([\"i\"]))]");
        check(&["imgproxy=Img.example"], "[Host(\"img.example\")]");
        check(&["imgix", "cloudflare"], "[Prefix(Prefix([])), Prefix(Prefix([]))]");
        check(&["imgix", "thumbor"], "[Prefix(Prefix([\"imgix\"])), Prefix(Prefix([\"thumbor\"]))]");
        assert!(dialects(&["imgix=/a", "thumbor=/a"]).is_err(), "both claim all of /a");
        for text in ["", "imgproxyy", "imgproxy=", "imgproxy=/../a", "imgproxy=a/b"] {
            assert!(dialects(&[text]).is_err(), "{text}");
        }
    }
}
