//! Lists of objects, as the function returns them.

use super::status;
use crate::{body::Body, xml};
use http::Response;
use serde_json::Value;

/// Returns the response for a returned `value`: its XML document unchanged, or its JSON list as XML. `None`
/// if the value is invalid, for example because it has both.
pub(super) fn response(value: &Value) -> Option<Response<Body>> {
    let status = status(value)?;
    if let Some(code) = value["errorCode"].as_str() {
        return Some(xml::error(status, code, value["errorMessage"].as_str().unwrap_or_default()));
    }
    match (value["listResultXml"].as_str(), &value["listBucketResult"]) {
        (Some(document), Value::Null) => Some(xml::document(status, document.to_owned())),
        (None, list @ Value::Object(_)) => Some(xml::document(status, xml::list(list))),
        _ => None,
    }
}
