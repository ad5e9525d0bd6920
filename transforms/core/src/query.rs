//! The query string, checked against the declared parameters and brought into canonical form.

use crate::{Error, Kind, Result};
use std::fmt;

/// One declared query parameter: the source of validation, help, `params.json` and the CDN's
/// allow-list.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Canonical key, camelCase.
    pub key: &'static str,
    /// Other spellings of the key.
    pub aliases: &'static [&'static str],
    /// What a value may be.
    pub kind: ParamKind,
    /// One line for humans, without a final dot.
    pub doc: &'static str,
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// `true` in any letter case asks for it; any other value is as if the key were absent.
    Flag,
    /// A whole number from `min` to `max`, both included.
    Integer {
        /// Least value.
        min: u32,
        /// Greatest value.
        max: u32,
        /// Unit for humans, such as `px`.
        unit: &'static str,
    },
    /// One of these words, in any letter case.
    OneOf(&'static [&'static str]),
}

/// The known, checked key-value pairs of a request, in declaration order, in canonical spelling.
///
/// Its `Display` is the canonical query string: equal requests have equal ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Parses `raw` (`a=1&b=2`, percent-encoded, without the question mark) against `params`.
    ///
    /// Unknown keys are left out: trackers add them, and they mean nothing here.
    ///
    /// # Errors
    /// [`Kind::InvalidParam`] if a known key has a value outside its kind, or two different values.
    pub fn parse(raw: &str, params: impl IntoIterator<Item = &'static Param>) -> Result<Self> {
        let pairs: Vec<_> = form_urlencoded::parse(raw.as_bytes()).collect();
        let mut known = Vec::new();
        for param in params {
            let is_own = |key: &str| key == param.key || param.aliases.contains(&key);
            let mut values = pairs.iter().filter(|(key, _)| is_own(key)).map(|(_, value)| value);
            let Some(value) = values.next() else { continue };
            if let Some(other) = values.find(|other| *other != value) {
                let message = format!("was given twice, as {value:?} and {other:?}; give it once");
                return Err(Error::new(Kind::InvalidParam, param.key, message));
            }
            known.extend(param.canonical(value)?.map(|value| (param.key, value)));
        }
        Ok(Self(known))
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The canonical value of `key`, if it was given.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_str())
    }

    /// Whether the [`ParamKind::Flag`] `key` was asked for.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The value of the [`ParamKind::Integer`] `key`, if it was given.
    pub fn integer(&self, key: &str) -> Option<u32> {
        self.get(key).and_then(|value| value.parse().ok())
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish())
    }
}

impl Param {
    /// The canonical spelling of `value`, `None` where it asks for nothing.
    fn canonical(&self, value: &str) -> Result<Option<String>> {
        let wrong = |right: String| {
            let message = format!("must be {right}, not {value:?}");
            Error::new(Kind::InvalidParam, self.key, message)
        };
        match self.kind {
            ParamKind::Flag => Ok(value.eq_ignore_ascii_case("true").then(|| "true".to_owned())),
            ParamKind::Integer { min, max, unit } => match value.parse::<u32>() {
                Ok(number) if (min..=max).contains(&number) => Ok(Some(number.to_string())),
                _ => Err(wrong(format!("a whole number from {min} to {max} {unit}"))),
            },
            ParamKind::OneOf(words) => match words.iter().find(|word| word.eq_ignore_ascii_case(value)) {
                Some(word) => Ok(Some((*word).to_owned())),
                None => Err(wrong(format!("one of {}", words.join(", ")))),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: &[Param] = &[
        Param { key: "showExif", aliases: &[], kind: ParamKind::Flag, doc: "x" },
        Param {
            key: "width",
            aliases: &["w"],
            kind: ParamKind::Integer { min: 1, max: 9, unit: "px" },
            doc: "x",
        },
        Param { key: "fit", aliases: &[], kind: ParamKind::OneOf(&["cover", "fill"]), doc: "x" },
    ];

    fn check(raw: &str, expected: Result<&str, &str>) {
        let found = Query::parse(raw, PARAMS).map(|query| query.to_string());
        match expected {
            Ok(canonical) => assert_eq!(found.unwrap(), canonical, "{raw}"),
            Err(message) => assert_eq!(found.unwrap_err().to_string(), message, "{raw}"),
        }
    }

    #[test]
    fn queries_have_one_canonical_form() {
        check("", Ok(""));
        check("showExif=true", Ok("showExif=true"));
        check("showExif=TrUe&utm_source=x", Ok("showExif=true"));
        check("showExif=1", Ok(""));
        check("showExif", Ok(""));
        check("fit=COVER&w=05", Ok("width=5&fit=cover"));
        check("width=5&w=5", Ok("width=5"));
        check("%77=5&%ff=1", Ok("width=5"));
    }

    #[test]
    fn a_wrong_value_says_what_would_be_right() {
        check("w=0", Err("width: must be a whole number from 1 to 9 px, not \"0\""));
        check("width=-1", Err("width: must be a whole number from 1 to 9 px, not \"-1\""));
        check("fit=x", Err("fit: must be one of cover, fill, not \"x\""));
        check("w=5&width=6", Err("width: was given twice, as \"5\" and \"6\"; give it once"));
    }
}
