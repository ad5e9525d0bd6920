//! Reads settings from JSON. Errors name the path of the invalid key.

use safelight_core::nearest::{alternatives, nearest};
use serde::de::DeserializeOwned;

/// An invalid setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct ConfigError {
    /// Path of the key, such as `issuers[0].cognito.userPoolId`; `.` is the whole document.
    pub key: String,
    /// The problem: the expected value and the actual one.
    pub message: String,
}

impl ConfigError {
    /// Creates the error "`key` must be `expected`, not `found`".
    pub fn new(key: impl Into<String>, expected: &str, found: impl std::fmt::Debug) -> Self {
        Self { key: key.into(), message: format!("must be {expected}, not {found:?}") }
    }

    /// Prefixes the path with `outer`, the key that contains these settings.
    #[must_use]
    pub fn within(self, outer: &str) -> Self {
        let key = if self.key == "." { outer.to_owned() } else { format!("{outer}.{}", self.key) };
        Self { key, ..self }
    }
}

/// Reads settings from JSON.
///
/// # Errors
/// [`ConfigError`] for text that is not JSON, for missing or unknown keys, and for values of the wrong type.
/// The constructors that take the settings check their values.
pub fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, ConfigError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let settings = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| ConfigError { key: error.path().to_string(), message: message(error.inner()) })?;
    let trailing = |error: serde_json::Error| ConfigError { key: ".".to_owned(), message: error.to_string() };
    reader.end().map_err(trailing)?;
    Ok(settings)
}

/// Returns the text of `error`, with the nearest names in place of all for a mistyped one.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    suggestion(&text).unwrap_or(text)
}

/// Returns the message for an unknown name that resembles a known one. serde has the names in its text alone.
fn suggestion(text: &str) -> Option<String> {
    let (kind, found) = text.split_once(" `").filter(|(kind, _)| kind.starts_with("unknown "))?;
    let (found, known) = found.rsplit_once("`, expected ")?;
    // Every second part is between quotes.
    let nearest = nearest(found, known.split('`').skip(1).step_by(2));
    (!nearest.is_empty()).then(|| format!("{kind} `{found}`: did you mean {}?", alternatives(&nearest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistyped_names_have_a_suggestion() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(suggestion(text).as_deref(), expected, "{text}");
        };
        check(
            "unknown field `key`, expected one of `keys`, `values`, `formats` at line 1 column 6",
            Some("unknown field `key`: did you mean keys?"),
        );
        check(
            "unknown field `tokens`, expected `token` or `tokenFrom`",
            Some("unknown field `tokens`: did you mean token?"),
        );
        check("unknown variant `non`, expected `none`", Some("unknown variant `non`: did you mean none?"));
        check("unknown field `pineapple`, expected one of `keys`, `values`, `formats`", None);
        check("unknown field `a`, there are no fields", None);
        check("invalid type: integer `5`, expected a string", None);
        check("missing field `mode`", None);
    }
}
