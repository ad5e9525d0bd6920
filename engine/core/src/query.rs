//! The query string, validated against the declared parameters and brought into canonical form.

use crate::{Error, Result};
use std::{borrow::Cow, fmt};

/// A declared query parameter, from which validation, help, `params.json` and the CDN's allow-list are
/// generated.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Canonical key, camelCase.
    pub key: &'static str,
    /// Alternative keys with the same meaning.
    pub aliases: &'static [&'static str],
    /// Type and range of the value.
    pub kind: ParamKind,
    /// The value that is equivalent to omitting the key. Defaults to `None`, which means that every value
    /// differs from omission.
    pub default: Option<&'static str>,
    /// One-line description without a final dot.
    pub doc: &'static str,
}

/// Type and range of a parameter's value.
#[derive(Clone, Copy, Debug)]
pub enum ParamKind {
    /// `true` in any letter case; any other value is equivalent to omitting the key.
    Flag,
    /// An integer from `min` to `max`, inclusive.
    Integer {
        /// Minimum.
        min: u32,
        /// Maximum.
        max: u32,
        /// Unit for documentation, such as `px`; empty without a unit.
        unit: &'static str,
    },
    /// A number from `min` to `max`, inclusive, rounded to three decimals.
    Decimal {
        /// Minimum.
        min: f64,
        /// Maximum.
        max: f64,
        /// Unit for documentation, such as `px`; empty without a unit.
        unit: &'static str,
    },
    /// One of these words in any letter case.
    OneOf(&'static [&'static str]),
    /// One of `words` in any letter case, or `auto`: the first entry of `auto` whose MIME type the request's
    /// `Accept` header names. If it names none, `auto` is equivalent to omitting the key.
    Negotiated {
        /// Words that a request can give.
        words: &'static [&'static str],
        /// MIME types and words, best first.
        auto: &'static [(&'static str, &'static str)],
    },
    /// Text that the transform validates and brings into canonical spelling.
    Text {
        /// Description of the expected form, for error messages: "expected {form}".
        form: &'static str,
        /// A valid value.
        example: &'static str,
        /// Returns the canonical spelling of a value, or `None` if it is invalid.
        canonical: fn(&str) -> Option<String>,
    },
}

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
    /// Unknown keys are ignored, because trackers add them.
    ///
    /// # Errors
    /// [`crate::Kind::InvalidParam`] if a known key has an invalid value, or two different values.
    pub fn parse(raw: &str, accept: &str, params: impl IntoIterator<Item = &'static Param>) -> Result<Self> {
        let pairs: Vec<_> = form_urlencoded::parse(raw.as_bytes()).collect();
        let mut query = Self::default();
        for param in params {
            let is_own = |key: &str| key == param.key || param.aliases.contains(&key);
            let mut values = pairs.iter().filter(|(key, _)| is_own(key)).map(|(_, value)| value);
            let Some(value) = values.next() else { continue };
            if let Some(other) = values.find(|other| *other != value) {
                let (value, other) = (shown(value), shown(other));
                let message = format!("expected one value, got {value:?} and {other:?}");
                return Err(Error::param(param.key, message));
            }
            let is_auto = value.eq_ignore_ascii_case("auto");
            let value = match param.kind {
                ParamKind::Negotiated { auto, .. } if is_auto => {
                    query.is_negotiated = true;
                    auto.iter().find(|(mime, _)| accepts(accept, mime)).map(|(_, word)| (*word).to_owned())
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

    /// Returns the canonical value of `key`, if present.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_str())
    }

    /// Returns whether the [`ParamKind::Flag`] `key` is set.
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

/// Returns `value`, cut to a length that suits an error message.
fn shown(value: &str) -> Cow<'_, str> {
    const MAX_CHARS: usize = 60;
    match value.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &value[..end]).into(),
        None => value.into(),
    }
}

