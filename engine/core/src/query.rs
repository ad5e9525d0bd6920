//! The query string, validated against the declared parameters and brought into canonical form.

use crate::{
    Error, Format, Param, ParamKind, Result,
    accept::{accepted, negotiate},
    param::{AUTO, BEST, shorten},
};
use std::fmt;

/// The validated key-value pairs of a request, in declaration order and canonical spelling.
///
/// `Display` gives the canonical query string, which is equal for equal requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    pairs: Vec<(&'static str, String)>,
    /// Whether the result depends on the request's `Accept` header, so that caches must vary by it.
    pub is_negotiated: bool,
}

impl Query {
    /// Parses `raw` (`a=1&b=2`, percent-encoded, without the question mark) against `params`.
    ///
    /// Unknown keys are ignored: [`crate::KeyRules`] rejects them. A key without a value counts as absent, because forms
    /// send their empty fields.
    ///
    /// # Errors
    /// [`crate::Kind::InvalidParam`] if a known key has an invalid value, or two different values.
    pub fn parse(raw: &str, accept: &str, params: impl IntoIterator<Item = &'static Param>) -> Result<Self> {
        let pairs: Vec<_> = form_urlencoded::parse(raw.as_bytes()).collect();
        let mut query = Self::default();
        for param in params {
            let own = pairs.iter().filter(|(key, value)| param.is_named(key) && !value.is_empty());
            let mut values = own.map(|(_, value)| value);
            let Some(value) = values.next() else { continue };
            if let Some(other) = values.find(|other| *other != value) {
                let (value, other) = (shorten(value), shorten(other));
                let message = format!("expected one value, got {value:?} and {other:?}");
                return Err(Error::param(param.key, message));
            }
            let value = match param.kind {
                ParamKind::Negotiated { words, auto, .. }
                    if [AUTO, BEST].iter().any(|word| word.eq_ignore_ascii_case(value)) =>
                {
                    query.is_negotiated = true;
                    let types = words.iter().filter_map(|word| Format::from_word(word)).map(Format::mime);
                    let others = types.filter(|mime| auto.iter().all(|(known, _)| known != mime));
                    Some(if value.eq_ignore_ascii_case(AUTO) {
                        negotiate(accept, auto, others).unwrap_or(AUTO).to_owned()
                    } else {
                        accepted(accept, auto, others)
                    })
                }
                _ => param.canonical(value)?,
            };
            let value = value.filter(|value| Some(value.as_str()) != param.default);
            query.pairs.extend(value.map(|value| (param.key, value)));
        }
        Ok(query)
    }

    /// Returns whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Removes all pairs, and keeps whether the query depends on `Accept`.
    #[must_use]
    pub(crate) fn cleared(self) -> Self {
        Self { pairs: Vec::new(), ..self }
    }

