//! Reading settings: what is wrong is said with the path of the key that holds it.

use serde::de::DeserializeOwned;

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct ConfigError {
    /// Path of the key, such as `issuers[0].cognito.userPoolId`; `.` is the whole document.
    pub key: String,
    /// What was wrong, with which value, and what would be right.
    pub message: String,
}

impl ConfigError {
    /// `key` must be `right`, and is `found`.
    pub fn new(key: impl Into<String>, right: &str, found: impl std::fmt::Debug) -> Self {
        Self { key: key.into(), message: format!("must be {right}, not {found:?}") }
    }

    /// The same of settings that stand under the key `outer` of others.
    #[must_use]
    pub fn within(self, outer: &str) -> Self {
        let key = if self.key == "." { outer.to_owned() } else { format!("{outer}.{}", self.key) };
        Self { key, ..self }
    }
}

/// Reads settings from JSON.
///
/// # Errors
/// [`ConfigError`] for text that is not JSON, and for missing, unknown and mistyped keys. Values are checked
/// by those who use them.
pub fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, ConfigError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let settings = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| ConfigError { key: error.path().to_string(), message: error.inner().to_string() })?;
    let whole = |error: serde_json::Error| ConfigError { key: ".".to_owned(), message: error.to_string() };
    reader.end().map_err(whole)?;
    Ok(settings)
}