impl Param {
    /// Returns the canonical spelling of `value`, or `None` if it is equivalent to omitting the key.
    fn canonical(&self, value: &str) -> Result<Option<String>> {
        let expected =
            |form: String| Error::param(self.key, format_args!("expected {form}, got {:?}", shown(value)));
        match self.kind {
            ParamKind::Flag => Ok(value.eq_ignore_ascii_case("true").then(|| "true".to_owned())),
            ParamKind::Integer { min, max, .. } => match integer(value) {
                Some(number) if (min..=max).contains(&number) => Ok(Some(number.to_string())),
                _ => Err(expected(format!("an integer from {min} to {max}"))),
            },
            ParamKind::Decimal { min, max, .. } => match decimal(value) {
                Some(number) if (min..=max).contains(&number) => Ok(Some(number.to_string())),
                _ => Err(expected(format!("a number from {min} to {max}"))),
            },
            ParamKind::Text { form, canonical, .. } => {
                canonical(value).map(Some).ok_or_else(|| expected(form.to_owned()))
            }
            ParamKind::OneOf(words) | ParamKind::Negotiated { words, .. } => {
                match words.iter().find(|word| word.eq_ignore_ascii_case(value)) {
                    Some(word) => Ok(Some((*word).to_owned())),
                    None => Err(expected(format!("one of {}", words.join(", ")))),
                }
            }
        }
    }
}

/// Parses an integer of digits only; `u32` alone would accept a plus sign.
fn integer(value: &str) -> Option<u32> {
    value.parse().ok().filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Parses a decimal number of digits and a point, and rounds it to three decimals.
fn decimal(value: &str) -> Option<f64> {
    let is_plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = value.parse().ok().filter(|_| is_plain)?;
    Some((number * 1000.0).round() / 1000.0)
}

/// Returns whether the header `accept` names the MIME type `mime` with a weight above 0 (RFC 9110 section
/// 12.5.1). Wildcards do not count, because clients send them regardless of the formats that they support.
fn accepts(accept: &str, mime: &str) -> bool {
    accept.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(mime));
        let is_excluded = |part: &str| {
            let weight = part.split_once('=').filter(|(key, _)| key.trim().eq_ignore_ascii_case("q"));
            weight.is_some_and(|(_, weight)| weight.trim().parse() == Ok(0.0))
        };
        is_named && !parts.any(is_excluded)
    })
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
            kind: ParamKind::OneOf(&["cover", "fill"]),
            default: Some("fill"),
            doc: "x",
        },
        Param {
            key: "format",
            aliases: &["f"],
            kind: ParamKind::Negotiated {
                words: &["jpeg", "webp", "avif"],
                auto: &[("image/avif", "avif"), ("image/webp", "webp")],
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
        check("showExif=1", Ok(""));
        check("showExif", Ok(""));
        check("fit=COVER&w=05", Ok("width=5&fit=cover"));
        check("width=5&w=5", Ok("width=5"));
        check("%77=5&%ff=1", Ok("width=5"));
        check("fit=fill&dpr=1.0", Ok(""));
        check("dpr=1.50004", Ok("dpr=1.5"));
        check("f=auto", Ok("format=webp"));
        check("f=JPEG", Ok("format=jpeg"));
    }

    #[test]
    fn an_invalid_value_is_reported_with_the_expected_form() {
        check("w=0", Err("width: expected an integer from 1 to 9, got \"0\""));
        check("width=-1", Err("width: expected an integer from 1 to 9, got \"-1\""));
        check("width=%2B1", Err("width: expected an integer from 1 to 9, got \"+1\""));
        check("dpr=1e0", Err("dpr: expected a number from 1 to 5, got \"1e0\""));
        check("dpr=NaN", Err("dpr: expected a number from 1 to 5, got \"NaN\""));
        check("f=bmp", Err("format: expected one of jpeg, webp, avif, got \"bmp\""));
        check("fit=x", Err("fit: expected one of cover, fill, got \"x\""));
        check("w=5&width=6", Err("width: expected one value, got \"5\" and \"6\""));
        let long = format!("width: expected an integer from 1 to 9, got \"{}…\"", "ä".repeat(60));
        check(&format!("width={}", "ä".repeat(10_000)), Err(&long));
    }

    #[test]
    fn only_named_types_are_accepted() {
        let check = |accept, expected| assert_eq!(accepts(accept, "image/avif"), expected, "{accept}");
        check("image/avif", true);
        check("image/webp, IMAGE/AVIF;q=0.5", true);
        check("*/*", false);
        check("image/*", false);
        check("image/avif;q=0", false);
        check("image/avif;level=1;q=0.000", false);
        check("", false);
    }
}
