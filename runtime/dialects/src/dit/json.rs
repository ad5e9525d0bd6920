//! Requests of version 7 as JSON.

use super::{Asked, invalid, key_of};
use crate::refusal::Refusal;
use serde_json::{Map, Value};

/// Returns the request that an object describes.
///
/// # Errors
/// [`Refusal`].
pub(super) fn asked(mut members: Map<String, Value>) -> Result<Asked, Refusal> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let edits = match members.remove("edits") {
        Some(Value::Object(edits)) => edits,
        None | Some(Value::Null | Value::Array(_)) => Map::new(),
        Some(other) => return Err(invalid(format!("edits: expected an object, got {other}"))),
    };
    Ok(Asked {
        bucket: text(members.get("bucket")),
        // A key that begins with a slash has an empty folder.
        key: key_of(
            members
                .get("key")
                .and_then(Value::as_str)
                .filter(|key| !key.starts_with('/'))
                .unwrap_or_default(),
        )?,
        edits,
        output: text(members.get("outputFormat")),
    })
}
