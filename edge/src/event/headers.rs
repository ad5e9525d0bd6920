//! Headers, keyed by lower-case name.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, fmt};

/// Headers of a request or a response, keyed by lower-case name.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, Vec<Header>>")]
pub struct Headers(BTreeMap<String, Vec<Header>>);

/// One value of a header.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The name with its letter case on the wire. Defaults to CloudFront's choice: `In-This-Way`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value.
    pub value: String,
    /// Every other field.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A header whose map key is not its lower-case name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid header key `{name}`: expected the header's name in lower case")]
pub struct HeaderKeyError {
    /// The invalid key.
    pub name: String,
}

impl Headers {
    /// Returns the values of the header `name`, in order.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.entries(name).iter().map(|header| header.value.as_str())
    }

    /// Whether there is a header `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Sets the header `name` to one value.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.set_all(name, [value]);
    }

    /// Sets the header `name` to `values`, or removes it if `values` is empty.
    pub fn set_all(&mut self, name: &str, values: impl IntoIterator<Item = impl Into<String>>) {
        let header = |value: String| Header { key: None, value, other: Map::new() };
        let headers: Vec<_> = values.into_iter().map(|value| header(value.into())).collect();
        let name = name.to_ascii_lowercase();
        if headers.is_empty() {
            self.0.remove(&name);
        } else {
            self.0.insert(name, headers);
        }
    }

    /// Retains the headers for whose names `keep` returns true.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|name, _| keep(name));
    }

    /// Returns every name with its values, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Header])> {
        self.0.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    pub(super) fn entries(&self, name: &str) -> &[Header] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

impl TryFrom<BTreeMap<String, Vec<Header>>> for Headers {
    type Error = HeaderKeyError;

    /// Rejects keys with capitals and keys that differ from the header's own name. A look-up by name would miss
    /// these headers, while CloudFront would still send them.
    fn try_from(headers: BTreeMap<String, Vec<Header>>) -> Result<Self, HeaderKeyError> {
        let is_mismatch = |name: &str, values: &[Header]| {
            let keys = values.iter().filter_map(|header| header.key.as_deref());
            name.bytes().any(|byte| byte.is_ascii_uppercase())
                || keys.into_iter().any(|key| !key.eq_ignore_ascii_case(name))
        };
        match headers.iter().find(|(name, values)| is_mismatch(name, values)) {
            Some((name, _)) => Err(HeaderKeyError { name: name.clone() }),
            None => Ok(Self(headers)),
        }
    }
}

/// Formats the names only, because values are often secrets.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Formats the name only, because values are often secrets.
impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header").field("key", &self.key).finish_non_exhaustive()
    }
}
