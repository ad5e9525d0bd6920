//! Reads settings from JSON. Errors name the path of the invalid key.

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
        .map_err(|error| ConfigError { key: error.path().to_string(), message: error.inner().to_string() })?;
    let trailing = |error: serde_json::Error| ConfigError { key: ".".to_owned(), message: error.to_string() };
    reader.end().map_err(trailing)?;
    Ok(settings)
}
