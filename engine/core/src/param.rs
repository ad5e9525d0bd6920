//! Declared query parameters, and the canonical spelling of their values.

use crate::{Colour, Error, Result};
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
    /// `true`, `1`, `yes` or `on` in any letter case; any other value is equivalent to omitting the key.
    Flag,
    /// As [`ParamKind::Flag`], or one of these words in any letter case.
    FlagOr(&'static [&'static str]),
    /// An integer from `min` to `max`, inclusive. Fractions are rounded, halves up.
    Integer {
        /// Minimum.
        min: u32,
        /// Maximum.
        max: u32,
        /// Unit for documentation, such as `px`; empty without a unit.
        unit: &'static str,
    },
    /// As [`ParamKind::Integer`], or one of these words in any letter case.
    IntegerOr {
        /// Minimum.
        min: u32,
        /// Maximum.
        max: u32,
        /// The words, each of which is its own canonical value.
        words: &'static [&'static str],
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
    /// A clockwise angle in degrees: a multiple of `step`. Its canonical value is from 0 to 359; others and negative
    /// ones are turned by whole turns.
    Angle {
        /// The smallest angle above 0, a divisor of 360.
        step: u32,
    },
    /// A colour in a notation of CSS. Its canonical value is that of [`Colour`].
    Colour,
    /// One of `words` in any letter case.
    OneOf {
        /// The words, each of which is its own canonical value.
        words: &'static [&'static str],
        /// Other words, and the words of the same meaning.
        synonyms: &'static [(&'static str, &'static str)],
    },
    /// One of `words` in any letter case, or `auto`: the entry of `auto` whose MIME type the request's `Accept` header
    /// prefers. If the header names no type of `auto`, or prefers that of another format of `words`, the value stays
    /// `auto`. Or `best`, whose canonical value names every type of `auto` that the header accepts and to which it prefers
    /// no other format, as in `best-avif-webp`.
    Negotiated {
        /// Words of formats that a request can give.
        words: &'static [&'static str],
        /// Other words, and the words of the same meaning.
        synonyms: &'static [(&'static str, &'static str)],
        /// MIME types and words, best first. The words need not be among `words`: caches pass them on, and people need
        /// not know them.
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

impl Param {
    /// Returns whether `key` is the key of this parameter or an alias.
    pub fn is_named(&self, key: &str) -> bool {
        key == self.key || self.aliases.contains(&key)
    }

    /// Returns the canonical spelling of `value`, or `None` if it is equivalent to omitting the key.
    ///
    /// # Errors
    /// [`crate::Kind::InvalidParam`].
    pub(crate) fn canonical(&self, value: &str) -> Result<Option<String>> {
        let canonical = match self.kind {
            // Any other value is equivalent to omitting the key.
            ParamKind::Flag => return Ok(is_true(value).then(|| TRUE.to_owned())),
            ParamKind::FlagOr(words) => {
                let word = word(value, words, &[]).or(is_true(value).then_some(TRUE));
                return Ok(word.map(str::to_owned));
            }
            ParamKind::Integer { min, max, .. } => integer(value, min, max),
            ParamKind::IntegerOr { min, max, words } => {
                word(value, words, &[]).map(str::to_owned).or_else(|| integer(value, min, max))
            }
            ParamKind::Decimal { min, max, .. } => {
                let number = if min < 0.0 { signed_decimal(value) } else { plain_decimal(value) };
                // Zero has no sign: adding it makes it positive.
                let number = number.map(|number| (number * 1000.0).round() / 1000.0 + 0.0);
                number.filter(|number| (min..=max).contains(number)).map(|number| number.to_string())
            }
            ParamKind::Angle { step } => angle(value, step).map(|angle| angle.to_string()),
            ParamKind::Colour => Colour::parse(value).map(|colour| colour.to_string()),
            ParamKind::Text { canonical, .. } => canonical(value),
            ParamKind::OneOf { words, synonyms } => word(value, words, synonyms).map(str::to_owned),
            ParamKind::Negotiated { words, synonyms, auto } => {
                let hidden =
                    || auto.iter().map(|(_, word)| *word).find(|word| word.eq_ignore_ascii_case(value));
                let word = word(value, words, synonyms).or_else(hidden).map(str::to_owned);
                word.or_else(|| best_words(auto).find(|word| word.eq_ignore_ascii_case(value)))
            }
        };
        let expected = || {
            let message = format_args!("expected {}, got {:?}", self.kind, shorten(value)).to_string();
            Error::param(self.key, message)
        };
        canonical.map(Some).ok_or_else(expected)
    }
}

