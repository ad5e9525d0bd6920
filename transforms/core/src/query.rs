//! The query string, checked against the declared parameters and brought into canonical form.

use crate::{Error, Result};
use std::{borrow::Cow, fmt};

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
    /// The value that means as if the key were absent.
    pub default: Option<&'static str>,
    /// One line for humans, without a final dot.
    pub doc: &'static str,
}

/// What a value may be.
#[derive(Clone, Copy, Debug)]
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
    /// A number from `min` to `max`, both included, with up to three decimals.
    Decimal {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
        /// Unit for humans, empty if there is none.
        unit: &'static str,
    },
    /// One of these words, in any letter case.
    OneOf(&'static [&'static str]),
    /// A word of [`ParamKind::OneOf`], or `auto`: the first of these words whose MIME type the request's
    /// `Accept` header names, or as if the key were absent.
    Negotiated {
        /// Words that can be asked for.
        words: &'static [&'static str],
        /// MIME type and word, the best first.
        auto: &'static [(&'static str, &'static str)],
    },
    /// Text of a form that the transform checks and brings into canonical spelling.
    Text {
        /// The form for humans.
        form: &'static str,
        /// A value of this form.
        example: &'static str,
        /// The canonical spelling of a value, `None` if it is not of this form.
        canonical: fn(&str) -> Option<String>,
    },
}

/// The known, checked key-value pairs of a request, in declaration order, in canonical spelling.
///
/// Its `Display` is the canonical query string: equal requests have equal ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    pairs: Vec<(&'static str, String)>,
    /// Whether the request's `Accept` header had a say: caches must keep answers apart by it.
    pub is_negotiated: bool,
}

impl Query {
    /// Parses `raw` (`a=1&b=2`, percent-encoded, without the question mark) against `params`.
    ///
    /// Unknown keys are left out: trackers add them, and they mean nothing here.
    ///
    /// # Errors
    /// [`crate::Kind::InvalidParam`] if a known key has a value outside its kind, or two different values.
    pub fn parse(raw: &str, accept: &str, params: impl IntoIterator<Item = &'static Param>) -> Result<Self> {
        let pairs: Vec<_> = form_urlencoded::parse(raw.as_bytes()).collect();
        let mut query = Self::default();
        for param in params {
            let is_own = |key: &str| key == param.key || param.aliases.contains(&key);
            let mut values = pairs.iter().filter(|(key, _)| is_own(key)).map(|(_, value)| value);
            let Some(value) = values.next() else { continue };
            if let Some(other) = values.find(|other| *other != value) {
                let (value, other) = (shown(value), shown(other));
                let message = format!("was given twice, as {value:?} and {other:?}; give it once");
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

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The query that asks for nothing, with as much of a say for the `Accept` header.
    #[must_use]
    pub(crate) fn cleared(self) -> Self {
        Self { pairs: Vec::new(), ..self }
    }

    /// The canonical value of `key`, if it was given.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_str())
    }

    /// Whether the [`ParamKind::Flag`] `key` was asked for.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The value of the [`ParamKind::Integer`] `key`, if it was given.
    pub fn integer(&self, key: &str) -> Option<u32> {
        self.get(key).and_then(|value| value.parse().ok())
    }

    /// The value of the [`ParamKind::Decimal`] `key`, if it was given.
    pub fn decimal(&self, key: &str) -> Option<f64> {
        self.get(key).and_then(|value| value.parse().ok())
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.pairs).finish())
    }
}

/// As much of `value` as helps whoever sent it.
fn shown(value: &str) -> Cow<'_, str> {
    const MOST_CHARS: usize = 60;
    match value.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => format!("{}…", &value[..end]).into(),
        None => value.into(),
    }
}

impl Param {
    /// The canonical spelling of `value`, `None` where it asks for nothing.
    fn canonical(&self, value: &str) -> Result<Option<String>> {
        let wrong =
            |right: String| Error::param(self.key, format_args!("must be {right}, not {:?}", shown(value)));
        match self.kind {
            ParamKind::Flag => Ok(value.eq_ignore_ascii_case("true").then(|| "true".to_owned())),
            ParamKind::Integer { min, max, unit } => match integer(value) {
                Some(number) if (min..=max).contains(&number) => Ok(Some(number.to_string())),
                _ => Err(wrong(format!("a whole number from {min} to {max} {unit}").trim_end().to_owned())),
            },
            ParamKind::Decimal { min, max, unit } => match decimal(value) {
                Some(number) if (min..=max).contains(&number) => Ok(Some(number.to_string())),
                _ => Err(wrong(format!("a number from {min} to {max} {unit}").trim_end().to_owned())),
            },
            ParamKind::Text { form, canonical, .. } => {
                canonical(value).map(Some).ok_or_else(|| wrong(form.to_owned()))
            }
            ParamKind::OneOf(words) | ParamKind::Negotiated { words, .. } => {
                match words.iter().find(|word| word.eq_ignore_ascii_case(value)) {
                    Some(word) => Ok(Some((*word).to_owned())),
                    None => Err(wrong(format!("one of {}", words.join(", ")))),
                }
            }
        }
    }
}

/// A plain whole number: `u32` would take a plus sign too.
fn integer(value: &str) -> Option<u32> {
    value.parse().ok().filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A plain decimal number, to three decimals.
fn decimal(value: &str) -> Option<f64> {
    let is_plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = value.parse().ok().filter(|_| is_plain)?;
    Some((number * 1000.0).round() / 1000.0)
}

/// Whether the header `accept` names the MIME type `mime` itself, and does not refuse it (RFC 9110
/// section 12.5.1). Wildcards do not count: everybody sends them, whatever they can show.
fn accepts(accept: &str, mime: &str) -> bool {
    accept.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(mime));
        let is_refused = |part: &str| {
            let weight = part.split_once('=').filter(|(key, _)| key.trim().eq_ignore_ascii_case("q"));
            weight.is_some_and(|(_, weight)| weight.trim().parse() == Ok(0.0))
        };
        is_named && !parts.any(is_refused)
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
        check("fit=fill&dpr=1.0", Ok(""));
        check("dpr=1.50004", Ok("dpr=1.5"));
        check("f=auto", Ok("format=webp"));
        check("f=JPEG", Ok("format=jpeg"));
    }

    #[test]
    fn a_wrong_value_says_what_would_be_right() {
        check("w=0", Err("width: must be a whole number from 1 to 9 px, not \"0\""));
        check("width=-1", Err("width: must be a whole number from 1 to 9 px, not \"-1\""));
        check("width=%2B1", Err("width: must be a whole number from 1 to 9 px, not \"+1\""));
        check("dpr=1e0", Err("dpr: must be a number from 1 to 5, not \"1e0\""));
        check("dpr=NaN", Err("dpr: must be a number from 1 to 5, not \"NaN\""));
        check("f=bmp", Err("format: must be one of jpeg, webp, avif, not \"bmp\""));
        check("fit=x", Err("fit: must be one of cover, fill, not \"x\""));
        check("w=5&width=6", Err("width: was given twice, as \"5\" and \"6\"; give it once"));
        let long = format!("width: must be a whole number from 1 to 9 px, not \"{}…\"", "ä".repeat(60));
        check(&format!("width={}", "ä".repeat(10_000)), Err(&long));
    }

    #[test]
    fn only_what_is_named_is_accepted() {
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