    /// Returns the pairs in canonical order and spelling.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.pairs.iter().map(|(key, value)| (*key, value.as_str()))
    }

    /// Replaces each value by what `replace` returns for its key and itself. Values are canonical before and after.
    ///
    /// # Errors
    /// Those of `replace`.
    pub fn try_map(
        mut self,
        mut replace: impl FnMut(&'static str, String) -> Result<String>,
    ) -> Result<Self> {
        for (key, value) in &mut self.pairs {
            *value = replace(key, std::mem::take(value))?;
        }
        Ok(self)
    }

    /// Returns the query with the pairs of `other` whose keys it lacks, in the order of `params`.
    #[must_use]
    pub fn or(&self, other: &Self, params: impl IntoIterator<Item = &'static Param>) -> Self {
        let is_negotiated = self.is_negotiated || other.is_negotiated;
        let pair = |param: &'static Param| {
            let value = self.get(param.key).or_else(|| other.get(param.key))?;
            Some((param.key, value.to_owned()))
        };
        Self { pairs: params.into_iter().filter_map(pair).collect(), is_negotiated }
    }

    /// Returns the canonical value of `key`, if present.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_str())
    }

    /// Returns whether the [`ParamKind::Flag`] or [`ParamKind::FlagOr`] `key` is set.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Returns the value of the [`ParamKind::Integer`] `key`, if present.
    pub fn integer(&self, key: &str) -> Option<u32> {
        self.get(key).and_then(|value| value.parse().ok())
    }

    /// Returns the value of the [`ParamKind::Decimal`] `key`, if present.
    pub fn decimal(&self, key: &str) -> Option<f64> {
        self.get(key).and_then(|value| value.parse().ok())
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.pairs).finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: &[Param] = &[
        Param { key: "showExif", aliases: &[], kind: ParamKind::Flag, default: None, doc: "x" },
        Param {
            key: "width",
            aliases: &["w"],
            kind: ParamKind::Integer { min: 1, max: 9, unit: "px" },
            default: None,
            doc: "x",
        },
        Param {
            key: "fit",
            aliases: &[],
            kind: ParamKind::OneOf { words: &["cover", "fill"], synonyms: &[("crop", "cover")] },
            default: Some("fill"),
            doc: "x",
        },
        Param {
            key: "format",
            aliases: &["f"],
            kind: ParamKind::Negotiated {
                words: &["jpeg", "webp", "avif"],
                synonyms: &[("jpg", "jpeg")],
                auto: &[("image/avif", "auto-avif"), ("image/webp", "webp")],
            },
            default: None,
            doc: "x",
        },
        Param {
            key: "dpr",
            aliases: &[],
            kind: ParamKind::Decimal { min: 1.0, max: 5.0, unit: "" },
            default: Some("1"),
            doc: "x",
        },
        Param {
            key: "rotate",
            aliases: &[],
            kind: ParamKind::Angle { step: 90 },
            default: Some("0"),
            doc: "x",
        },
        Param {
            key: "exposure",
            aliases: &[],
            kind: ParamKind::Decimal { min: -5.0, max: 5.0, unit: "" },
            default: Some("0"),
            doc: "x",
        },
        Param { key: "background", aliases: &["bg"], kind: ParamKind::Colour, default: None, doc: "x" },
        Param {
            key: "level",
            aliases: &[],
            kind: ParamKind::IntegerOr { min: 1, max: 9, words: &["auto"] },
            default: None,
            doc: "x",
        },
        Param { key: "list", aliases: &[], kind: ParamKind::FlagOr(&["all"]), default: None, doc: "x" },
    ];

    fn check(raw: &str, expected: Result<&str, &str>) {
        let found = Query::parse(raw, "image/webp,*/*;q=0.8", PARAMS).map(|query| query.to_string());
        match expected {
            Ok(canonical) => assert_eq!(found.unwrap(), canonical, "{raw}"),
            Err(message) => assert_eq!(found.unwrap_err().message, message, "{raw}"),
        }
    }

    #[test]
    fn queries_have_one_canonical_form() {
        check("", Ok(""));
        check("showExif=true", Ok("showExif=true"));
        check("showExif=TrUe&utm_source=x", Ok("showExif=true"));
        for value in ["true", "1", "yes", "YES", "on"] {
            check(&format!("showExif={value}"), Ok("showExif=true"));
        }
        for value in ["", "false", "0", "no", "2", "trues"] {
            check(&format!("showExif={value}"), Ok(""));
        }
        check("showExif", Ok(""));
        check("list=yes", Ok("list=true"));
        check("list=ALL", Ok("list=all"));
        check("list=some", Ok(""));
        check("fit=COVER&w=05", Ok("width=5&fit=cover"));
        check("width=5&w=5", Ok("width=5"));
        check("%77=5&%ff=1", Ok("width=5"));
        check("fit=fill&dpr=1.0", Ok(""));
        check("dpr=1.50004", Ok("dpr=1.5"));
        check("f=auto", Ok("format=webp"));
        check("f=JPEG", Ok("format=jpeg"));
        check("f=Jpg", Ok("format=jpeg"));
        check("f=Auto-AVIF", Ok("format=auto-avif"));
        check("f=best", Ok("format=best-webp"));
        check("f=Best-Avif", Ok("format=best-avif"));
        check("f=best-avif-webp", Ok("format=best-avif-webp"));
        check("fit=crop", Ok("fit=cover"));
        check("width=4.5", Ok("width=5"));
        check("width=4.49", Ok("width=4"));
        check("width=9.4", Ok("width=9"));
        check("rotate=0", Ok(""));
        check("rotate=-90", Ok("rotate=270"));
        check("rotate=450", Ok("rotate=90"));
        check("rotate=-720", Ok(""));
        check("rotate=-0", Ok(""));
        check("rotate=180.0", Ok("rotate=180"));
        check("exposure=-1.50", Ok("exposure=-1.5"));
        check("exposure=-0.0", Ok(""));
        check("level=AUTO", Ok("level=auto"));
        check("level=4.6", Ok("level=5"));
        check("bg=%23F80", Ok("background=ff8800"));
        check("bg=Red", Ok("background=ff0000"));
    }

    #[test]
    fn a_key_without_a_value_is_absent() {
        check("width=&fit=&f=&dpr=&rotate=&bg=", Ok(""));
        check("width", Ok(""));
        check("width=&w=5", Ok("width=5"));
    }

    #[test]
    fn an_invalid_value_is_reported_with_the_expected_form() {
        check("w=0", Err("width: expected an integer from 1 to 9, got \"0\""));
        check("width=-1", Err("width: expected an integer from 1 to 9, got \"-1\""));
        check("width=%2B1", Err("width: expected an integer from 1 to 9, got \"+1\""));
        check("dpr=1e0", Err("dpr: expected a number from 1 to 5, got \"1e0\""));
        check("dpr=NaN", Err("dpr: expected a number from 1 to 5, got \"NaN\""));
        check("w=9.5", Err("width: expected an integer from 1 to 9, got \"9.5\""));
        check("w=0.4", Err("width: expected an integer from 1 to 9, got \"0.4\""));
        check("w=.", Err("width: expected an integer from 1 to 9, got \".\""));
        check("f=bmp", Err("format: expected one of auto, best, jpeg, webp, avif, got \"bmp\""));
        check(
            "f=best-webp-avif",
            Err("format: expected one of auto, best, jpeg, webp, avif, got \"best-webp-avif\""),
        );
        check("level=high", Err("level: expected an integer from 1 to 9, or auto, got \"high\""));
        check("rotate=45", Err("rotate: expected a multiple of 90 degrees, got \"45\""));
        check("rotate=--90", Err("rotate: expected a multiple of 90 degrees, got \"--90\""));
        check("rotate=1e99", Err("rotate: expected a multiple of 90 degrees, got \"1e99\""));
        check("exposure=--1", Err("exposure: expected a number from -5 to 5, got \"--1\""));
        check(
            "bg=reddish",
            Err("background: expected a colour such as red, ff8800 or ff880080, got \"reddish\""),
        );
        check("fit=x", Err("fit: expected one of cover, fill, got \"x\""));
        check("w=5&width=6", Err("width: expected one value, got \"5\" and \"6\""));
        let long = format!("width: expected an integer from 1 to 9, got \"{}…\"", "ä".repeat(60));
        check(&format!("width={}", "ä".repeat(10_000)), Err(&long));
    }
}
