//! Settings of the rules.

use serde::Deserialize;
use std::collections::BTreeMap;

/// Named queries.
pub type Presets = BTreeMap<String, String>;

/// The rungs of parameters, such as `width = [320, 640, 960]`: a value becomes the next rung, and one above the last
/// becomes the last.
pub type Ladders = BTreeMap<String, Vec<u32>>;

/// What viewers may ask for. Presets may contain more.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Allow {
    /// Parameters by their long names. Defaults to all.
    pub keys: Option<Vec<String>>,
    /// Values of some parameters, such as `dpr = [1, 2]`. Defaults to none: every valid value is allowed.
    pub values: BTreeMap<String, Vec<Scalar>>,
    /// Formats that `format` may name, and of which `auto` chooses. Without `format`, a response has the format of the
    /// source. Defaults to all.
    pub formats: Option<Vec<String>>,
}

/// A value of a parameter: text, a number, or whether a flag is set.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Scalar {
    /// Whether a flag is set.
    Flag(bool),
    /// A whole number.
    Integer(u32),
    /// Any other number.
    Number(f64),
    /// Text.
    Text(String),
}

impl Scalar {
    /// Returns the value as in a query.
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Flag(flag) => flag.to_string(),
            Self::Integer(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}
