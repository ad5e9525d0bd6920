//! Headers by their names in lower case.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, fmt};

/// Headers of a request or a response. Names are given, and kept, in lower case.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, Vec<Header>>")]
pub struct Headers(BTreeMap<String, Vec<Header>>);

/// One value of a header.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The name as it is written on the wire; without it CloudFront writes it `In-This-Way`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value.
    pub value: String,
    /// Every other field.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A header stands under a name that is not its own in lower case.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("headers stand under their names in lower case, and `{name}` is not")]
pub struct KeyedByOther {
    /// The name.
    pub name: String,
}

impl Headers {
    /// The values of the header `name`, in their order.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.entries(name).iter().map(|header| header.value.as_str())
    }

    /// Whether there is a header `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Makes `value` the only value of the header `name`.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.set_all(name, [value]);
    }

    /// Makes `values` the values of the header `name`; without any, there is no such header.
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

    /// Keeps the headers whose names `keep` says yes to.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|name, _| keep(name));
    }

    /// Every name, with its values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Header])> {
        self.0.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    pub(super) fn entries(&self, name: &str) -> &[Header] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

impl TryFrom<BTreeMap<String, Vec<Header>>> for Headers {
    type Error = KeyedByOther;

    /// A name with capitals would be missed by whoever looks for it, and not by who reads the request next.
    fn try_from(headers: BTreeMap<String, Vec<Header>>) -> Result<Self, KeyedByOther> {
        let is_other = |name: &str, values: &[Header]| {
            let keys = values.iter().filter_map(|header| header.key.as_deref());
            name.bytes().any(|byte| byte.is_ascii_uppercase())
                || keys.into_iter().any(|key| !key.eq_ignore_ascii_case(name))
        };
        match headers.iter().find(|(name, values)| is_other(name, values)) {
            Some((name, _)) => Err(KeyedByOther { name: name.clone() }),
            None => Ok(Self(headers)),
        }
    }
}

/// Says the names only: values are often secrets.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Says the name only: values are often secrets.
impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header").field("key", &self.key).finish_non_exhaustive()
    }
}