/// Writes the form of a valid value, as in "expected {form}".
impl fmt::Display for ParamKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag | Self::FlagOr(_) => f.write_str(TRUE),
            Self::Integer { min, max, .. } => write!(f, "an integer from {min} to {max}"),
            Self::IntegerOr { min, max, words } => {
                write!(f, "an integer from {min} to {max}, or {}", words.join(", "))
            }
            Self::Decimal { min, max, .. } => write!(f, "a number from {min} to {max}"),
            Self::Angle { step: 1 } => f.write_str("a number of degrees"),
            Self::Angle { step } => write!(f, "a multiple of {step} degrees"),
            Self::Colour => f.write_str("a colour such as red, ff8800 or ff880080"),
            Self::OneOf { words, .. } => write!(f, "one of {}", words.join(", ")),
            Self::Negotiated { words, .. } => write!(f, "one of {AUTO}, {BEST}, {}", words.join(", ")),
            Self::Text { form, .. } => f.write_str(form),
        }
    }
}

/// The value of [`ParamKind::Negotiated`] that asks for negotiation.
pub const AUTO: &str = "auto";

/// The value of [`ParamKind::Negotiated`] that asks for the smallest of all accepted formats.
pub const BEST: &str = "best";

/// Returns the canonical values of [`BEST`]: one for each selection of the MIME types of `auto`, in their order.
pub fn best_words(auto: &[(&str, &str)]) -> impl Iterator<Item = String> {
    let subtypes: Vec<_> = auto.iter().map(|(mime, _)| subtype(mime).to_owned()).collect();
    (0..1_u32 << subtypes.len()).map(move |selection| {
        let selected = subtypes.iter().enumerate().filter(|(at, _)| selection >> at & 1 == 1);
        selected.fold(BEST.to_owned(), |word, (_, subtype)| format!("{word}-{subtype}"))
    })
}

/// Returns `avif` of `image/avif`.
pub(crate) fn subtype(mime: &str) -> &str {
    mime.rsplit('/').next().unwrap_or(mime)
}

/// The canonical value of a [`ParamKind::Flag`].
const TRUE: &str = "true";

fn is_true(value: &str) -> bool {
    [TRUE, "1", "yes", "on"].iter().any(|word| word.eq_ignore_ascii_case(value))
}

/// Returns the word that `value` or its synonym is.
fn word(
    value: &str,
    words: &'static [&'static str],
    synonyms: &'static [(&'static str, &'static str)],
) -> Option<&'static str> {
    let synonym =
        || synonyms.iter().find(|(synonym, _)| synonym.eq_ignore_ascii_case(value)).map(|(_, word)| *word);
    words.iter().copied().find(|word| word.eq_ignore_ascii_case(value)).or_else(synonym)
}

/// Returns the integer nearest to a number, if it is from `min` to `max`.
fn integer(value: &str, min: u32, max: u32) -> Option<String> {
    let number = plain_decimal(value).map(f64::round);
    let number = number.filter(|number| (f64::from(min)..=f64::from(max)).contains(number));
    number.map(|number| number.to_string())
}

/// Parses a number of digits and a point; `f64` alone would accept signs, exponents and words.
pub fn plain_decimal(value: &str) -> Option<f64> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    value.parse().ok().filter(|_| is_plain)
}

/// Parses a number as [`plain_decimal`] does, with or without a minus sign.
pub fn signed_decimal(value: &str) -> Option<f64> {
    match value.strip_prefix('-') {
        Some(digits) => plain_decimal(digits).map(|number| -number),
        None => plain_decimal(value),
    }
}

/// Parses a multiple of `step` degrees, and turns it to 0 to 359.
fn angle(value: &str, step: u32) -> Option<u32> {
    /// Above it, whole numbers of `f64` are not exact.
    const MAX_DEGREES: f64 = 1e9;
    let degrees = signed_decimal(value).filter(|degrees| degrees.abs() <= MAX_DEGREES)?.round();
    let degrees = degrees.rem_euclid(360.0) as u32;
    degrees.is_multiple_of(step).then_some(degrees)
}

/// Returns `value`, cut to a length that suits an error message.
pub(crate) fn shorten(value: &str) -> Cow<'_, str> {
    const MAX_CHARS: usize = 60;
    match value.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &value[..end]).into(),
        None => value.into(),
    }
}
